// A training step of a model with a large table: 10,000,000 rows of 16 floats,
// of which a batch reads some, and a network 16-64-1 above. Another random
// batch in each step.
//
//   absl::StatusOr<CycledStep> step =
//       EmbeddingStep(/*deferred=*/false, /*batch=*/4096, 2);
//   for (...) MINNOW_RETURN_IF_ERROR(step->Run());
#ifndef MINNOW_BENCH_EMBEDDING_WORK_H_
#define MINNOW_BENCH_EMBEDDING_WORK_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "minnow/bench/row_works.h"

namespace minnow {

// Forward, backward and update, with momentum: of the table lazily or deferred.
absl::StatusOr<CycledStep> EmbeddingStep(bool deferred, int64_t batch,
                                         int threads);

}  // namespace minnow

#endif  // MINNOW_BENCH_EMBEDDING_WORK_H_
