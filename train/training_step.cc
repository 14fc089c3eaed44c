#include "minnow/train/training_step.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/graph/gradient.h"

namespace minnow {
namespace {

// The variables with an initializer that `loss` depends on.
std::vector<Symbol> FindParameters(GraphBuilder& builder, Symbol loss) {
  std::vector<Symbol> parameters;
  if (loss.builder != &builder || loss.failed()) return parameters;
  std::vector<bool> needed(static_cast<size_t>(loss.at.node) + 1);
  needed[loss.at.node] = true;
  for (int32_t id = loss.at.node; id >= 0; --id) {
    if (!needed[id]) continue;
    for (NodeOutput x : builder.node(id).inputs) needed[x.node] = true;
  }
  for (int32_t id = 0; id <= loss.at.node; ++id) {
    const Node& node = builder.node(id);
    if (needed[id] && node.is_variable() && node.variable().init.has_value()) {
      parameters.push_back({&builder, {id, 0}});
    }
  }
  return parameters;
}

}  // namespace

Optimizer SgdOptimizer(const SgdMomUpdateAttrs& attrs,
                       std::vector<DeferredWeight> deferred) {
  return [attrs, deferred = std::move(deferred)](GraphBuilder& builder,
                                                 Symbol weight, Symbol grad) {
    if (weight.failed() || weight.omitted()) return;
    const Node& variable = builder.node(weight.at.node);
    if (!variable.is_variable()) {
      builder.Fail(absl::InvalidArgumentError(
          absl::StrCat("training step: expected a variable to update, found ",
                       variable.Describe())));
      return;
    }
    const std::string name = variable.name;
    for (const DeferredWeight& w : deferred) {
      if (w.weight.builder != &builder || w.weight.at != weight.at) continue;
      op::DeferredSgdMomUpdate(w, grad,
                               {.lr = attrs.lr,
                                .momentum = attrs.momentum,
                                .wd = attrs.wd,
                                .rescale_grad = attrs.rescale_grad,
                                .clip_gradient = attrs.clip_gradient},
                               {.name = absl::StrCat(name, "_update")});
      return;
    }
    const std::optional<StorageType> stype = variable.variable().stype;
    // Rows may have been added to it in this step.
    const Symbol latest = builder.Latest(weight);
    const NodeOptions options = {.name = absl::StrCat(name, "_update"),
                                 .out = weight};
    if (attrs.momentum == 0) {
      op::SgdUpdate(latest, grad,
                    {.lr = attrs.lr,
                     .wd = attrs.wd,
                     .rescale_grad = attrs.rescale_grad,
                     .clip_gradient = attrs.clip_gradient,
                     .lazy_update = attrs.lazy_update},
                    options);
      return;
    }
    const Symbol mom =
        builder.Variable(absl::StrCat(name, "_mom"), {.stype = stype});
    op::SgdMomUpdate(latest, grad, mom, attrs, options);
  };
}

std::vector<Symbol> TrainingStep(GraphBuilder& builder, Symbol loss,
                                 const Optimizer& optimizer,
                                 std::vector<Symbol> parameters) {
  if (parameters.empty()) parameters = FindParameters(builder, loss);
  if (parameters.empty()) {
    builder.Fail(absl::InvalidArgumentError(
        "training step: expected parameters (variables with an initializer "
        "that the loss depends on), found none"));
  }
  const std::vector<Symbol> grads = Gradient(builder, {loss}, {}, parameters);
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!builder.status().ok()) break;
    optimizer(builder, parameters[i], grads[i]);
  }
  return parameters;
}

Graph InferenceGraph(const Graph& step) {
  Graph graph = step;
  graph.updates.clear();
  return RemoveDeadNodes(std::move(graph));
}

absl::StatusOr<Graph> FlushGraph(const Graph& step) {
  GraphBuilder builder(step.registry);
  for (const Node& node : step.nodes) {
    if (node.is_variable() || node.op->name != "deferred_sgd_mom_update") {
      continue;
    }
    const auto variable = [&](size_t input) {
      const Node& state = step.nodes[node.inputs[input].node];
      return builder.Variable(
          state.name, state.is_variable() ? state.variable() : VariableAttrs());
    };
    // The gradient is input 1.
    op::DeferredFlush({.weight = variable(0),
                       .mom = variable(2),
                       .last = variable(3),
                       .history = variable(4),
                       .step = variable(5)});
  }
  return builder.Build({});
}

}  // namespace minnow
