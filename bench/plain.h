// The bounds that the machine sets: the same memory traffic, or the same
// products, as a work of bench/works.h, and nothing else.
//
//   absl::StatusOr<PlainSgdMom> plain = PlainSgdMom::Create(1 << 20, 2);
//   plain->Run();
#ifndef MINNOW_BENCH_PLAIN_H_
#define MINNOW_BENCH_PLAIN_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/ndarray.h"
#include "minnow/core/thread_pool.h"
#include "minnow/ops/matmul.h"

namespace minnow {

// A loop that reads w, g and m and writes w and m, one equal part a thread.
class PlainSgdMom {
 public:
  static absl::StatusOr<PlainSgdMom> Create(int64_t size, int threads);
  void Run();

 private:
  NDArray w_, g_, m_;
  std::unique_ptr<ThreadPool> threads_;
};

// The products of MlpStep: one a layer forward, and for each layer the
// gradients of its weight and, but for the first, of its input.
class PlainMlp {
 public:
  static absl::StatusOr<PlainMlp> Create(int64_t batch, int threads);
  absl::Status Run();

 private:
  struct Product {
    MatMulPlan plan;
    NDArray a, b, c;
  };
  std::vector<Product> products_;
  std::unique_ptr<ThreadPool> threads_;
};

}  // namespace minnow

#endif  // MINNOW_BENCH_PLAIN_H_
