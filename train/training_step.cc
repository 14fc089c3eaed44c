#include "minnow/train/training_step.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/graph/gradient.h"

namespace minnow {
namespace {

// The variables with an initializer that `loss` depends on, without states.
std::vector<Symbol> FindParameters(GraphBuilder& builder, Symbol loss) {
  std::vector<Symbol> parameters;
  if (loss.builder != &builder || loss.failed()) return parameters;
  const size_t num_nodes = static_cast<size_t>(loss.at.node) + 1;
  std::vector<bool> needed(num_nodes), is_state(num_nodes);
  needed[loss.at.node] = true;
  for (int32_t id = loss.at.node; id >= 0; --id) {
    const Node& node = builder.node(id);
    if (!needed[id] || node.is_variable()) continue;
    const auto defs = node.op->inputs.For(node.attrs);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      needed[node.inputs[i].node] = true;
      if (defs[i].role == Role::kState) is_state[node.inputs[i].node] = true;
    }
  }
  for (int32_t id = 0; id <= loss.at.node; ++id) {
    const Node& node = builder.node(id);
    if (needed[id] && !is_state[id] && node.is_variable() &&
        node.variable().init.has_value()) {
      parameters.push_back({&builder, {id, 0}});
    }
  }
  return parameters;
}

// An operator that updates one weight: by its gradient and by states that start
// with zeros.
absl::Status CheckUpdateOperator(const OpDef& op, const Attrs& attrs) {
  const auto inputs = op.inputs.For(attrs);
  bool fits = attrs.type() == op.attrs && inputs.size() >= 2 &&
              inputs[0].access == Access::kUpdate &&
              inputs[1].access == Access::kRead;
  for (size_t i = 2; fits && i < inputs.size(); ++i) {
    fits = inputs[i].access == Access::kMutate && inputs[i].name != "weight32";
  }
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "training step: expected an operator, with its attributes, that updates "
      "a weight by a gradient and by states that start with zeros, found '",
      op.name, "'"));
}

}  // namespace

Optimizer OperatorOptimizer(std::string op_name, Attrs attrs) {
  return [op_name = std::move(op_name), attrs = std::move(attrs)](
             GraphBuilder& builder, Symbol weight, Symbol grad) {
    if (weight.failed() || weight.omitted()) return;
    const Node& variable = builder.node(weight.at.node);
    if (!variable.is_variable()) {
      builder.Fail(absl::InvalidArgumentError(
          absl::StrCat("training step: expected a variable to update, found ",
                       variable.Describe())));
      return;
    }
    const absl::StatusOr<const OpDef*> op = builder.registry().Get(op_name);
    absl::Status status =
        op.ok() ? CheckUpdateOperator(**op, attrs) : op.status();
    if (!status.ok()) {
      builder.Fail(std::move(status));
      return;
    }
    const std::string name = variable.name;
    const std::optional<StorageType> stype = variable.variable().stype;
    // Rows may have been added to it in this step.
    std::vector<Symbol> inputs = {builder.Latest(weight), grad};
    const auto defs = (*op)->inputs.For(attrs);
    for (size_t i = 2; i < defs.size(); ++i) {
      inputs.push_back(builder.Variable(absl::StrCat(name, "_", defs[i].name),
                                        {.stype = stype}));
    }
    builder.Add(op_name, inputs, attrs,
                {.name = absl::StrCat(name, "_update"), .out = weight});
  };
}

Optimizer SgdOptimizer(const SgdMomUpdateAttrs& attrs,
                       std::vector<DeferredWeight> deferred) {
  const Optimizer other =
      attrs.momentum != 0
          ? OperatorOptimizer("sgd_mom_update", attrs)
          : OperatorOptimizer(
                "sgd_update",
                SgdUpdateAttrs{.lr = attrs.lr,
                               .wd = attrs.wd,
                               .rescale_grad = attrs.rescale_grad,
                               .clip_gradient = attrs.clip_gradient,
                               .lazy_update = attrs.lazy_update});
  return [attrs, other, deferred = std::move(deferred)](
             GraphBuilder& builder, Symbol weight, Symbol grad) {
    for (const DeferredWeight& w : deferred) {
      if (weight.builder != w.weight.builder || weight.at != w.weight.at) {
        continue;
      }
      op::DeferredSgdMomUpdate(
          w, grad,
          {.lr = attrs.lr,
           .momentum = attrs.momentum,
           .wd = attrs.wd,
           .rescale_grad = attrs.rescale_grad,
           .clip_gradient = attrs.clip_gradient},
          {.name = absl::StrCat(builder.node(weight.at.node).name, "_update")});
      return;
    }
    other(builder, weight, grad);
  };
}

Optimizer AdamOptimizer(const AdamUpdateAttrs& attrs) {
  return OperatorOptimizer("adam_update", attrs);
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
