#include "minnow/graph/infer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

// For each value the nodes that read it, as ranges of one array.
class Readers {
 public:
  Readers(const Graph& graph, const ValueIndex& index)
      : begin_(static_cast<size_t>(index.size()) + 1) {
    for (const Node& node : graph.nodes) {
      for (NodeOutput x : node.inputs) ++begin_[index[x] + 1];
    }
    for (size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
    nodes_.resize(static_cast<size_t>(begin_.back()));
    std::vector<int32_t> next(begin_.begin(), begin_.end() - 1);
    for (size_t id = 0; id < graph.nodes.size(); ++id) {
      for (NodeOutput x : graph.nodes[id].inputs) {
        nodes_[next[index[x]]++] = static_cast<int32_t>(id);
      }
    }
  }

  absl::Span<const int32_t> of(int32_t value) const {
    return absl::MakeConstSpan(nodes_).subspan(
        begin_[value], begin_[value + 1] - begin_[value]);
  }

 private:
  std::vector<int32_t> begin_;
  std::vector<int32_t> nodes_;
};

// Nodes that have to be looked at: first in, first out, each at most once.
class Worklist {
 public:
  explicit Worklist(size_t num_nodes) : waiting_(num_nodes) {}

  void Add(int32_t node) {
    if (waiting_[node]) return;
    waiting_[node] = true;
    nodes_.push_back(node);
  }
  bool empty() const { return next_ == nodes_.size(); }
  int32_t Take() {
    const int32_t node = nodes_[next_++];
    waiting_[node] = false;
    if (next_ == nodes_.size()) {
      nodes_.clear();
      next_ = 0;
    }
    return node;
  }

 private:
  std::vector<bool> waiting_;
  std::vector<int32_t> nodes_;
  size_t next_ = 0;
};

// Propagates one kind of fact (shapes or dtypes) through the graph. `Context`
// is what inference functions see of a node.
template <typename Context, typename Value>
class Propagation {
 public:
  using InferFn = absl::Status (*)(Context&);

  Propagation(const Graph& graph, const ValueIndex& index,
              const Readers& readers, InferFn OpDef::*infer,
              std::vector<Value>& values)
      : graph_(graph),
        index_(index),
        readers_(readers),
        infer_(infer),
        values_(values),
        worklist_(graph.nodes.size()) {}

  // Looks at all nodes, and again at those that learned something.
  absl::Status Run() {
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      worklist_.Add(static_cast<int32_t>(id));
    }
    return Drain();
  }

  // Goes on from a value that has become known.
  absl::Status ValueChanged(int32_t node, int32_t value) {
    worklist_.Add(node);
    for (int32_t reader : readers_.of(value)) worklist_.Add(reader);
    return Drain();
  }

 private:
  absl::Status Drain() {
    while (!worklist_.empty()) MINNOW_RETURN_IF_ERROR(Visit(worklist_.Take()));
    return absl::OkStatus();
  }

  absl::Status Visit(int32_t id) {
    const Node& node = graph_.nodes[id];
    if (node.is_variable() || node.op->unknown) return absl::OkStatus();
    inputs_.clear();
    outputs_.clear();
    before_.clear();
    for (NodeOutput x : node.inputs) inputs_.push_back(&values_[index_[x]]);
    for (int32_t i = 0; i < index_.count(id); ++i) {
      outputs_.push_back(&values_[index_.first(id) + i]);
    }
    for (Value* value : inputs_) before_.push_back(*value);
    for (Value* value : outputs_) before_.push_back(*value);
    Context context(
        node, inputs_,
        absl::MakeConstSpan(outputs_).first(node.num_visible_outputs()));
    absl::Status status = TieNewValues(node);
    if (status.ok()) status = (node.op->*infer_)(context);
    if (status.ok()) status = TieNewValues(node);
    if (!status.ok()) return Annotate(status, node.Describe());
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (*inputs_[i] == before_[i]) continue;
      const NodeOutput x = node.inputs[i];
      worklist_.Add(x.node);
      for (int32_t reader : readers_.of(index_[x])) worklist_.Add(reader);
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (*outputs_[i] == before_[inputs_.size() + i]) continue;
      const int32_t value = index_.first(id) + static_cast<int32_t>(i);
      for (int32_t reader : readers_.of(value)) worklist_.Add(reader);
    }
    return absl::OkStatus();
  }

  // The new value of an input is of the input's type.
  absl::Status TieNewValues(const Node& node) {
    Context all(node, inputs_, outputs_);
    const auto defs = node.op->inputs.For(node.attrs);
    size_t updated = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!IsWritten(defs[i].access)) continue;
      const size_t output = defs[i].access == Access::kUpdate
                                ? updated++
                                : static_cast<size_t>(node.hidden_output(i));
      MINNOW_RETURN_IF_ERROR(all.MergeOutput(output, all.input(i)));
      MINNOW_RETURN_IF_ERROR(all.MergeInput(i, all.output(output)));
    }
    return absl::OkStatus();
  }

  const Graph& graph_;
  const ValueIndex& index_;
  const Readers& readers_;
  InferFn OpDef::*infer_;
  std::vector<Value>& values_;
  Worklist worklist_;
  // Of the node that is looked at.
  std::vector<Value*> inputs_, outputs_;
  std::vector<Value> before_;
};

}  // namespace

absl::StatusOr<ValueTypes> InferTypes(const Graph& graph,
                                      const ValueIndex& index,
                                      const VariableTypes& known) {
  ValueTypes types;
  types.shapes.resize(static_cast<size_t>(index.size()));
  types.dtypes.resize(static_cast<size_t>(index.size()));
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    if (!node.is_variable()) continue;
    const int32_t value = index.first(id);
    Shape& shape = types.shapes[value];
    shape = node.variable().shape;
    types.dtypes[value] = node.variable().dtype;
    const auto given = known.find(static_cast<int32_t>(id));
    if (given == known.end()) continue;
    MINNOW_RETURN_IF_ERROR(
        Annotate(shape.Merge(given->second.shape), node.Describe()));
    const std::optional<DType> dtype = given->second.dtype;
    if (!dtype.has_value()) continue;
    if (types.dtypes[value].value_or(*dtype) != *dtype) {
      return absl::InvalidArgumentError(absl::StrCat(
          node.Describe(), ": expected dtype ", DTypeName(*types.dtypes[value]),
          ", found ", DTypeName(*dtype)));
    }
    types.dtypes[value] = dtype;
  }
  const Readers readers(graph, index);
  Propagation<ShapeInference, Shape> shapes(graph, index, readers,
                                            &OpDef::shape, types.shapes);
  MINNOW_RETURN_IF_ERROR(shapes.Run());
  Propagation<DTypeInference, std::optional<DType>> dtypes(
      graph, index, readers, &OpDef::dtype, types.dtypes);
  MINNOW_RETURN_IF_ERROR(dtypes.Run());
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const int32_t value = index.first(id);
    if (!graph.nodes[id].is_variable() || types.dtypes[value].has_value()) {
      continue;
    }
    types.dtypes[value] = DType::kFloat32;
    MINNOW_RETURN_IF_ERROR(
        dtypes.ValueChanged(static_cast<int32_t>(id), value));
  }
  return types;
}

absl::Status CheckTypesKnown(const Graph& graph, const ValueIndex& index,
                             const ValueTypes& types) {
  std::vector<std::string> unknown;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Shape& shape = types.shapes[index.first(id)];
    if (graph.nodes[id].is_variable() && !shape.known()) {
      unknown.push_back(
          absl::StrCat("'", graph.nodes[id].name, "' ", shape.ToString()));
    }
  }
  if (!unknown.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the shapes of these variables are not known: ",
                     absl::StrJoin(unknown, ", ")));
  }
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    for (int32_t i = 0; i < index.count(id); ++i) {
      const int32_t value = index.first(id) + i;
      const std::optional<DType> dtype = types.dtypes[value];
      absl::Status status;
      if (!dtype.has_value()) {
        status = absl::InvalidArgumentError("the dtype is not known");
      } else {
        status = types.shapes[value].CheckedBytes(*dtype).status();
      }
      if (!status.ok()) {
        return Annotate(status, absl::StrCat(node.Describe(), ": output ", i));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace minnow
