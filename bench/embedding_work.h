// A training step of a model with a large table: 10,000,000 rows of 16 floats,
// of which a batch reads some, and a network 16-64-1 above. Another random
// batch in each step.
//
//   absl::StatusOr<EmbeddingStep> step =
//       EmbeddingStep::Create(/*deferred=*/false, /*batch=*/4096, 2);
//   for (...) MINNOW_RETURN_IF_ERROR(step->Run());
#ifndef MINNOW_BENCH_EMBEDDING_WORK_H_
#define MINNOW_BENCH_EMBEDDING_WORK_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/ndarray.h"
#include "minnow/executor/executor.h"

namespace minnow {

// Forward, backward and update, with momentum: of the table lazily or deferred.
class EmbeddingStep {
 public:
  static absl::StatusOr<EmbeddingStep> Create(bool deferred, int64_t batch,
                                              int threads);
  absl::Status Run();

 private:
  EmbeddingStep(Executor executor, std::vector<NDArray> ids)
      : executor_(std::move(executor)), ids_(std::move(ids)) {}

  Executor executor_;
  std::vector<NDArray> ids_;
  size_t next_ = 0;
};

}  // namespace minnow

#endif  // MINNOW_BENCH_EMBEDDING_WORK_H_
