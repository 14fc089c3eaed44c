#include "minnow/ops/update_kernels.h"

#include <iterator>

namespace minnow {
namespace internal {

std::vector<Kernel> KernelsOfFormat(const UpdateFormat& format,
                                    size_t num_states,
                                    const std::array<KernelRun, 4>& runs) {
  constexpr DType kTypes[] = {DType::kFloat32, DType::kFloat64, DType::kFloat16,
                              DType::kBFloat16};
  std::vector<Kernel> kernels(runs.size());
  for (size_t i = 0; i < runs.size(); ++i) {
    kernels[i].args = UpdateArgs(format.Of(kTypes[i]), num_states);
    kernels[i].run = runs[i];
  }
  return kernels;
}

}  // namespace internal

std::vector<Kernel> Joined(std::vector<std::vector<Kernel>> parts) {
  std::vector<Kernel> kernels;
  for (std::vector<Kernel>& part : parts) {
    std::move(part.begin(), part.end(), std::back_inserter(kernels));
  }
  return kernels;
}

std::vector<Kernel> NotForFallback(std::vector<Kernel> kernels) {
  for (Kernel& kernel : kernels) kernel.for_fallback = false;
  return kernels;
}

}  // namespace minnow
