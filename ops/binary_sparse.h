// Kernels of functions of two elements for sparse arrays, where f(0, 0) = 0.
//
//   // Both are row_sparse, or both csr.
//   SumKernels(BinaryKernels<Plus>(types))
//   // One of them may be dense.
//   ProductKernels(BinaryKernels<Times>(types))
//
// A sum is stored where one of the arrays is, a product where all sparse ones
// are. The elements that are stored are gathered, so that the dense kernel can
// compute with them; no loop is compiled for them.
#ifndef MINNOW_OPS_BINARY_SPARSE_H_
#define MINNOW_OPS_BINARY_SPARSE_H_

#include <vector>

#include "minnow/graph/kernel.h"

namespace minnow {

std::vector<Kernel> SumKernels(const std::vector<Kernel>& dense);

// Other storages fall back to dense altogether, as in MXNet.
std::vector<Kernel> ProductKernels(const std::vector<Kernel>& dense);

}  // namespace minnow

#endif  // MINNOW_OPS_BINARY_SPARSE_H_
