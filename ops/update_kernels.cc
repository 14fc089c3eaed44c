#include "minnow/ops/update_kernels.h"

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

std::vector<Kernel> NotForFallback(std::vector<Kernel> kernels) {
  for (Kernel& kernel : kernels) kernel.for_fallback = false;
  return kernels;
}

}  // namespace minnow
