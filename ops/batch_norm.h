// Normalization of each channel over a batch: it gets mean 0 and variance 1,
// then the scale gamma and the offset beta of the channel. In training the mean
// and the variance are those of the batch, else the moving ones.
//
//   Symbol y = op::BatchNorm(x, gamma, beta, {}, {}, {.fix_gamma = false},
//                            {.name = "norm"});
//
// The moving mean and variance are states, here "norm_moving_mean" and
// "norm_moving_var", which start with 0 and 1. They change where gradients are
// computed, and in training only: the first Gradient() through a node adds
// their update, by a node of _update_BatchNorm. Where several nodes share them,
// each moves what the one before has made, in the order in which Gradient()
// comes to them: from the last to the first.
#ifndef MINNOW_OPS_BATCH_NORM_H_
#define MINNOW_OPS_BATCH_NORM_H_

#include <optional>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct BatchNormAttrs {
  double eps = 0.001f;
  float momentum = 0.9f;
  bool fix_gamma = true;
  bool use_global_stats = false;
  bool output_mean_var = false;
  int64_t axis = 1;
  bool cudnn_off = false;
  std::optional<double> min_calib_range = {};
  std::optional<double> max_calib_range = {};

  static auto Fields() {
    using A = BatchNormAttrs;
    return std::tuple(
        Field("eps", &A::eps, "Is added to the variance."),
        Field("momentum", &A::momentum,
              "What the moving statistics keep of themselves in a step."),
        Field("fix_gamma", &A::fix_gamma,
              "Take gamma as 1, whatever it is; its gradient is 0."),
        Field("use_global_stats", &A::use_global_stats,
              "Take the moving statistics in training, too, and leave them as "
              "they are."),
        Field("output_mean_var", &A::output_mean_var,
              "Has no effect: the mean and the inverse deviation are outputs 1 "
              "and 2."),
        Field("axis", &A::axis, "The axis of the channels."),
        Field("cudnn_off", &A::cudnn_off, "Has no effect."),
        Field("min_calib_range", &A::min_calib_range, "Has no effect."),
        Field("max_calib_range", &A::max_calib_range, "Has no effect."));
  }
};

namespace op {

// Outputs 1 and 2 are the mean and the inverse deviation, 1 / sqrt(variance +
// eps), by which data were normalized. No gradient flows through them.
Symbol BatchNorm(Symbol data, Symbol gamma, Symbol beta, Symbol moving_mean,
                 Symbol moving_var, const BatchNormAttrs& attrs = {},
                 NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_BATCH_NORM_H_
