// One element of each line.
//
//   Symbol p = op::Pick(op::LogSoftmax(x), label);  // log p[i, label[i]]
//   Symbol y = op::FillElement0Index(x, value, label);  // At x[i, label[i]].
#ifndef MINNOW_OPS_PICK_H_
#define MINNOW_OPS_PICK_H_

#include <cstdint>
#include <optional>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

// What an index outside of [0, n) means: the nearest one, or the one that is
// left after division by n.
enum class PickMode : uint8_t { kClip, kWrap };

inline absl::Span<const EnumName<PickMode>> EnumNames(PickMode) {
  static constexpr EnumName<PickMode> kNames[] = {{PickMode::kClip, "clip"},
                                                  {PickMode::kWrap, "wrap"}};
  return kNames;
}

struct PickAttrs {
  std::optional<int64_t> axis = -1;
  bool keepdims = false;
  PickMode mode = PickMode::kClip;

  static auto Fields() {
    using A = PickAttrs;
    return std::tuple(
        Field("axis", &A::axis, "The axis that is picked from."),
        Field("keepdims", &A::keepdims, "The axis stays, with size 1."),
        Field("mode", &A::mode, "What an index out of range means."));
  }
};

namespace op {

Symbol Pick(Symbol data, Symbol index, const PickAttrs& attrs = {},
            NodeOptions options = {});
Symbol FillElement0Index(Symbol lhs, Symbol mhs, Symbol rhs,
                         NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_PICK_H_
