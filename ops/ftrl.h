// Optimizers for sparse problems, whose learning rate falls coordinate by
// coordinate: FTRL-proximal, which also makes weights zero, and AdaGrad.
//
//   op::FtrlUpdate(w, grad, z, n, {.lr = 0.1f, .lamda1 = 0.01f}, {.out = w});
//
// A row without a gradient has nothing to update: row_sparse gradients change
// their own rows only.
#ifndef MINNOW_OPS_FTRL_H_
#define MINNOW_OPS_FTRL_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/update_attrs.h"

namespace minnow {

struct FtrlUpdateAttrs {
  Required<float> lr;
  float lamda1 = 0.01f;
  float beta = 1.0f;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;

  static auto Fields() {
    using A = FtrlUpdateAttrs;
    return std::tuple_cat(
        std::tuple(LearningRateField(&A::lr),
                   Dynamic("lamda1", &A::lamda1, "Weight of the L1 penalty."),
                   Dynamic("beta", &A::beta, "Smooths the first steps.")),
        UpdateFields<A>());
  }
};

struct AdagradUpdateAttrs {
  Required<float> lr;
  float epsilon = 1e-7f;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;

  static auto Fields() {
    using A = AdagradUpdateAttrs;
    return std::tuple_cat(
        std::tuple(LearningRateField(&A::lr), EpsilonField(&A::epsilon)),
        UpdateFields<A>());
  }
};

namespace op {

// H. B. McMahan et al., "Ad click prediction: a view from the trenches", KDD
// 2013.
Symbol FtrlUpdate(Symbol weight, Symbol grad, Symbol z, Symbol n,
                  const FtrlUpdateAttrs& attrs, NodeOptions options = {});
// J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online
// learning and stochastic optimization", JMLR 12, 2011.
Symbol AdagradUpdate(Symbol weight, Symbol grad, Symbol history,
                     const AdagradUpdateAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_FTRL_H_
