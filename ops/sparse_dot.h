// The kernels of dot, and of its gradients, where a factor or the result is
// sparse.
//
//   lhs, rhs                   out, as in MXNet
//   csr, dense or row_sparse   dense
//   csr transposed, the same   row_sparse: the columns of lhs that occur
//   dense, csr                 csr: the columns of rhs that occur
//
// The result is dense where another factor is transposed. `forward_stype` asks
// for another storage, of any factors: where no kernel has it, the dense
// product is made first. The gradient of rhs in dot(csr, rhs) is row_sparse,
// all others are dense: also those of a csr factor. Anything else is converted
// to dense by the plan.
#ifndef MINNOW_OPS_SPARSE_DOT_H_
#define MINNOW_OPS_SPARSE_DOT_H_

#include <vector>

#include "minnow/graph/kernel.h"
#include "minnow/ops/dot.h"

namespace minnow {

// op(lhs) is m x k, op(rhs) is k x n.
struct DotSizes {
  int64_t m, n, k;
};
DotSizes SizesOfDot(const DotAttrs& attrs, const Shape& lhs, const Shape& rhs);

std::vector<Kernel> SparseDotKernels();
// Of (head, rhs, lhs) and (head, lhs, rhs).
std::vector<Kernel> SparseDotLhsKernels();
std::vector<Kernel> SparseDotRhsKernels();

}  // namespace minnow

#endif  // MINNOW_OPS_SPARSE_DOT_H_
