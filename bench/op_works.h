// The works of bench/op_works.json: one operator each, on random numbers.
//
//   absl::StatusOr<Executor> step = OpStep("exp", /*threads=*/2);
//   for (...) MINNOW_RETURN_IF_ERROR(step->Run());
//
// Each entry of the file has a name, an operator with attributes, its inputs
// (a shape, or an object with the shape and the bound `high` of the numbers,
// which are drawn from [0, high)), what to call in peers, where the inputs are
// a, b and c (a peer that has no such call is left out), and the bound of the
// machine, with its number of floats: "read" goes through the inputs; "memcpy"
// is the C library's, which does not read a line before it writes it, for
// operators that move elements; "loop" reads and writes, with the same stores
// as elementwise functions and as many bytes as inputs and output have
// together.
#ifndef MINNOW_BENCH_OP_WORKS_H_
#define MINNOW_BENCH_OP_WORKS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "minnow/core/ndarray.h"
#include "minnow/core/thread_pool.h"
#include "minnow/executor/executor.h"

namespace minnow {

absl::StatusOr<Executor> OpStep(const std::string& name, int threads);

// The bound of the machine for a work; one equal part a thread.
class PlainOp {
 public:
  // A plain work without a size if the entry has none.
  static absl::StatusOr<PlainOp> Create(const std::string& name, int threads);
  // Whether there is anything to measure.
  bool exists() const { return run_ != nullptr; }
  void Run();

 private:
  static void Copy(int64_t n, const float* from, float* to);
  static void Negate(int64_t n, const float* from, float* to);
  static void Read(int64_t n, const float* from, float* to);

  void (*run_)(int64_t n, const float* from, float* to) = nullptr;
  NDArray from_, to_;
  std::unique_ptr<ThreadPool> threads_;
};

}  // namespace minnow

#endif  // MINNOW_BENCH_OP_WORKS_H_
