// Updates by the sign of the gradient, or of its moving average.
//
//   op::SignumUpdate(w, grad, mom, {.lr = 0.01f, .momentum = 0.9f}, {.out =
//   w});
#ifndef MINNOW_OPS_SIGNUM_H_
#define MINNOW_OPS_SIGNUM_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/update_attrs.h"

namespace minnow {

struct SignsgdUpdateAttrs {
  Required<float> lr;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;

  static auto Fields() {
    using A = SignsgdUpdateAttrs;
    return std::tuple_cat(std::tuple(LearningRateField(&A::lr)),
                          UpdateFields<A>());
  }
};

struct SignumUpdateAttrs {
  Required<float> lr;
  float momentum = 0.0f;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;
  float wd_lh = 0.0f;

  static auto Fields() {
    using A = SignumUpdateAttrs;
    return std::tuple_cat(
        std::tuple(LearningRateField(&A::lr), MomentumField(&A::momentum)),
        UpdateFields<A>(),
        std::tuple(Dynamic("wd_lh", &A::wd_lh,
                           "Weight decay that is not part of the momentum.")));
  }
};

namespace op {

// J. Bernstein et al., "signSGD: compressed optimisation for non-convex
// problems", ICML 2018. Scale and clip of the gradient have no effect on it.
Symbol SignsgdUpdate(Symbol weight, Symbol grad,
                     const SignsgdUpdateAttrs& attrs, NodeOptions options = {});
Symbol SignumUpdate(Symbol weight, Symbol grad, Symbol mom,
                    const SignumUpdateAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SIGNUM_H_
