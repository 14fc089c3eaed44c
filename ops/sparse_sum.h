// The kernels of sum for arrays that are sparse. The result is dense.
//
//   csr, of floats           any axes
//   row_sparse, of floats    all axes
//
// Other ones are converted to dense by the plan.
#ifndef MINNOW_OPS_SPARSE_SUM_H_
#define MINNOW_OPS_SPARSE_SUM_H_

#include <vector>

#include "minnow/graph/kernel.h"

namespace minnow {

std::vector<Kernel> SparseSumKernels();

}  // namespace minnow

#endif  // MINNOW_OPS_SPARSE_SUM_H_
