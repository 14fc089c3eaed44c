// From a loss to a training step: gradients and updates as nodes of the graph.
//
//   Symbol loss = op::SoftmaxOutput(logits, label, {});
//   TrainingStep(b, loss, SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}));
//   absl::StatusOr<Graph> step = b.Build({loss});
#ifndef MINNOW_TRAIN_TRAINING_STEP_H_
#define MINNOW_TRAIN_TRAINING_STEP_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/adam.h"
#include "minnow/ops/deferred.h"
#include "minnow/ops/sgd.h"

namespace minnow {

// Adds the update of one weight. A state of its own is a variable that it
// makes.
using Optimizer =
    std::function<void(GraphBuilder& builder, Symbol weight, Symbol grad)>;

// The operator `op` with these attributes, for example "rmsprop_update" with
// RmspropUpdateAttrs. Its states start with zeros; the state "n" of a weight
// "w" is the variable "w_n", stored as the weight is; the node is "w_update".
// What depends on the number of the step, such as `t` of ftml_update, is to be
// set at each one: see Slot.
Optimizer OperatorOptimizer(std::string op, Attrs attrs);

// sgd_mom_update, or sgd_update if there is no momentum.
//
// A table that is read by Embedding with sparse_grad is updated lazily, or all
// of it by `lazy_update = false`; so is one that gets its rows by EnsureRows.
// The weights `deferred` take deferred_sgd_mom_update: the result of
// `lazy_update = false`, at the cost of the lazy one.
//
//   DeferredWeight table = MakeDeferred(b.Variable("table", {...}));
//   Symbol x = op::DeferredRows(table, ids);
//   ...
//   TrainingStep(b, loss, SgdOptimizer({.lr = 0.1f, .momentum = 0.9f},
//                                      {table}));
Optimizer SgdOptimizer(const SgdMomUpdateAttrs& attrs,
                       std::vector<DeferredWeight> deferred = {});

// adam_update, which as in MXNet has no correction of the bias: where that is
// wanted, lr of the step t (from 1) has the factor
// sqrt(1 - beta2^t) / (1 - beta1^t).
Optimizer AdamOptimizer(const AdamUpdateAttrs& attrs);

// Adds the gradients of `loss` and one update for each parameter: of
// `parameters`, or if there are none of all variables with an initializer that
// the loss depends on. Returns the parameters.
std::vector<Symbol> TrainingStep(GraphBuilder& builder, Symbol loss,
                                 const Optimizer& optimizer,
                                 std::vector<Symbol> parameters = {});

// The graph without its updates, and without all that only these need: what
// computes the outputs of a trained step.
Graph InferenceGraph(const Graph& step);

// A graph that brings all rows of the step's deferred weights up to date. To be
// run on the step's arrays before anything but deferred_rows reads the weights,
// such as a program that exports them; InferenceGraph reads what is up to date
// without it. Without deferred weights the graph is empty.
absl::StatusOr<Graph> FlushGraph(const Graph& step);

}  // namespace minnow

#endif  // MINNOW_TRAIN_TRAINING_STEP_H_
