// RMSProp: the gradient over the root of its mean square.
//
//   op::RmspropUpdate(w, grad, n, {.lr = 1e-3f}, {.out = w});
#ifndef MINNOW_OPS_RMSPROP_H_
#define MINNOW_OPS_RMSPROP_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/update_attrs.h"

namespace minnow {

struct RmspropUpdateAttrs {
  Required<float> lr;
  float gamma1 = 0.95f;
  float epsilon = 1e-8f;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;
  float clip_weights = -1.0f;

  static auto Fields() {
    using A = RmspropUpdateAttrs;
    return std::tuple_cat(
        std::tuple(LearningRateField(&A::lr),
                   Dynamic("gamma1", &A::gamma1, "Decay of the mean square."),
                   EpsilonField(&A::epsilon)),
        UpdateFields<A>(), std::tuple(ClipWeightsField(&A::clip_weights)));
  }
};

struct RmspropalexUpdateAttrs {
  Required<float> lr;
  float gamma1 = 0.95f;
  float gamma2 = 0.9f;
  float epsilon = 1e-8f;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;
  float clip_weights = -1.0f;

  static auto Fields() {
    using A = RmspropalexUpdateAttrs;
    return std::tuple_cat(
        std::tuple(LearningRateField(&A::lr),
                   Dynamic("gamma1", &A::gamma1,
                           "Decay of the mean and of the mean square."),
                   Dynamic("gamma2", &A::gamma2, "Decay of the velocity."),
                   EpsilonField(&A::epsilon)),
        UpdateFields<A>(), std::tuple(ClipWeightsField(&A::clip_weights)));
  }
};

namespace op {

// T. Tieleman, G. Hinton, "Lecture 6.5: RMSProp", 2012.
Symbol RmspropUpdate(Symbol weight, Symbol grad, Symbol n,
                     const RmspropUpdateAttrs& attrs, NodeOptions options = {});
// The centred form, with momentum: A. Graves, "Generating sequences with
// recurrent neural networks", 2013, equations 38 to 45.
Symbol RmspropalexUpdate(Symbol weight, Symbol grad, Symbol n, Symbol g,
                         Symbol delta, const RmspropalexUpdateAttrs& attrs,
                         NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_RMSPROP_H_
