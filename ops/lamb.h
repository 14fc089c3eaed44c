// LAMB, in the two phases of MXNet: between them stand the norms of the weight
// and of the update.
//
//   Symbol g = op::LambUpdatePhase1(w, grad, mean, var, {.t = 1, .wd = 0.01f});
//   op::LambUpdatePhase2(w, g, r1, r2, {.lr = 1e-3f}, {.out = w});
#ifndef MINNOW_OPS_LAMB_H_
#define MINNOW_OPS_LAMB_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/update_attrs.h"

namespace minnow {

struct LambUpdatePhase1Attrs {
  Required<int64_t> t;
  Required<float> wd;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-6f;
  bool bias_correction = true;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;

  static auto Fields() {
    using A = LambUpdatePhase1Attrs;
    return std::tuple_cat(
        std::tuple(StepField(&A::t), WeightDecayField(&A::wd)),
        MomentFields<A>(),
        std::tuple(Field("bias_correction", &A::bias_correction,
                         "Make up for averages that start at zero.")),
        ScaleFields<A>());
  }
};

struct LambUpdatePhase2Attrs {
  Required<float> lr;
  float lower_bound = -1.0f;
  float upper_bound = -1.0f;

  static auto Fields() {
    using A = LambUpdatePhase2Attrs;
    return std::tuple(LearningRateField(&A::lr),
                      Dynamic("lower_bound", &A::lower_bound,
                              "Of the norm of the weight; off if negative."),
                      Dynamic("upper_bound", &A::upper_bound,
                              "Of the norm of the weight; off if negative."));
  }
};

namespace op {

// Y. You et al., "Large batch optimization for deep learning: training BERT in
// 76 minutes", ICLR 2020. Phase 1 returns the update, without the learning
// rate.
Symbol LambUpdatePhase1(Symbol weight, Symbol grad, Symbol mean, Symbol var,
                        const LambUpdatePhase1Attrs& attrs,
                        NodeOptions options = {});
// `r1` and `r2`, of shape (1,), are the norms of `weight` and of `g`.
Symbol LambUpdatePhase2(Symbol weight, Symbol g, Symbol r1, Symbol r2,
                        const LambUpdatePhase2Attrs& attrs,
                        NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_LAMB_H_
