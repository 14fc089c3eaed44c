// The kernels of LeakyReLU with a slope that is learnt, `gamma`.
#ifndef MINNOW_OPS_PRELU_H_
#define MINNOW_OPS_PRELU_H_

#include <vector>

#include "absl/status/status.h"
#include "minnow/graph/inference.h"
#include "minnow/graph/kernel.h"

namespace minnow {

// Whether the attributes of a LeakyReLU say so.
bool IsPrelu(const Attrs& attrs);

// Checks that gamma, the input of this number, goes with data, or concludes
// that it has one slope for each index of axis 1.
absl::Status InferGamma(ShapeInference& node, size_t data, size_t gamma);

// (data, gamma) -> out
std::vector<Kernel> PreluKernels();
// (head, data, gamma) -> grad
std::vector<Kernel> PreluBackwardKernels();
// (head, data, gamma) -> the gradient of gamma
std::vector<Kernel> PreluGammaKernels();

}  // namespace minnow

#endif  // MINNOW_OPS_PRELU_H_
