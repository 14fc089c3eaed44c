// Normalization of the lines along an axis: each gets mean 0 and variance 1,
// then the scale gamma and the offset beta of its elements.
//
//   Symbol y = op::LayerNorm(x, gamma, beta, {.axis = -1});
#ifndef MINNOW_OPS_LAYER_NORM_H_
#define MINNOW_OPS_LAYER_NORM_H_

#include <cstdint>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct LayerNormAttrs {
  int64_t axis = -1;
  float eps = 1e-5f;
  bool output_mean_var = false;

  static auto Fields() {
    using A = LayerNormAttrs;
    return std::tuple(
        Field("axis", &A::axis, "The axis along which lines are normalized."),
        Field("eps", &A::eps, "Is added to the variance."),
        Field("output_mean_var", &A::output_mean_var,
              "Has no effect: the mean and the deviation are outputs 1 and "
              "2."));
  }
};

namespace op {

// Outputs 1 and 2 are the mean and the standard deviation of each line. No
// gradient flows through them.
Symbol LayerNorm(Symbol data, Symbol gamma, Symbol beta,
                 const LayerNormAttrs& attrs = {}, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_LAYER_NORM_H_
