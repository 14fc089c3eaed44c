#include "minnow/graph/builder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/deferral.h"

namespace minnow {
namespace {

// The attributes of a node of `op`. An operator without required attributes may
// be added without any.
absl::StatusOr<Attrs> AttrsFor(const OpDef& op, Attrs attrs) {
  if (attrs.type() == op.attrs) return attrs;
  absl::StatusOr<Attrs> own = absl::InvalidArgumentError(
      "the attributes are of another operator's type");
  if (attrs.type() == AttrsTypeOf<NoAttrs>()) own = Attrs::Parse(op.attrs, {});
  if (own.ok()) return own;
  return Annotate(own.status(), absl::StrCat("operator '", op.name, "'"));
}

}  // namespace

GraphBuilder::GraphBuilder(std::shared_ptr<const OpRegistry> registry)
    : registry_(std::move(registry)) {}

Symbol GraphBuilder::Fail(absl::Status status) {
  status_.Update(std::move(status));
  return {this, {}};
}

Symbol GraphBuilder::AddNode(Node node) {
  const int32_t id = num_nodes();
  const auto [existing, is_new] = by_name_.try_emplace(node.name, id);
  if (!is_new) {
    return Fail(absl::InvalidArgumentError(
        absl::StrCat(node.Describe(), ": the name is that of ",
                     nodes_[existing->second].Describe())));
  }
  nodes_.push_back(std::move(node));
  return {this, {id, 0}};
}

Symbol GraphBuilder::Variable(absl::string_view name, VariableAttrs attrs,
                              std::vector<Annotation> annotations) {
  if (!status_.ok()) return {this, {}};
  if (name.empty()) {
    return Fail(absl::InvalidArgumentError("a variable needs a name"));
  }
  // Most variables say nothing of themselves; they share one value.
  static const Attrs* const unspecified = new Attrs(VariableAttrs{});
  const bool specified = attrs.shape.known_rank() || attrs.dtype.has_value() ||
                         attrs.stype.has_value() || attrs.init.has_value();
  Node node;
  node.name = std::string(name);
  node.attrs = specified ? Attrs(std::move(attrs)) : *unspecified;
  node.annotations = std::move(annotations);
  return AddNode(std::move(node));
}

std::string GraphBuilder::UniqueName(absl::string_view op) {
  int64_t& counter = name_counters_[op];
  std::string name;
  do {
    name = absl::StrCat(op, counter++);
  } while (by_name_.contains(name));
  return name;
}

absl::Status GraphBuilder::CheckInput(const Symbol& input) const {
  if (input.builder != this) {
    return absl::InvalidArgumentError(
        "expected a symbol of this builder, found one of another");
  }
  if (input.at.node >= num_nodes() ||
      (input.at.node >= 0 && static_cast<size_t>(input.at.output) >=
                                 nodes_[input.at.node].num_outputs())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there is no output ", input.at.output, " of node ", input.at.node));
  }
  return absl::OkStatus();
}

Symbol GraphBuilder::Add(absl::string_view op_name,
                         absl::Span<const Symbol> inputs, Attrs attrs,
                         NodeOptions options) {
  if (!status_.ok()) return {this, {}};
  absl::StatusOr<const OpDef*> op = registry_->Get(op_name);
  if (!op.ok()) return Fail(op.status());
  absl::StatusOr<Attrs> own = AttrsFor(**op, std::move(attrs));
  if (!own.ok()) return Fail(own.status());
  return AddOp(*op, inputs, *std::move(own), std::move(options));
}

Symbol GraphBuilder::AddParsed(absl::string_view op_name,
                               absl::Span<const Symbol> inputs,
                               absl::Span<const NamedAttr> named,
                               NodeOptions options) {
  if (!status_.ok()) return {this, {}};
  absl::StatusOr<const OpDef*> op = registry_->Get(op_name);
  if (!op.ok()) return Fail(op.status());
  absl::StatusOr<Attrs> attrs = Attrs::Parse((*op)->attrs, named);
  if (!attrs.ok()) {
    return Fail(Annotate(
        attrs.status(),
        options.name.empty()
            ? absl::StrCat("operator '", op_name, "'")
            : absl::StrCat("node '", options.name, "' (", op_name, ")")));
  }
  return AddOp(*op, inputs, *std::move(attrs), std::move(options));
}

Symbol GraphBuilder::AddByName(
    absl::string_view op_name,
    absl::Span<const std::pair<std::string, Symbol>> inputs, Attrs attrs,
    NodeOptions options) {
  if (!status_.ok()) return {this, {}};
  absl::StatusOr<const OpDef*> op = registry_->Get(op_name);
  if (!op.ok()) return Fail(op.status());
  absl::StatusOr<Attrs> own = AttrsFor(**op, std::move(attrs));
  if (!own.ok()) return Fail(own.status());
  const auto defs = (*op)->inputs.For(*own);
  std::vector<Symbol> ordered(defs.size());
  std::vector<bool> given(defs.size());
  for (const auto& [name, symbol] : inputs) {
    const auto def = std::find_if(
        defs.begin(), defs.end(),
        [&name = name](const InputDef& d) { return d.name == name; });
    const size_t i = static_cast<size_t>(def - defs.begin());
    if (i == defs.size() || given[i]) {
      return Fail(absl::InvalidArgumentError(absl::StrCat(
          "operator '", (*op)->name, "': argument '", name,
          i == defs.size() ? "' is unknown" : "' is given twice")));
    }
    given[i] = true;
    ordered[i] = symbol;
  }
  return AddOp(*op, ordered, *std::move(own), std::move(options));
}

Symbol GraphBuilder::AddUnknown(absl::string_view op,
                                absl::Span<const Symbol> inputs,
                                size_t num_outputs,
                                absl::Span<const NamedAttr> named,
                                NodeOptions options) {
  if (!status_.ok()) return {this, {}};
  unknown_ops_.push_back(
      std::make_shared<const OpDef>(UnknownOp(op, inputs.size(), num_outputs)));
  const OpDef* placeholder = unknown_ops_.back().get();
  absl::StatusOr<Attrs> attrs = Attrs::Parse(placeholder->attrs, named);
  if (!attrs.ok()) return Fail(attrs.status());
  return AddOp(placeholder, inputs, *std::move(attrs), std::move(options));
}

Symbol GraphBuilder::AddOp(const OpDef* op, absl::Span<const Symbol> inputs,
                           Attrs attrs, NodeOptions options) {
  Node node;
  node.op = op;
  node.name =
      options.name.empty() ? UniqueName(op->name) : std::move(options.name);
  node.attrs = std::move(attrs);
  node.annotations = std::move(options.annotations);
  if (op->random) node.stream = next_stream_++;
  const auto defs = op->inputs.For(node.attrs);
  if (inputs.size() > defs.size()) {
    return Fail(absl::InvalidArgumentError(
        absl::StrCat(node.Describe(), ": expected ", defs.size(),
                     " inputs, found ", inputs.size())));
  }
  node.inputs.reserve(defs.size());
  for (size_t i = 0; i < defs.size(); ++i) {
    Symbol input = i < inputs.size() ? inputs[i] : Symbol{};
    if (input.omitted()) {
      input = Variable(absl::StrCat(node.name, "_", defs[i].name));
    }
    absl::Status status = CheckInput(input);
    if (status.ok() && input.failed()) return {this, {}};
    if (status.ok() && defs[i].access == Access::kMutate &&
        VariableOf(input.at) < 0) {
      status = absl::InvalidArgumentError(absl::StrCat(
          "it is mutated: expected a variable or its latest value, found ",
          nodes_[input.at.node].Describe()));
    }
    if (!status.ok()) {
      return Fail(Annotate(status, absl::StrCat(node.Describe(), ": argument '",
                                                defs[i].name, "'")));
    }
    node.inputs.push_back(input.at);
  }
  const std::vector<NodeOutput> node_inputs = node.inputs;
  const std::string what = node.Describe();
  int32_t hidden = static_cast<int32_t>(node.num_visible_outputs());
  const Symbol result = AddNode(std::move(node));
  if (result.failed()) return result;
  for (size_t i = 0; i < defs.size(); ++i) {
    if (defs[i].access != Access::kMutate) continue;
    absl::Status status =
        SetUpdate(VariableOf(node_inputs[i]), {result.at.node, hidden++});
    if (!status.ok()) {
      return Fail(Annotate(
          status, absl::StrCat(what, ": argument '", defs[i].name, "'")));
    }
  }
  if (!options.out.omitted()) Update(options.out, result);
  return result;
}

Symbol GraphBuilder::Output(Symbol x, size_t output) {
  if (x.omitted() || x.failed() || !status_.ok()) return {this, {}};
  const Symbol result = {this, {x.at.node, static_cast<int32_t>(output)}};
  if (absl::Status status = CheckInput(result); !status.ok()) {
    return Fail(status);
  }
  return result;
}

std::vector<Symbol> GraphBuilder::Outputs(Symbol x, size_t count) {
  std::vector<Symbol> outputs;
  for (size_t i = 0; i < count; ++i) outputs.push_back(Output(x, i));
  return outputs;
}

Symbol GraphBuilder::NewValue(Symbol x, size_t input) {
  if (x.omitted() || x.failed() || !status_.ok()) return {this, {}};
  return Output(x, static_cast<size_t>(nodes_[x.at.node].hidden_output(input)));
}

int32_t GraphBuilder::VariableOf(NodeOutput value) const {
  if (nodes_[value.node].is_variable()) return value.node;
  const auto found = latest_value_.find(value);
  return found == latest_value_.end() ? -1 : found->second;
}

bool GraphBuilder::DependsOn(NodeOutput value, NodeOutput on) const {
  // Inputs have lower ids, so one pass downwards sees all that `value` needs.
  std::vector<bool> needed(static_cast<size_t>(value.node - on.node) + 1);
  if (value.node < on.node) return false;
  needed.back() = true;
  for (int32_t id = value.node; id > on.node; --id) {
    if (!needed[static_cast<size_t>(id - on.node)]) continue;
    for (NodeOutput x : nodes_[id].inputs) {
      if (x == on) return true;
      if (x.node > on.node)
        needed[static_cast<size_t>(x.node - on.node)] = true;
    }
  }
  return false;
}

absl::Status GraphBuilder::SetUpdate(int32_t variable, NodeOutput value) {
  const auto [found, is_new] =
      update_of_.try_emplace(variable, updates_.size());
  if (is_new) {
    updates_.push_back({variable, value});
  } else {
    NodeOutput& previous = updates_[found->second].value;
    if (previous != value) {
      if (value.node < previous.node || !DependsOn(value, previous)) {
        return absl::InvalidArgumentError(absl::StrCat(
            nodes_[variable].Describe(), " is updated by ",
            nodes_[previous.node].Describe(),
            " already; a second update must be computed from the first"));
      }
      latest_value_.erase(previous);
      previous = value;
    }
  }
  latest_value_[value] = variable;
  return absl::OkStatus();
}

void GraphBuilder::Update(Symbol variable, Symbol value) {
  if (!status_.ok()) return;
  for (const Symbol& symbol : {variable, value}) {
    absl::Status status = CheckInput(symbol);
    if (!status.ok()) {
      Fail(Annotate(status, "update"));
      return;
    }
    if (symbol.failed()) return;
  }
  const int32_t target = VariableOf(variable.at);
  if (target < 0) {
    Fail(absl::InvalidArgumentError(
        absl::StrCat("update: expected a variable, found ",
                     nodes_[variable.at.node].Describe())));
    return;
  }
  if (absl::Status status = SetUpdate(target, value.at); !status.ok()) {
    Fail(Annotate(status, nodes_[value.at.node].Describe()));
  }
}

Symbol GraphBuilder::Latest(Symbol variable) const {
  if (variable.omitted() || variable.failed()) return variable;
  const auto found = update_of_.find(variable.at.node);
  if (found == update_of_.end()) return variable;
  return {variable.builder, updates_[found->second].value};
}

ImportedGraph GraphBuilder::Import(const Graph& graph) {
  ImportedGraph imported;
  imported.builder_ = this;
  imported.outputs_.assign(graph.outputs.size(), {this, {}});
  if (!status_.ok()) return imported;
  if (absl::Status status = ValidateGraph(graph); !status.ok()) {
    Fail(status);
    return imported;
  }
  const int32_t offset = num_nodes();
  unknown_ops_.insert(unknown_ops_.end(), graph.unknown_ops.begin(),
                      graph.unknown_ops.end());
  for (Node node : graph.nodes) {
    for (NodeOutput& x : node.inputs) x.node += offset;
    if (node.op != nullptr && !node.op->unknown &&
        registry_->Find(node.op->name) != node.op) {
      Fail(absl::InvalidArgumentError(absl::StrCat(
          node.Describe(),
          ": expected an operator of this builder's registry, found one of "
          "another")));
      return imported;
    }
    if (node.op != nullptr && node.op->random) {
      // Streams keep their numbers where nobody has taken them.
      if (node.stream < next_stream_) node.stream = next_stream_;
      next_stream_ = node.stream + 1;
    }
    const Symbol symbol = AddNode(std::move(node));
    if (symbol.failed()) return imported;
    imported.by_name_[nodes_.back().name] = symbol;
  }
  for (const minnow::Update& update : graph.updates) {
    absl::Status status =
        SetUpdate(update.variable + offset,
                  {update.value.node + offset, update.value.output});
    if (!status.ok()) {
      Fail(status);
      return imported;
    }
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    imported.outputs_[i].at = {graph.outputs[i].node + offset,
                               graph.outputs[i].output};
  }
  return imported;
}

Symbol ImportedGraph::operator[](absl::string_view name) const {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return found->second;
  return builder_->Fail(absl::NotFoundError(
      absl::StrCat("the imported graph has no node '", name, "'")));
}

Symbol GraphBuilder::Find(absl::string_view name) {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return {this, {found->second, 0}};
  return Fail(
      absl::NotFoundError(absl::StrCat("the graph has no node '", name, "'")));
}

absl::StatusOr<Graph> GraphBuilder::Build(absl::Span<const Symbol> outputs,
                                          BuildOptions options) const {
  if (!status_.ok()) return status_;
  Graph graph;
  graph.registry = registry_;
  graph.unknown_ops = unknown_ops_;
  for (size_t i = 0; i < outputs.size(); ++i) {
    absl::Status status = CheckInput(outputs[i]);
    if (status.ok() && outputs[i].failed()) {
      status = absl::InvalidArgumentError("the symbol has failed");
    }
    if (!status.ok()) return Annotate(status, absl::StrCat("output ", i));
    graph.outputs.push_back(outputs[i].at);
  }
  graph.nodes = nodes_;
  if (options.updates) graph.updates = updates_;
  graph = RemoveDeadNodes(std::move(graph));
  MINNOW_RETURN_IF_ERROR(CheckRowsCurrent(graph));
  return graph;
}

}  // namespace minnow
