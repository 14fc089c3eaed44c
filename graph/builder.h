// Building graphs.
//
//   GraphBuilder b(BuiltinOps());
//   Symbol w = b.Variable("w"), g = b.Variable("g"), m = b.Variable("m");
//   Symbol next = op::SgdMomUpdate(w, g, m, {.lr = 0.1f}, {.out = w});
//   absl::StatusOr<Graph> graph = b.Build({next});
//
// Errors are kept: the first one is what Build() returns, and whatever is built
// from a failed symbol fails in turn, so that a model can be written as plain
// expressions.
//
// The symbol of a variable always means the value that the variable had when
// the run began. What it has afterwards is said by updates: `.out = w`, an
// operator that mutates its input, or Update().
#ifndef MINNOW_GRAPH_BUILDER_H_
#define MINNOW_GRAPH_BUILDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/graph/graph.h"
#include "minnow/graph/op_registry.h"
#include "minnow/graph/symbol.h"

namespace minnow {

// Options of a node that are no attributes of its operator.
struct NodeOptions {
  // Default: the operator's name and a number, such as "square0".
  std::string name = {};
  // A variable that takes the (first) output as its new value.
  Symbol out = {};
  std::vector<Annotation> annotations = {};
};

struct BuildOptions {
  // Without them the graph has no effects: what inference needs.
  bool updates = true;
};

// The symbols of a graph that was imported into a builder.
class ImportedGraph {
 public:
  // A variable, or the first output of a node, by its name; failed if there is
  // none.
  Symbol operator[](absl::string_view name) const;
  absl::Span<const Symbol> outputs() const { return outputs_; }

 private:
  friend class GraphBuilder;
  GraphBuilder* builder_ = nullptr;
  absl::flat_hash_map<std::string, Symbol> by_name_;
  std::vector<Symbol> outputs_;
};

class GraphBuilder {
 public:
  explicit GraphBuilder(std::shared_ptr<const OpRegistry> registry);
  GraphBuilder(const GraphBuilder&) = delete;
  GraphBuilder& operator=(const GraphBuilder&) = delete;

  // An input, parameter or state. Its name must be new.
  Symbol Variable(absl::string_view name, VariableAttrs attrs = {},
                  std::vector<Annotation> annotations = {});

  // Adds a node and returns its first output. Omitted inputs, and those that
  // are missing at the end, become variables named "<node>_<input>".
  Symbol Add(absl::string_view op, absl::Span<const Symbol> inputs,
             Attrs attrs = {}, NodeOptions options = {});
  // The same with inputs by name.
  Symbol AddByName(absl::string_view op,
                   absl::Span<const std::pair<std::string, Symbol>> inputs,
                   Attrs attrs = {}, NodeOptions options = {});
  // The same with attributes as they stand in files.
  Symbol AddParsed(absl::string_view op, absl::Span<const Symbol> inputs,
                   absl::Span<const NamedAttr> attrs, NodeOptions options = {});
  // A node of an operator that the registry lacks, for loaders: it can be
  // printed and saved, not bound.
  Symbol AddUnknown(absl::string_view op, absl::Span<const Symbol> inputs,
                    size_t num_outputs, absl::Span<const NamedAttr> attrs,
                    NodeOptions options = {});

  // Another output of the node of `x`, hidden ones included.
  Symbol Output(Symbol x, size_t output);
  // All outputs of the node of `x` but the hidden ones; `count` failed symbols
  // if `x` has failed.
  std::vector<Symbol> Outputs(Symbol x, size_t count);
  // The new value of an input that the node of `x` mutates.
  Symbol NewValue(Symbol x, size_t input);

  // `variable` takes `value` when a run ends. A variable has one update; a
  // second one replaces it if it is computed from the first one's value.
  void Update(Symbol variable, Symbol value);
  // The value that `variable` will have when a run ends: that of its update,
  // or its own.
  Symbol Latest(Symbol variable) const;

  // Copies the nodes and updates of a graph. Names must be new.
  ImportedGraph Import(const Graph& graph);

  // The variable, or the first output of the node, of this name; failed, with
  // an error of its own, if there is none.
  Symbol Find(absl::string_view name);

  // The first error, or the graph of all that `outputs` and the updates need.
  absl::StatusOr<Graph> Build(absl::Span<const Symbol> outputs,
                              BuildOptions options = {}) const;

  // Notes an error, unless there was one already; returns a failed symbol.
  Symbol Fail(absl::Status status);
  const absl::Status& status() const { return status_; }

  // For passes.
  const Node& node(int32_t id) const { return nodes_[id]; }
  int32_t num_nodes() const { return static_cast<int32_t>(nodes_.size()); }
  const OpRegistry& registry() const { return *registry_; }
  const std::vector<minnow::Update>& updates() const { return updates_; }

 private:
  Symbol AddNode(Node node);
  std::string UniqueName(absl::string_view op);
  // The variable whose latest value is `value`, or is `value` itself; else -1.
  int32_t VariableOf(NodeOutput value) const;
  absl::Status SetUpdate(int32_t variable, NodeOutput value);
  bool DependsOn(NodeOutput value, NodeOutput on) const;
  absl::Status CheckInput(const Symbol& input) const;
  // Adds a node of `op`, whose attributes are known to be of its type.
  Symbol AddOp(const OpDef* op, absl::Span<const Symbol> inputs, Attrs attrs,
               NodeOptions options);

  std::shared_ptr<const OpRegistry> registry_;
  std::vector<Node> nodes_;
  std::vector<minnow::Update> updates_;
  absl::flat_hash_map<int32_t, size_t> update_of_;         // By variable.
  absl::flat_hash_map<NodeOutput, int32_t> latest_value_;  // To the variable.
  absl::flat_hash_map<std::string, int32_t> by_name_;
  absl::flat_hash_map<std::string, int64_t> name_counters_;
  std::vector<std::shared_ptr<const OpDef>> unknown_ops_;
  uint64_t next_stream_ = 1;
  absl::Status status_;
};

}  // namespace minnow

#endif  // MINNOW_GRAPH_BUILDER_H_
