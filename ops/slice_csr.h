// Parts of csr arrays, for slice.
#ifndef MINNOW_OPS_SLICE_CSR_H_
#define MINNOW_OPS_SLICE_CSR_H_

#include <cstdint>
#include <vector>

#include "minnow/graph/kernel.h"

namespace minnow {

// Kernels csr -> csr, for slices without steps.
std::vector<Kernel> SliceCsrKernels();

}  // namespace minnow

#endif  // MINNOW_OPS_SLICE_CSR_H_
