// Stochastic gradient descent, with and without momentum.
//
//   Symbol next = op::SgdMomUpdate(w, grad, mom, {.lr = 0.1f, .momentum =
//   0.9f},
//                                  {.out = w});
//
// Each returns the new weight, without writing it anywhere: `.out` says which
// variable takes it. States such as `mom` are variables, and change in place.
#ifndef MINNOW_OPS_SGD_H_
#define MINNOW_OPS_SGD_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/update_attrs.h"

namespace minnow {

struct SgdUpdateAttrs {
  Required<float> lr;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;
  bool lazy_update = true;

  static auto Fields() {
    using A = SgdUpdateAttrs;
    return std::tuple_cat(std::tuple(LearningRateField(&A::lr)),
                          UpdateFields<A>(), LazyUpdateFields<A>());
  }
};

struct SgdMomUpdateAttrs {
  Required<float> lr;
  float momentum = 0.0f;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;
  bool lazy_update = true;

  static auto Fields() {
    using A = SgdMomUpdateAttrs;
    return std::tuple_cat(
        std::tuple(LearningRateField(&A::lr), MomentumField(&A::momentum)),
        UpdateFields<A>(), LazyUpdateFields<A>());
  }
};

namespace op {

Symbol SgdUpdate(Symbol weight, Symbol grad, const SgdUpdateAttrs& attrs,
                 NodeOptions options = {});
Symbol SgdMomUpdate(Symbol weight, Symbol grad, Symbol mom,
                    const SgdMomUpdateAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SGD_H_
