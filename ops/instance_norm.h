// Normalization of each channel of each example: it gets mean 0 and variance 1,
// then the scale gamma and the offset beta of the channel.
//
//   Symbol y = op::InstanceNorm(x, gamma, beta);
#ifndef MINNOW_OPS_INSTANCE_NORM_H_
#define MINNOW_OPS_INSTANCE_NORM_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct InstanceNormAttrs {
  float eps = 0.001f;

  static auto Fields() {
    return std::tuple(
        Field("eps", &InstanceNormAttrs::eps, "Is added to the variance."));
  }
};

namespace op {

// Outputs 1 and 2 are the mean and the variance. No gradient flows through
// them.
Symbol InstanceNorm(Symbol data, Symbol gamma, Symbol beta,
                    const InstanceNormAttrs& attrs = {},
                    NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_INSTANCE_NORM_H_
