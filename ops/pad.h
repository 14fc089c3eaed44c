// Images with a border.
//
//   Symbol padded = op::Pad(x, {.mode = PadMode::kEdge,
//                               .pad_width = {0, 0, 0, 0, 1, 1, 2, 2}});
#ifndef MINNOW_OPS_PAD_H_
#define MINNOW_OPS_PAD_H_

#include <cstdint>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

// What the border holds: one value; the nearest element; the elements as a
// mirror shows them, of which the outermost one is not repeated.
enum class PadMode : uint8_t { kConstant, kEdge, kReflect };

inline absl::Span<const EnumName<PadMode>> EnumNames(PadMode) {
  static constexpr EnumName<PadMode> kNames[] = {
      {PadMode::kConstant, "constant"},
      {PadMode::kEdge, "edge"},
      {PadMode::kReflect, "reflect"}};
  return kNames;
}

struct PadAttrs {
  Required<PadMode> mode;
  Required<std::vector<int64_t>> pad_width;
  double constant_value = 0;

  static auto Fields() {
    using A = PadAttrs;
    return std::tuple(
        Field("mode", &A::mode, "What the border holds."),
        Field("pad_width", &A::pad_width,
              "The elements in front of each axis and behind it; none for the "
              "first two."),
        Field("constant_value", &A::constant_value,
              "What a constant border holds."));
  }
};

namespace op {

Symbol Pad(Symbol data, const PadAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_PAD_H_
