// Kernels for sparse arrays of functions with f(0) = 0: what is not stored
// stays so, and the elementwise kernel runs on the values that are.
//
//   // For dense, row_sparse and csr data.
//   WithStoredValues({ElementwiseKernelOf<Sqrt<float>>()})
//
// where the kernel takes one array and gives another, of any type. No loop is
// compiled for them.
#ifndef MINNOW_OPS_STORED_VALUES_H_
#define MINNOW_OPS_STORED_VALUES_H_

#include <vector>

#include "minnow/core/dtype.h"
#include "minnow/graph/elementwise_kernel.h"

namespace minnow {

// Each kernel, followed by those that run it on the values of row_sparse and of
// csr arrays.
std::vector<Kernel> WithStoredValues(std::vector<Kernel> dense);

}  // namespace minnow

#endif  // MINNOW_OPS_STORED_VALUES_H_
