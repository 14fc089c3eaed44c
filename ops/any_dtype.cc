#include "minnow/ops/any_dtype.h"

#include <algorithm>

namespace minnow {
namespace internal {

std::vector<Kernel> MakeAnyKernels(absl::Span<const AnyArg> args,
                                   absl::Span<const AnyCode> codes,
                                   bool (*when)(const Attrs& attrs)) {
  std::vector<Kernel> kernels;
  kernels.reserve(codes.size());
  for (const AnyCode& code : codes) {
    Kernel& kernel = kernels.emplace_back();
    for (const AnyArg& arg : args) {
      kernel.args.push_back(
          {code.types[arg.type], StorageType::kDense, arg.writes, false});
    }
    kernel.run = code.run;
    kernel.when = when;
    kernel.prepare = code.prepare;
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
