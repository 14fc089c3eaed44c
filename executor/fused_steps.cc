#include "minnow/executor/fused_steps.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "minnow/graph/elementwise_kernel.h"

namespace minnow {
namespace {

// Bytes of all arrays of a piece: most of a first-level cache.
constexpr int64_t kPieceBytes = 24 << 10;
// A call costs some nanoseconds, and so does its last, odd vector.
constexpr int64_t kMinPiece = 512;
constexpr int64_t kMaxPiece = 8192;
constexpr int64_t kPieceUnit = 64;

}  // namespace

void FusedSteps::Add(const Kernel& kernel, const void* attrs,
                     absl::Span<const ArrayRef* const> args) {
  size_ = args.back()->size;
  Part part{kernel.elements, attrs, {}};
  for (size_t k = 0; k < args.size(); ++k) {
    part.args.push_back({args[k],
                         static_cast<int64_t>(DTypeSize(kernel.args[k].dtype)),
                         args[k]->size != size_});
  }
  for (const Arg& arg : part.args) {
    if (!arg.repeated && arrays_.insert(arg.array->values).second) {
      element_bytes_ += arg.element_size;
    }
  }
  piece_ = std::clamp(kPieceBytes / element_bytes_ / kPieceUnit * kPieceUnit,
                      kMinPiece, kMaxPiece);
  parts_.push_back(std::move(part));
}

void FusedSteps::RunPiece(int64_t begin, int64_t end) const {
  std::array<ElementsRef, kMaxElementwiseArgs> refs;
  for (const Part& part : parts_) {
    for (size_t k = 0; k < refs.size() && k < part.args.size(); ++k) {
      const Arg& arg = part.args[k];
      auto* const data = static_cast<std::byte*>(arg.array->values);
      refs[k] = {arg.repeated ? data : data + begin * arg.element_size,
                 arg.repeated};
    }
    part.elements(part.attrs, refs.data(), end - begin);
  }
}

absl::Status FusedSteps::Run(const RunContext& context, const void* attrs,
                             absl::Span<const ArrayRef* const>) {
  const auto& steps = *static_cast<const FusedSteps*>(attrs);
  // A block is some whole pieces.
  const int64_t grain =
      std::max<int64_t>(1, kElementwiseGrain / steps.piece_) * steps.piece_;
  ParallelFor(*context.threads, steps.size_, grain,
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i += steps.piece_) {
                  steps.RunPiece(i, std::min(end, i + steps.piece_));
                }
              });
  return absl::OkStatus();
}

}  // namespace minnow
