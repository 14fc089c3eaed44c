#include "minnow/graph/elementwise_kernel.h"

#include <array>

namespace minnow {

absl::Status RunElementwise(const RunContext& context, const void* attrs,
                            absl::Span<const ArrayRef* const> args) {
  const Kernel& kernel = *context.kernel;
  ParallelFor(*context.threads, args.back()->size, kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                std::array<ElementsRef, kMaxElementwiseArgs> parts;
                for (size_t k = 0; k < parts.size() && k < args.size(); ++k) {
                  parts[k] = ElementsAt(*args[k], kernel.args[k].dtype, begin);
                }
                kernel.elements(attrs, parts.data(), end - begin);
              });
  return absl::OkStatus();
}

}  // namespace minnow
