#include "minnow/graph/kernel.h"

namespace minnow {

std::vector<Kernel> Joined(std::initializer_list<std::vector<Kernel>> parts) {
  std::vector<Kernel> kernels;
  for (const std::vector<Kernel>& part : parts) {
    kernels.insert(kernels.end(), part.begin(), part.end());
  }
  return kernels;
}

std::vector<Kernel> KernelsWhen(bool (*condition)(const Attrs& attrs),
                                std::vector<Kernel> kernels) {
  for (Kernel& kernel : kernels) kernel.when = condition;
  return kernels;
}

}  // namespace minnow
