// Inference: the shape and the data type of every value of a graph.
//
//   ValueIndex index(graph);
//   VariableTypes known;
//   known[graph.Find("data")] = {.shape = {64, 784}, .dtype = DType::kFloat32};
//   MINNOW_ASSIGN_OR_RETURN(ValueTypes types, InferTypes(graph, index, known));
//   types.shapes[index[graph.outputs[0]]];   // (64,10)
//
// Facts travel in both directions, from inputs to outputs and back, until
// nothing new is learned; what stays unknown is no error here. Each node is
// looked at again only when one of its values has become better known, so the
// time is linear in the graph.
#ifndef MINNOW_GRAPH_INFER_H_
#define MINNOW_GRAPH_INFER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/graph/graph.h"

namespace minnow {

// What is known of a variable beside what its node says.
struct VariableType {
  Shape shape = {};
  std::optional<DType> dtype = {};
  std::optional<StorageType> storage = {};
};

// By the id of the variable's node.
using VariableTypes = absl::flat_hash_map<int32_t, VariableType>;

// By the numbers of a ValueIndex.
struct ValueTypes {
  std::vector<Shape> shapes;
  std::vector<std::optional<DType>> dtypes;

  // Of the value as if dense.
  // REQUIRES: CheckTypesKnown().
  int64_t DenseBytes(int32_t value) const {
    return shapes[value].num_elements() *
           static_cast<int64_t>(DTypeSize(*dtypes[value]));
  }
};

// A variable whose dtype nothing tells is float32. Errors name the node, its
// argument, what was expected and what was found.
absl::StatusOr<ValueTypes> InferTypes(const Graph& graph,
                                      const ValueIndex& index,
                                      const VariableTypes& known);

// An error unless every shape and dtype is known, and every array has a size
// that can be counted; lists all variables of unknown shape.
absl::Status CheckTypesKnown(const Graph& graph, const ValueIndex& index,
                             const ValueTypes& types);

}  // namespace minnow

#endif  // MINNOW_GRAPH_INFER_H_
