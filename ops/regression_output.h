// The last layers of regressions, and losses of one's own: their gradients do
// not depend on what flows back to them.
//
//   Symbol out = op::LogisticRegressionOutput(op::Dot(x, w), label);
//   Symbol loss = op::MakeLoss(op::Square(x - y), {.grad_scale = 0.5f});
#ifndef MINNOW_OPS_REGRESSION_OUTPUT_H_
#define MINNOW_OPS_REGRESSION_OUTPUT_H_

#include "minnow/core/attrs.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/softmax_output.h"

namespace minnow {

struct RegressionOutputAttrs {
  float grad_scale = 1;

  static auto Fields() {
    return std::tuple(Field("grad_scale", &RegressionOutputAttrs::grad_scale,
                            "What the gradient is multiplied by."));
  }
};

struct MakeLossAttrs {
  float grad_scale = 1;
  float valid_thresh = 0;
  Normalization normalization = Normalization::kNull;

  static auto Fields() {
    using A = MakeLossAttrs;
    return std::tuple(
        Field("grad_scale", &A::grad_scale, "The gradient of each element."),
        Field("valid_thresh", &A::valid_thresh,
              "Elements that are larger are valid ones."),
        Field("normalization", &A::normalization,
              "Divide the gradient by nothing, by the size of the first axis, "
              "or by the number of valid elements."));
  }
};

namespace op {

// The label has as many rows and elements as the data; it may be csr.
Symbol LinearRegressionOutput(Symbol data, Symbol label,
                              const RegressionOutputAttrs& attrs = {},
                              NodeOptions options = {});
Symbol MAERegressionOutput(Symbol data, Symbol label,
                           const RegressionOutputAttrs& attrs = {},
                           NodeOptions options = {});
Symbol LogisticRegressionOutput(Symbol data, Symbol label,
                                const RegressionOutputAttrs& attrs = {},
                                NodeOptions options = {});
Symbol MakeLoss(Symbol data, const MakeLossAttrs& attrs = {},
                NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_REGRESSION_OUTPUT_H_
