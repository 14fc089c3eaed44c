// Works on the rows of a table of 1,000,000 x 64 floats, with another random
// set of rows in each step.
//
//   absl::StatusOr<CycledStep> step =
//       RowUpdateStep(RowUpdateMode::kLazy, /*rows=*/10000, 2);
//   for (...) MINNOW_RETURN_IF_ERROR(step->Run());
#ifndef MINNOW_BENCH_ROW_WORKS_H_
#define MINNOW_BENCH_ROW_WORKS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/ndarray.h"
#include "minnow/core/thread_pool.h"
#include "minnow/executor/executor.h"

namespace minnow {

enum class RowUpdateMode : uint8_t { kLazy, kStandard, kDeferred };

// Runs of a graph, each with the next one of some arrays as its input.
class CycledStep {
 public:
  // `arrays` is not empty.
  CycledStep(Executor executor, std::string input, std::vector<NDArray> arrays)
      : executor_(std::move(executor)),
        input_(std::move(input)),
        arrays_(std::move(arrays)) {}

  absl::Status Run();

 private:
  Executor executor_;
  std::string input_;
  std::vector<NDArray> arrays_;
  size_t next_ = 0;
};

// Writes to the memory of all variables, with what is there. The system gives
// zeros their memory when they are written first, which takes longer than an
// update, and which a long training meets once.
absl::Status WriteAllPages(const Executor& executor);

// An update of the table, with momentum, by a gradient of `rows` rows.
absl::StatusOr<CycledStep> RowUpdateStep(RowUpdateMode mode, int64_t rows,
                                         int threads);

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
