// Works on the rows of a table of 1,000,000 x 64 floats, with another random
// set of rows in each step.
//
//   absl::StatusOr<RowUpdateStep> step =
//       RowUpdateStep::Create(RowUpdateMode::kLazy, /*rows=*/10000, 2);
//   for (...) MINNOW_RETURN_IF_ERROR(step->Run());
#ifndef MINNOW_BENCH_ROW_WORKS_H_
#define MINNOW_BENCH_ROW_WORKS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/ndarray.h"
#include "minnow/core/thread_pool.h"
#include "minnow/executor/executor.h"

namespace minnow {

enum class RowUpdateMode : uint8_t { kLazy, kStandard, kDeferred };

// An update of the table, with momentum, by a gradient of `rows` rows.
class RowUpdateStep {
 public:
  static absl::StatusOr<RowUpdateStep> Create(RowUpdateMode mode, int64_t rows,
                                              int threads);
  absl::Status Run();

 private:
  RowUpdateStep(Executor executor, std::vector<NDArray> grads)
      : executor_(std::move(executor)), grads_(std::move(grads)) {}

  Executor executor_;
  std::vector<NDArray> grads_;
  size_t next_ = 0;
};

// A loop that reads and writes the rows of w and m, and reads those of g: one
// equal part a thread.
class PlainRowUpdate {
 public:
  static absl::StatusOr<PlainRowUpdate> Create(int64_t rows, int threads);
  void Run();

 private:
  NDArray w_, m_;
  std::vector<NDArray> grads_;
  size_t next_ = 0;
  std::unique_ptr<ThreadPool> threads_;
};

}  // namespace minnow

#endif  // MINNOW_BENCH_ROW_WORKS_H_
