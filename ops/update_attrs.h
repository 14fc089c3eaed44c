// The attributes that the optimizers of MXNet share.
//
//   struct SgdUpdateAttrs {
//     Required<float> lr;
//     float wd = 0.0f;
//     float rescale_grad = 1.0f;
//     float clip_gradient = -1.0f;
//     bool lazy_update = true;
//
//     static auto Fields() {
//       using A = SgdUpdateAttrs;
//       return std::tuple_cat(std::tuple(LearningRateField(&A::lr)),
//                             UpdateFields<A>(), LazyUpdateFields<A>());
//     }
//   };
#ifndef MINNOW_OPS_UPDATE_ATTRS_H_
#define MINNOW_OPS_UPDATE_ATTRS_H_

#include <tuple>

#include "minnow/core/attrs.h"

namespace minnow {

template <typename A>
auto LearningRateField(Required<float> A::*lr) {
  return Dynamic("lr", lr, "Learning rate.");
}

template <typename A>
auto MomentumField(float A::*momentum) {
  return Dynamic("momentum", momentum, "Decay of the velocity at each step.");
}

// Weight decay, and what is done to the gradient first.
template <typename A>
auto UpdateFields() {
  return std::tuple(
      Dynamic("wd", &A::wd, "Weight decay: adds wd * weight to the gradient."),
      Dynamic("rescale_grad", &A::rescale_grad,
              "Scale of the gradient, applied first."),
      Dynamic("clip_gradient", &A::clip_gradient,
              "Bound of |gradient| after scaling; off unless positive."));
}

template <typename A>
auto LazyUpdateFields() {
  return std::tuple(Field("lazy_update", &A::lazy_update,
                          "Leave rows without a gradient as they are."));
}

}  // namespace minnow

#endif  // MINNOW_OPS_UPDATE_ATTRS_H_
