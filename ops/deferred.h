// Deferred updates: the result of the standard momentum update at the cost of
// the lazy one.
//
//   DeferredWeight w = MakeDeferred(b.Variable("w", {.shape = {1000000, 16},
//                                                    .init = ...}));
//   Symbol x = op::DeferredRows(w, ids);          // In place of Embedding.
//   ...
//   Symbol grad = Gradient(b, {loss}, {}, {w.weight})[0];
//   op::DeferredSgdMomUpdate(w, grad, {.lr = 0.1f, .momentum = 0.9f});
//
// By the standard update a row without a gradient still decays and still moves
// by its momentum. Here it does so when it is needed next: when a batch reads
// it, when it has a gradient, or when all rows are flushed, which has to come
// before anything else reads the weight, such as an export:
//
//   op::DeferredFlush(w);                         // In a graph of its own.
//
// TrainingStep and FlushGraph of train/training_step.h do it for whole models.
//
// No other operator may read the weight or its momentum, as they are out of
// date; Build() refuses it. What rows have missed is in deferred_history.h.
#ifndef MINNOW_OPS_DEFERRED_H_
#define MINNOW_OPS_DEFERRED_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/update_attrs.h"

namespace minnow {

// Those of sgd_mom_update. Rows without a gradient are never left alone.
struct DeferredSgdMomUpdateAttrs {
  Required<float> lr;
  float momentum = 0.0f;
  float wd = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;

  static auto Fields() {
    using A = DeferredSgdMomUpdateAttrs;
    return std::tuple_cat(
        std::tuple(LearningRateField(&A::lr), MomentumField(&A::momentum)),
        UpdateFields<A>());
  }
};

// A weight and the states of its deferred updates.
struct DeferredWeight {
  Symbol weight;   // Dense, of shape (rows, ...).
  Symbol mom;      // As the weight.
  Symbol last;     // int32 (rows,): how many of the steps in the history each
                   // row has taken.
  Symbol history;  // float64: see deferred_history.h.
  Symbol step;     // int64 (1,): the number of steps.
};

// Makes the states of a variable, named "<weight>_mom" and so on. After
// `num_steps` steps, a multiple of 256, the history is full, and one update
// brings all rows up to date. It takes 32 bytes a step.
DeferredWeight MakeDeferred(Symbol weight, int64_t num_steps = 65536);

namespace op {

// The rows `ids` of the weight as they are after all steps: shape ids.shape +
// weight.shape[1:]. Writes nothing; the gradient of the weight is row_sparse.
// An id that is no row of the weight is an error.
Symbol DeferredRows(const DeferredWeight& weight, Symbol ids,
                    NodeOptions options = {});
// Updates the rows of a row_sparse gradient, and notes the step for the others.
// The weight takes the result.
Symbol DeferredSgdMomUpdate(const DeferredWeight& weight, Symbol grad,
                            const DeferredSgdMomUpdateAttrs& attrs,
                            NodeOptions options = {});
// Brings all rows up to date. The weight takes the result, which anybody may
// read.
Symbol DeferredFlush(const DeferredWeight& weight, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_DEFERRED_H_
