#include "minnow/graph/deferral.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace minnow {
namespace {

// The variables that some node takes while their rows are out of date.
absl::flat_hash_set<NodeOutput> FindDeferred(const Graph& graph) {
  absl::flat_hash_set<NodeOutput> deferred;
  for (const Node& node : graph.nodes) {
    if (node.is_variable()) continue;
    const auto defs = node.op->inputs.For(node.attrs);
    for (size_t i = 0; i < defs.size(); ++i) {
      const NodeOutput x = node.inputs[i];
      if (defs[i].rows != Rows::kCurrent && graph.nodes[x.node].is_variable()) {
        deferred.insert(x);
      }
    }
  }
  return deferred;
}

}  // namespace

absl::Status CheckRowsCurrent(const Graph& graph) {
  absl::flat_hash_set<NodeOutput> deferred = FindDeferred(graph);
  if (deferred.empty()) return absl::OkStatus();
  const auto error = [&](absl::string_view who, NodeOutput x) {
    return absl::InvalidArgumentError(absl::StrCat(
        who, ": expected a value with all rows up to date, found ",
        graph.nodes[x.node].Describe(),
        ", whose updates are deferred: read it by deferred_rows, or behind "
        "deferred_flush"));
  };
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    if (node.is_variable()) continue;
    const auto defs = node.op->inputs.For(node.attrs);
    int32_t updated = 0;
    for (size_t i = 0; i < defs.size(); ++i) {
      const bool is_update = defs[i].access == Access::kUpdate;
      if (deferred.contains(node.inputs[i])) {
        if (defs[i].rows == Rows::kCurrent &&
            defs[i].access != Access::kUnread) {
          return error(
              absl::StrCat(node.Describe(), ": argument '", defs[i].name, "'"),
              node.inputs[i]);
        }
        if (IsWritten(defs[i].access) && defs[i].rows == Rows::kDeferred) {
          deferred.insert({static_cast<int32_t>(id),
                           is_update ? updated : node.hidden_output(i)});
        }
      }
      updated += is_update;
    }
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    if (deferred.contains(graph.outputs[i])) {
      return error(absl::StrCat("output ", i), graph.outputs[i]);
    }
  }
  return absl::OkStatus();
}

}  // namespace minnow
