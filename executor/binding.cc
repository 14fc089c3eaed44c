#include "minnow/executor/binding.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "minnow/core/nearest_name.h"
#include "minnow/core/status.h"

namespace minnow {

absl::Status CheckBound(const Graph& graph, const Graph& all,
                        const ArraysByName& arrays,
                        absl::Span<const std::string> constants) {
  absl::flat_hash_set<absl::string_view> names;
  for (const Node& node : all.nodes) {
    if (node.is_variable()) names.insert(node.name);
  }
  const auto check_name = [&](absl::string_view name) {
    if (names.contains(name)) return absl::OkStatus();
    const std::vector<absl::string_view> known(names.begin(), names.end());
    return absl::NotFoundError(absl::StrCat("the graph has no variable '", name,
                                            "'", DidYouMean(name, known)));
  };
  for (const std::string& name : constants) {
    MINNOW_RETURN_IF_ERROR(check_name(name));
  }
  for (const auto& [name, array] : arrays) {
    MINNOW_RETURN_IF_ERROR(check_name(name));
    if (!array) {
      return absl::InvalidArgumentError(
          absl::StrCat("variable '", name, "': expected an array, found none"));
    }
  }
  // States and variables of which nobody reads the values need no array.
  std::vector<bool> is_needed(graph.nodes.size());
  for (const NodeOutput x : graph.outputs) is_needed[x.node] = true;
  for (const Update& update : graph.updates) {
    is_needed[update.value.node] = true;
  }
  for (const Node& node : graph.nodes) {
    if (node.is_variable()) continue;
    const auto defs = node.op->inputs.For(node.attrs);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (defs[i].access != Access::kUnread) {
        is_needed[node.inputs[i].node] = true;
      }
    }
  }
  const auto states = graph.FindStates();
  std::vector<std::string> unbound;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    if (!node.is_variable() || states[id] || !is_needed[id] ||
        arrays.contains(node.name) || node.variable().init.has_value()) {
      continue;
    }
    unbound.push_back(absl::StrCat("'", node.name, "'"));
  }
  if (unbound.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "variables without an array: ", absl::StrJoin(unbound, ", "),
      "; expected an array for each variable that is read and has no "
      "initializer"));
}

absl::StatusOr<std::vector<NDArray>> BindVariables(const Plan& plan,
                                                   const ArraysByName& arrays,
                                                   uint64_t seed) {
  std::vector<NDArray> bound(plan.graph.nodes.size());
  const auto states = plan.graph.FindStates();
  for (size_t id = 0; id < plan.graph.nodes.size(); ++id) {
    const Node& node = plan.graph.nodes[id];
    if (!node.is_variable()) continue;
    const auto given = arrays.find(node.name);
    if (given != arrays.end()) {
      bound[id] = given->second;
      continue;
    }
    const int32_t value = plan.index.first(id);
    absl::StatusOr<NDArray> made =
        NDArray::Zeros(plan.types.shapes[value], *plan.types.dtypes[value],
                       plan.storages[value]);
    absl::Status status = made.status();
    const Initializer init = node.variable().init.value_or(
        Initializer::Constant(states[id].value_or(0)));
    if (status.ok() && init != Initializer::Zero() &&
        plan.storages[value] == StorageType::kDense) {
      status = init.Fill(seed, node.name, *made);
    }
    if (!status.ok()) return Annotate(status, node.Describe());
    bound[id] = *std::move(made);
  }
  return bound;
}

absl::Status CheckOverlaps(const Plan& plan,
                           const std::vector<NDArray>& arrays) {
  absl::flat_hash_map<const ArrayData*, std::vector<size_t>> by_data;
  for (size_t id = 0; id < arrays.size(); ++id) {
    if (arrays[id]) by_data[arrays[id].data().get()].push_back(id);
  }
  absl::flat_hash_set<int32_t> written;
  for (const Update& update : plan.graph.updates) {
    written.insert(update.variable);
  }
  for (int32_t id : written) {
    for (size_t other : by_data[arrays[id].data().get()]) {
      if (other == static_cast<size_t>(id) ||
          !arrays[id].Overlaps(arrays[other])) {
        continue;
      }
      return absl::InvalidArgumentError(absl::StrCat(
          plan.graph.nodes[id].Describe(),
          " is updated: expected an array of its own, found one that shares "
          "memory with ",
          plan.graph.nodes[other].Describe()));
    }
  }
  return absl::OkStatus();
}

}  // namespace minnow
