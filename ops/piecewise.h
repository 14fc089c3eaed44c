// Functions of one array that consist of straight pieces and a few curves.
//
//   Symbol y = op::Clip(x, {.a_min = 0, .a_max = 6});
#ifndef MINNOW_OPS_PIECEWISE_H_
#define MINNOW_OPS_PIECEWISE_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct ClipAttrs {
  Required<float> a_min;
  Required<float> a_max;

  static auto Fields() {
    return std::tuple(
        Field("a_min", &ClipAttrs::a_min, "The smallest value of the result."),
        Field("a_max", &ClipAttrs::a_max, "The largest value of the result."));
  }
};

struct HardSigmoidAttrs {
  float alpha = 0.2f;
  float beta = 0.5f;

  static auto Fields() {
    return std::tuple(
        Field("alpha", &HardSigmoidAttrs::alpha, "The slope."),
        Field("beta", &HardSigmoidAttrs::beta, "The value at 0."));
  }
};

struct SmoothL1Attrs {
  float scalar = 1.0f;

  static auto Fields() {
    return std::tuple(Field("scalar", &SmoothL1Attrs::scalar,
                            "How narrow the curve is: it ends at 1 / scalar^2. "
                            "The sign does not matter."));
  }
};

namespace op {

Symbol Clip(Symbol data, const ClipAttrs& attrs, NodeOptions options = {});
Symbol HardSigmoid(Symbol data, const HardSigmoidAttrs& attrs = {},
                   NodeOptions options = {});
Symbol SmoothL1(Symbol data, const SmoothL1Attrs& attrs = {},
                NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_PIECEWISE_H_
