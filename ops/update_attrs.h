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

#include <cstdint>
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

// `M` is float or Required<float>.
template <typename A, typename M>
auto WeightDecayField(M A::*wd) {
  return Dynamic("wd", wd, "Weight decay: adds wd * weight to the gradient.");
}

// What is done to the gradient first.
template <typename A>
auto ScaleFields() {
  return std::tuple(
      Dynamic("rescale_grad", &A::rescale_grad,
              "Scale of the gradient, applied first."),
      Dynamic("clip_gradient", &A::clip_gradient,
              "Bound of |gradient| after scaling; off unless positive."));
}

template <typename A>
auto UpdateFields() {
  return std::tuple_cat(std::tuple(WeightDecayField(&A::wd)), ScaleFields<A>());
}

template <typename A>
auto StepField(Required<int64_t> A::*t) {
  return Dynamic("t", t, "The number of this step, from 1.");
}

// `M` is float or double.
template <typename A, typename M>
auto EpsilonField(M A::*epsilon) {
  return Field("epsilon", epsilon, "Keeps a divisor from being zero.");
}

// The decay rates of two moving averages, and what is added to a root.
template <typename A>
auto MomentFields() {
  return std::tuple(
      Dynamic("beta1", &A::beta1, "Decay of the average of gradients."),
      Dynamic("beta2", &A::beta2, "Decay of the average of their squares."),
      EpsilonField(&A::epsilon));
}

template <typename A>
auto ClipWeightsField(float A::*clip_weights) {
  return Dynamic("clip_weights", clip_weights,
                 "Bound of |weight| after the update; off unless positive.");
}

template <typename A>
auto LazyUpdateFields() {
  return std::tuple(Field("lazy_update", &A::lazy_update,
                          "Leave rows without a gradient as they are."));
}

}  // namespace minnow

#endif  // MINNOW_OPS_UPDATE_ATTRS_H_
