// Products of matrices: C = op(A) op(B), and a bias that is added to each row;
// or a batch of them, of matrices that follow one another in memory.
//
//   MatMulPlan plan = PlanMatMul<float>(m, n, k, /*transpose_a=*/false,
//                                       /*transpose_b=*/true);
//   MINNOW_RETURN_IF_ERROR(MatMul(context, plan, a, b, bias, c));
//
// All matrices are dense, row by row. C is cut into blocks that depend on the
// sizes alone, and each sum over k is made by one thread: the result has the
// same bits for any number of threads.
//
// float32 is oneDNN's, but for a column by a row. The other types are computed
// by a loop of our own that adds up in the order of k, 16-bit ones in float32:
// these have the same bits on every instruction set, too.
#ifndef MINNOW_OPS_MATMUL_H_
#define MINNOW_OPS_MATMUL_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/buffer.h"
#include "minnow/graph/kernel.h"

namespace minnow {

struct MatMulPlan {
  // C is m x n, op(A) is m x k, op(B) is k x n.
  int64_t m, n, k;
  // A is kept as k x m; B is kept as n x k.
  bool transpose_a, transpose_b;
  int64_t batch;
  // Each C is computed in blocks of this size; the last ones may be smaller.
  int64_t block_m, block_n;
  // Blocks that are too small for a thread each are claimed together.
  int64_t blocks_per_claim;
  // Whether an update by C had better consume it by blocks, which then are
  // whole rows.
  bool consumable;
  // Elements from row to row of A and of B as oneDNN reads them: in a copy in
  // the workspace, where a stride of the array itself is bad for caches.
  int64_t stride_a, stride_b;
  bool copy_a, copy_b;
  // What MatMul needs as context.workspace.
  int64_t workspace_bytes;
  // B as it is computed with, if it was kept.
  std::shared_ptr<const Buffer> kept_b = nullptr;
};

// T is one of FloatTypes. The sizes may be zero.
template <typename T>
MatMulPlan PlanMatMul(int64_t m, int64_t n, int64_t k, bool transpose_a,
                      bool transpose_b, int64_t batch = 1);

// `bias` has n elements, or is null. C must not overlap the others. With
// context.consume, C is memory for blocks; these have to be whole rows.
template <typename T>
absl::Status MatMul(const RunContext& context, const MatMulPlan& plan,
                    const T* a, const T* b, const T* bias, T* c);

// The plan for a B that does not change: where MatMul copies it to another
// layout, that is done here, once.
template <typename T>
absl::StatusOr<MatMulPlan> KeepB(const RunContext& context, MatMulPlan plan,
                                 const T* b);

}  // namespace minnow

#endif  // MINNOW_OPS_MATMUL_H_
