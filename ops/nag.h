// Nesterov's accelerated gradient: momentum that looks one step ahead.
//
//   op::NagMomUpdate(w, grad, mom, {.lr = 0.1f, .momentum = 0.9f}, {.out = w});
#ifndef MINNOW_OPS_NAG_H_
#define MINNOW_OPS_NAG_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/update_attrs.h"

namespace minnow {

struct NagMomUpdateAttrs {
  Required<float> lr;
  float momentum = 0.0f;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;

  static auto Fields() {
    using A = NagMomUpdateAttrs;
    return std::tuple_cat(
        std::tuple(LearningRateField(&A::lr), MomentumField(&A::momentum)),
        UpdateFields<A>());
  }
};

namespace op {

Symbol NagMomUpdate(Symbol weight, Symbol grad, Symbol mom,
                    const NagMomUpdateAttrs& attrs, NodeOptions options = {});
// In mixed precision: `mom` and `weight32` are float32.
Symbol MpNagMomUpdate(Symbol weight, Symbol grad, Symbol mom, Symbol weight32,
                      const NagMomUpdateAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_NAG_H_
