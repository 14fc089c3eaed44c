#include "minnow/graph/constant_folding.h"

#include <algorithm>
#include <vector>

namespace minnow {

void FoldConstants(const Graph& graph, const ValueIndex& index,
                   const ValueTypes& types, const KernelChoice& choice,
                   Schedule& schedule) {
  // Values that change: an operator takes over their memory, or their reader
  // gets them when the run is over.
  std::vector<bool> changes(static_cast<size_t>(index.size()));
  for (const int32_t value : schedule.shares) {
    if (value >= 0) changes[value] = true;
  }
  for (NodeOutput x : graph.outputs) changes[index[x]] = true;
  const auto is_constant_value = [&](int32_t value) {
    return !changes[value] && schedule.variable[value] < 0 &&
           choice.storages[value] == StorageType::kDense &&
           types.DenseBytes(value) <= kMaxConstantBytes;
  };
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    if (!node.IsPure() || node.op->fails_on_data) continue;
    const auto defs = node.op->inputs.For(node.attrs);
    bool constant = true;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      constant = constant && (defs[i].access == Access::kUnread ||
                              schedule.constant[node.inputs[i].node]);
    }
    for (int32_t i = 0; i < index.count(id); ++i) {
      constant = constant && is_constant_value(index.first(id) + i);
    }
    schedule.constant[id] = constant;
  }
  std::stable_partition(schedule.order.begin(), schedule.order.end(),
                        [&](int32_t id) { return schedule.constant[id]; });
}

}  // namespace minnow
