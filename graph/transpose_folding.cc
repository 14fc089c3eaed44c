#include "minnow/graph/transpose_folding.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace minnow {

bool FoldTransposes(Graph& graph, const ValueIndex& index,
                    const ValueTypes& types, const KernelChoice& choice) {
  const auto is_dense = [&](NodeOutput x) {
    return choice.storages[index[x]] == StorageType::kDense;
  };
  bool any = false;
  for (Node& node : graph.nodes) {
    if (node.is_variable() || node.op->with_transposed == nullptr ||
        !std::all_of(node.inputs.begin(), node.inputs.end(), is_dense)) {
      continue;
    }
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Node& source = graph.nodes[node.inputs[i].node];
      if (source.is_variable() || source.op->is_transpose == nullptr) continue;
      const size_t rank = types.shapes[index[node.inputs[i]]].rank();
      if (!source.op->is_transpose(source.attrs, rank) ||
          !is_dense(source.inputs[0])) {
        continue;
      }
      std::optional<Attrs> attrs =
          node.op->with_transposed(node.attrs, i, rank);
      if (!attrs.has_value()) continue;
      node.attrs = *std::move(attrs);
      node.inputs[i--] = source.inputs[0];  // Which may be one, too.
      any = true;
    }
  }
  if (any) graph = RemoveDeadNodes(std::move(graph));
  return any;
}

}  // namespace minnow
