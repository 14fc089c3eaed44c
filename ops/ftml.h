// FTML: follow the moving leader.
//
//   op::FtmlUpdate(w, grad, d, v, z, {.lr = 2.5e-3f, .t = 1}, {.out = w});
//
// `t` counts steps from 1; set it at each step through its slot.
#ifndef MINNOW_OPS_FTML_H_
#define MINNOW_OPS_FTML_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/update_attrs.h"

namespace minnow {

struct FtmlUpdateAttrs {
  Required<float> lr;
  Required<int64_t> t;
  float beta1 = 0.6f;
  float beta2 = 0.999f;
  double epsilon = 1e-8f;  // That of MXNet: a float, widened.
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_grad = -1.0f;

  static auto Fields() {
    using A = FtmlUpdateAttrs;
    return std::tuple_cat(
        std::tuple(LearningRateField(&A::lr), StepField(&A::t)),
        MomentFields<A>(),
        std::tuple(WeightDecayField(&A::wd),
                   Dynamic("rescale_grad", &A::rescale_grad,
                           "Scale of the gradient, applied first."),
                   Dynamic("clip_grad", &A::clip_grad,
                           "Bound of |gradient| after scaling and weight "
                           "decay; off unless positive.")));
  }
};

namespace op {

// S. Zheng, J. Kwok, "Follow the moving leader in deep learning", ICML 2017.
Symbol FtmlUpdate(Symbol weight, Symbol grad, Symbol d, Symbol v, Symbol z,
                  const FtmlUpdateAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_FTML_H_
