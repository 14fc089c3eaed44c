// Stochastic gradient descent in mixed precision: weights and gradients of 16
// bits, states in float32.
//
//   op::MpSgdMomUpdate(w, grad, mom, weight32, {.lr = 0.1f, .momentum = 0.9f},
//                      {.out = w});
//
// `weight32` is the weight without its rounding; give it the weight's values to
// begin with.
#ifndef MINNOW_OPS_MP_SGD_H_
#define MINNOW_OPS_MP_SGD_H_

#include "minnow/graph/builder.h"
#include "minnow/ops/sgd.h"

namespace minnow {
namespace op {

Symbol MpSgdUpdate(Symbol weight, Symbol grad, Symbol weight32,
                   const SgdUpdateAttrs& attrs, NodeOptions options = {});
Symbol MpSgdMomUpdate(Symbol weight, Symbol grad, Symbol mom, Symbol weight32,
                      const SgdMomUpdateAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_MP_SGD_H_
