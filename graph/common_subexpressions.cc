#include "minnow/graph/common_subexpressions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace minnow {
Graph MergeCommonSubexpressions(Graph graph) {
  using Key = std::pair<const OpDef*, std::vector<NodeOutput>>;
  // Nodes with different attributes.
  absl::flat_hash_map<Key, std::vector<int32_t>> first;
  std::vector<int32_t> same_as(graph.nodes.size());
  bool any = false;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    same_as[id] = static_cast<int32_t>(id);
    Node& node = graph.nodes[id];
    for (NodeOutput& x : node.inputs) x.node = same_as[x.node];
    if (!node.IsPure()) continue;
    std::vector<int32_t>& candidates = first[Key(node.op, node.inputs)];
    const auto found = std::find_if(
        candidates.begin(), candidates.end(),
        [&](int32_t other) { return graph.nodes[other].attrs == node.attrs; });
    if (found == candidates.end()) {
      candidates.push_back(static_cast<int32_t>(id));
    } else {
      same_as[id] = *found;
      any = true;
    }
  }
  if (!any) return graph;
  for (NodeOutput& x : graph.outputs) x.node = same_as[x.node];
  for (Update& update : graph.updates) {
    update.value.node = same_as[update.value.node];
  }
  return RemoveDeadNodes(std::move(graph));
}

}  // namespace minnow
