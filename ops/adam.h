// Adam: adaptive moments.
//
//   op::AdamUpdate(w, grad, mean, var, {.lr = 1e-3f}, {.out = w});
//
// As in MXNet there is no correction of the bias: the learning rate has it.
#ifndef MINNOW_OPS_ADAM_H_
#define MINNOW_OPS_ADAM_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/update_attrs.h"

namespace minnow {

struct AdamUpdateAttrs {
  Required<float> lr;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;
  bool lazy_update = true;

  static auto Fields() {
    using A = AdamUpdateAttrs;
    return std::tuple_cat(std::tuple(LearningRateField(&A::lr)),
                          MomentFields<A>(), UpdateFields<A>(),
                          LazyUpdateFields<A>());
  }
};

namespace op {

// D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
Symbol AdamUpdate(Symbol weight, Symbol grad, Symbol mean, Symbol var,
                  const AdamUpdateAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_ADAM_H_
