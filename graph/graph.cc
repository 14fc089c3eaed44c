#include "minnow/graph/graph.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/deferral.h"

namespace minnow {

size_t Node::num_visible_outputs() const {
  return op == nullptr ? 1 : op->outputs.Count(attrs);
}

size_t Node::num_outputs() const {
  return op == nullptr ? 1 : num_visible_outputs() + NumMutated(*op, attrs);
}

int32_t Node::hidden_output(size_t i) const {
  size_t output = num_visible_outputs();
  const auto defs = op->inputs.For(attrs);
  for (size_t k = 0; k < i; ++k) output += defs[k].access == Access::kMutate;
  return static_cast<int32_t>(output);
}

std::vector<int32_t> Node::NewValues() const {
  int32_t updated = 0;
  int32_t hidden = static_cast<int32_t>(num_visible_outputs());
  std::vector<int32_t> new_values;
  const auto defs = op->inputs.For(attrs);
  for (const InputDef& def : defs) {
    new_values.push_back(def.access == Access::kUpdate   ? updated++
                         : def.access == Access::kMutate ? hidden++
                                                         : -1);
  }
  return new_values;
}

bool Node::IsPure() const {
  if (is_variable() || op->random || op->unknown) return false;
  if (attrs.type()->IsDynamic()) return false;
  const auto defs = op->inputs.For(attrs);
  return std::none_of(defs.begin(), defs.end(), [](const InputDef& input) {
    return IsWritten(input.access);
  });
}

const std::string* Node::annotation(absl::string_view key) const {
  for (const Annotation& annotation : annotations) {
    if (annotation.first == key) return &annotation.second;
  }
  return nullptr;
}

std::string Node::Describe() const {
  if (op == nullptr) return absl::StrCat("variable '", name, "'");
  return absl::StrCat("node '", name, "' (", op->name, ")");
}

int32_t Graph::Find(absl::string_view name) const {
  for (size_t id = 0; id < nodes.size(); ++id) {
    if (nodes[id].name == name) return static_cast<int32_t>(id);
  }
  return -1;
}

std::string Graph::OutputName(NodeOutput output) const {
  const Node& node = nodes[output.node];
  if (node.is_variable()) return node.name;
  if (node.num_visible_outputs() == 1 && output.output == 0) {
    return node.name + "_output";
  }
  return absl::StrCat(node.name, "_output", output.output);
}

std::vector<std::optional<double>> Graph::FindStates() const {
  std::vector<std::optional<double>> states(nodes.size());
  for (const Node& node : nodes) {
    if (node.is_variable()) continue;
    const auto defs = node.op->inputs.For(node.attrs);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (defs[i].role != Role::kState) continue;
      std::optional<double>& start = states[node.inputs[i].node];
      if (!start || defs[i].initial_value != 0) start = defs[i].initial_value;
    }
  }
  return states;
}

namespace {

absl::Status CheckOutput(const Graph& graph, NodeOutput x, size_t limit,
                         absl::string_view what) {
  if (x.node < 0 || static_cast<size_t>(x.node) >= limit) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, ": expected a node in [0,", limit,
        "), since inputs come before their readers and there is no cycle; "
        "found ",
        x.node));
  }
  const Node& node = graph.nodes[x.node];
  const size_t outputs = node.num_outputs();
  if (x.output < 0 || static_cast<size_t>(x.output) >= outputs) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": expected an output in [0,", outputs, ") of ",
                     node.Describe(), ", found ", x.output));
  }
  return absl::OkStatus();
}

absl::Status CheckNode(const Graph& graph, size_t id) {
  const Node& node = graph.nodes[id];
  if (node.name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("node ", id, " has no name"));
  }
  if (node.is_variable()) {
    if (node.attrs.type() == AttrsTypeOf<VariableAttrs>() &&
        node.inputs.empty()) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        node.Describe(), ": expected no inputs, found ", node.inputs.size()));
  }
  const auto defs = node.op->inputs.For(node.attrs);
  if (defs.size() != node.inputs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(node.Describe(), ": expected ", defs.size(),
                     " inputs, found ", node.inputs.size()));
  }
  for (size_t i = 0; i < defs.size(); ++i) {
    MINNOW_RETURN_IF_ERROR(CheckOutput(
        graph, node.inputs[i], id,
        absl::StrCat(node.Describe(), ": argument '", defs[i].name, "'")));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateGraph(const Graph& graph) {
  absl::flat_hash_set<absl::string_view> names;
  // The values that stand for a variable: itself, and what mutation made of it.
  absl::flat_hash_set<NodeOutput> variables;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    MINNOW_RETURN_IF_ERROR(CheckNode(graph, id));
    if (!names.insert(node.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("two nodes are named '", node.name, "'"));
    }
    const int32_t node_id = static_cast<int32_t>(id);
    if (node.is_variable()) {
      variables.insert({node_id, 0});
      continue;
    }
    const auto defs = node.op->inputs.For(node.attrs);
    const std::vector<int32_t> new_values = node.NewValues();
    for (size_t i = 0; i < defs.size(); ++i) {
      const bool of_variable = variables.contains(node.inputs[i]);
      if (defs[i].access == Access::kUpdate) {
        if (of_variable) variables.insert({node_id, new_values[i]});
      } else if (defs[i].access == Access::kMutate) {
        if (!of_variable) {
          return absl::InvalidArgumentError(absl::StrCat(
              node.Describe(), ": argument '", defs[i].name,
              "' is mutated: expected a variable or its new value, found ",
              graph.nodes[node.inputs[i].node].Describe()));
        }
        variables.insert({node_id, new_values[i]});
      }
    }
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    MINNOW_RETURN_IF_ERROR(CheckOutput(graph, graph.outputs[i],
                                       graph.nodes.size(),
                                       absl::StrCat("output ", i)));
  }
  absl::flat_hash_set<int32_t> updated;
  for (const Update& update : graph.updates) {
    MINNOW_RETURN_IF_ERROR(
        CheckOutput(graph, {update.variable, 0}, graph.nodes.size(), "update"));
    const Node& variable = graph.nodes[update.variable];
    const std::string what = absl::StrCat("update of ", variable.Describe());
    if (!variable.is_variable()) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, ": only variables can be updated"));
    }
    if (!updated.insert(update.variable).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, ": expected one, found two"));
    }
    MINNOW_RETURN_IF_ERROR(
        CheckOutput(graph, update.value, graph.nodes.size(), what));
  }
  return CheckRowsCurrent(graph);
}

Graph RemoveDeadNodes(Graph graph) {
  std::vector<bool> live(graph.nodes.size());
  for (NodeOutput x : graph.outputs) live[x.node] = true;
  for (const Update& update : graph.updates) {
    live[update.value.node] = live[update.variable] = true;
  }
  for (size_t id = graph.nodes.size(); id-- > 0;) {
    if (!live[id]) continue;
    for (NodeOutput x : graph.nodes[id].inputs) live[x.node] = true;
  }
  std::vector<int32_t> new_id(graph.nodes.size(), -1);
  size_t kept = 0;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    if (!live[id]) continue;
    new_id[id] = static_cast<int32_t>(kept);
    for (NodeOutput& x : graph.nodes[id].inputs) x.node = new_id[x.node];
    if (kept != id) graph.nodes[kept] = std::move(graph.nodes[id]);
    ++kept;
  }
  graph.nodes.erase(graph.nodes.begin() + static_cast<ptrdiff_t>(kept),
                    graph.nodes.end());
  for (NodeOutput& x : graph.outputs) x.node = new_id[x.node];
  for (Update& update : graph.updates) {
    update.variable = new_id[update.variable];
    update.value.node = new_id[update.value.node];
  }
  return graph;
}

ValueIndex::ValueIndex(const Graph& graph) {
  first_.reserve(graph.nodes.size() + 1);
  first_.push_back(0);
  for (const Node& node : graph.nodes) {
    first_.push_back(first_.back() + static_cast<int32_t>(node.num_outputs()));
  }
}

}  // namespace minnow
