// Graphs: nodes in an order in which each comes after its inputs.
//
// A graph holds a whole computation: variables, operator nodes, outputs, and
// the updates of variables that make a training step. It is plain data, made by
// a GraphBuilder or a codec, and read by passes: a pass is a loop over the
// nodes with side tables by node id.
//
//   for (size_t id = 0; id < graph.nodes.size(); ++id) {
//     const Node& node = graph.nodes[id];
//     if (node.is_variable()) ...
//   }
#ifndef MINNOW_GRAPH_GRAPH_H_
#define MINNOW_GRAPH_GRAPH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/graph/initializer.h"
#include "minnow/graph/op_def.h"
#include "minnow/graph/op_registry.h"
#include "minnow/graph/symbol.h"

namespace minnow {

// What is known of a variable before it is bound.
struct VariableAttrs {
  Shape shape = {};
  std::optional<DType> dtype = {};
  std::optional<StorageType> stype = {};
  std::optional<Initializer> init = {};

  static auto Fields() {
    using A = VariableAttrs;
    return std::tuple(
        Field("shape", &A::shape, "Its shape, as far as it is known."),
        Field("dtype", &A::dtype, "The type of its elements."),
        Field("stype", &A::stype, "How its elements are stored."),
        Field("init", &A::init, "What it starts with if it is not bound."));
  }
};

// Free text that travels with a node and means nothing to operators.
using Annotation = std::pair<std::string, std::string>;

struct Node {
  const OpDef* op = nullptr;  // Null for a variable.
  std::string name;
  Attrs attrs;  // VariableAttrs for a variable.
  std::vector<NodeOutput> inputs;
  std::vector<Annotation> annotations;
  uint64_t stream = 0;  // Of random numbers, where op->random.

  bool is_variable() const { return op == nullptr; }
  const VariableAttrs& variable() const { return attrs.As<VariableAttrs>(); }
  // The operator's outputs and the hidden ones; 1 for a variable.
  size_t num_outputs() const;
  size_t num_visible_outputs() const;
  // The hidden output that is the new value of the mutated input `i`.
  int32_t hidden_output(size_t i) const;
  // Of each input the output that is its new value, hidden or not; -1 where it
  // is not changed.
  std::vector<int32_t> NewValues() const;
  // Whether it computes the same from equal inputs, in every run: it draws no
  // numbers, changes no input, and has no attribute that can change. A variable
  // computes nothing.
  bool IsPure() const;
  // Null if there is no such annotation.
  const std::string* annotation(absl::string_view key) const;
  // "node 'fc1' (FullyConnected)", for error messages.
  std::string Describe() const;
};

// The variable takes this value when a run ends.
struct Update {
  int32_t variable = -1;
  NodeOutput value;
  bool operator==(const Update&) const = default;
};

struct Graph {
  std::shared_ptr<const OpRegistry> registry;
  std::vector<Node> nodes;
  std::vector<NodeOutput> outputs;
  std::vector<Update> updates;
  // The placeholders that nodes of unknown operators point to.
  std::vector<std::shared_ptr<const OpDef>> unknown_ops;

  // The id of the node with this name, or -1. Takes time linear in the graph.
  int32_t Find(absl::string_view name) const;
  // "softmax_output" as MXNet has it, "name_output1" where there are several,
  // or the name of the variable.
  std::string OutputName(NodeOutput output) const;
  // For each node id: of a variable that an input with Role::kState reads, what
  // its elements start with if it has no initializer.
  std::vector<std::optional<double>> FindStates() const;
};

// Checks what passes rely on: inputs come before their readers, outputs exist,
// arities fit, names are unique and not empty, updates go to variables and at
// most once, mutated inputs are variables or their new values. For graphs that
// come from files.
absl::Status ValidateGraph(const Graph& graph);

// Keeps only what the outputs and updates need, in the same order.
Graph RemoveDeadNodes(Graph graph);

// Numbers all outputs of all nodes, so that passes can keep side tables by
// value.
class ValueIndex {
 public:
  explicit ValueIndex(const Graph& graph);

  int32_t size() const { return first_.back(); }
  int32_t operator[](NodeOutput x) const { return first_[x.node] + x.output; }
  int32_t first(size_t node) const { return first_[node]; }
  int32_t count(size_t node) const { return first_[node + 1] - first_[node]; }

 private:
  std::vector<int32_t> first_;
};

}  // namespace minnow

#endif  // MINNOW_GRAPH_GRAPH_H_
