#include "minnow/ops/any_dtype.h"

#include <algorithm>

namespace minnow {
namespace internal {

std::vector<Kernel> MakeAnyKernels(const Kernel& kernel,
                                   absl::Span<const int8_t> numbers,
                                   absl::Span<const DType> first,
                                   absl::Span<const DType> second) {
  numbers.remove_prefix(numbers.size() - kernel.args.size());
  std::vector<Kernel> kernels;
  kernels.reserve(first.size() * second.size());
  for (DType of_first : first) {
    for (DType of_second : second) {
      Kernel& added = kernels.emplace_back(kernel);
      for (size_t i = 0; i < numbers.size(); ++i) {
        if (numbers[i] == kOneType) continue;
        added.args[i].dtype = numbers[i] == 0 ? of_first : of_second;
      }
    }
  }
  return kernels;
}

}  // namespace internal

AnyElement ElementOf(DType dtype, double value) {
  AnyElement element;
  ConvertElements(DType::kFloat64, &value, dtype, &element.bytes, 1);
  return element;
}

void FillElements(const AnyArray& out, int64_t begin, int64_t count,
                  AnyElement element) {
  VisitSize(out.element_size(), [&]<typename U>() {
    std::fill_n(out.as<U>() + begin, count, element.as<U>());
  });
}

void FillAll(ThreadPool& threads, const AnyArray& out, AnyElement element) {
  ParallelFor(threads, out.size, int64_t{1} << 15,
              [&](int64_t begin, int64_t end) {
                FillElements(out, begin, end - begin, element);
              });
}

}  // namespace minnow
