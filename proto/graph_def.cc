#include "minnow/proto/graph_def.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/proto/attr_codec.h"
#include "minnow/proto/checks.h"
#include "minnow/proto/graph_codec.h"

namespace minnow {
namespace {

// Enough for protobuf to work at full speed.
constexpr int kNodesOfPiece = 256;

// Of all placeholders of a file together: a few bytes of it can claim that an
// operator has billions.
constexpr size_t kMaxUnknownOutputs = size_t{1} << 20;

void EncodeOutput(NodeOutput x, ValueDef& def) {
  def.set_node(x.node);
  def.set_output(x.output);
}

absl::StatusOr<NodeOutput> DecodeOutput(const ValueDef& def) {
  MINNOW_RETURN_IF_ERROR(CheckKnownFields(def));
  return NodeOutput{def.node(), def.output()};
}

absl::Status EncodeNodeBody(const Node& node, NodeDef& def) {
  if (!node.is_variable()) {
    MINNOW_RETURN_IF_ERROR(CheckUtf8("operator", node.op->name));
    def.set_op(node.op->name);
    def.set_op_version(node.op->version);
  }
  // All attributes, so that a new default does not change old files. Those of
  // a variable say nothing where they have their default, now and later.
  for (const NamedAttr& attr :
       node.is_variable() ? node.attrs.non_default() : node.attrs.named()) {
    MINNOW_RETURN_IF_ERROR(EncodeAttr(attr, *def.add_attrs()));
  }
  for (NodeOutput x : node.inputs) EncodeOutput(x, *def.add_inputs());
  for (const auto& [key, value] : node.annotations) {
    MINNOW_RETURN_IF_ERROR(CheckUtf8("key of an annotation", key));
    MINNOW_RETURN_IF_ERROR(
        CheckUtf8(absl::StrCat("annotation '", key, "'"), value));
    AnnotationDef& annotation = *def.add_annotations();
    annotation.set_key(key);
    annotation.set_value(value);
  }
  def.set_stream(node.stream);
  return absl::OkStatus();
}

absl::Status EncodeNode(size_t id, const Node& node, NodeDef& def) {
  MINNOW_RETURN_IF_ERROR(
      CheckUtf8(absl::StrCat("name of node ", id), node.name));
  def.set_name(node.name);
  return Annotate(EncodeNodeBody(node, def), node.Describe());
}

absl::Status DecodeNodeBody(const NodeDef& def, Node& node) {
  MINNOW_RETURN_IF_ERROR(CheckKnownFields(def));
  node.stream = def.stream();
  node.inputs.reserve(static_cast<size_t>(def.inputs_size()));
  for (const ValueDef& input : def.inputs()) {
    MINNOW_ASSIGN_OR_RETURN(NodeOutput x, DecodeOutput(input));
    node.inputs.push_back(x);
  }
  node.annotations.reserve(static_cast<size_t>(def.annotations_size()));
  for (const AnnotationDef& annotation : def.annotations()) {
    MINNOW_RETURN_IF_ERROR(CheckKnownFields(annotation));
    MINNOW_RETURN_IF_ERROR(CheckUtf8("key of an annotation", annotation.key()));
    MINNOW_RETURN_IF_ERROR(
        CheckUtf8(absl::StrCat("annotation '", annotation.key(), "'"),
                  annotation.value()));
    node.annotations.emplace_back(annotation.key(), annotation.value());
  }
  return absl::OkStatus();
}

absl::StatusOr<Attrs> DecodeAttrs(const NodeDef& def, const AttrsType* type) {
  std::vector<NamedAttr> named;
  named.reserve(static_cast<size_t>(def.attrs_size()));
  for (const AttrDef& attr_def : def.attrs()) {
    MINNOW_ASSIGN_OR_RETURN(NamedAttr attr, DecodeAttr(attr_def));
    named.push_back(std::move(attr));
  }
  return Attrs::Parse(type, named);
}

}  // namespace

absl::Status EncodeGraph(
    const Graph& graph,
    absl::FunctionRef<absl::Status(const GraphDef& piece)> write) {
  GraphDef piece;
  piece.set_entries(static_cast<int64_t>(
      graph.nodes.size() + graph.outputs.size() + graph.updates.size()));
  piece.set_version(kGraphVersion);
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    MINNOW_RETURN_IF_ERROR(EncodeNode(id, graph.nodes[id], *piece.add_nodes()));
    if (piece.nodes_size() == kNodesOfPiece) {
      MINNOW_RETURN_IF_ERROR(write(piece));
      piece.Clear();
    }
  }
  for (NodeOutput x : graph.outputs) EncodeOutput(x, *piece.add_outputs());
  for (const Update& update : graph.updates) {
    UpdateDef& def = *piece.add_updates();
    def.set_variable(update.variable);
    EncodeOutput(update.value, *def.mutable_value());
  }
  return write(piece);
}

GraphDefReader::GraphDefReader(std::shared_ptr<const OpRegistry> registry) {
  graph_.registry = std::move(registry);
}

absl::Status GraphDefReader::Add(const GraphDef& piece) {
  // First of all: a newer file may have new fields, too.
  if (piece.version() < 0 || piece.version() > kGraphVersion) {
    return absl::InvalidArgumentError(absl::StrCat(
        "version of the graph: expected at most ", kGraphVersion, ", found ",
        piece.version(), ": a newer program wrote it"));
  }
  if (piece.version() != 0) version_ = piece.version();
  if (piece.entries() != 0) entries_ = piece.entries();
  MINNOW_RETURN_IF_ERROR(CheckKnownFields(piece));
  for (const NodeDef& node : piece.nodes()) {
    MINNOW_RETURN_IF_ERROR(AddNode(node));
  }
  for (const ValueDef& output : piece.outputs()) {
    MINNOW_ASSIGN_OR_RETURN(NodeOutput x, DecodeOutput(output));
    graph_.outputs.push_back(x);
  }
  for (const UpdateDef& update : piece.updates()) {
    MINNOW_RETURN_IF_ERROR(CheckKnownFields(update));
    MINNOW_ASSIGN_OR_RETURN(NodeOutput x, DecodeOutput(update.value()));
    graph_.updates.push_back({update.variable(), x});
  }
  return absl::OkStatus();
}

absl::Status GraphDefReader::AddNode(const NodeDef& def) {
  const std::string what = absl::StrCat("node ", num_nodes());
  if (def.name().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(what, " has no name"));
  }
  MINNOW_RETURN_IF_ERROR(CheckUtf8(absl::StrCat("name of ", what), def.name()));
  MINNOW_RETURN_IF_ERROR(
      CheckUtf8(absl::StrCat("operator of ", what), def.op()));
  Node node;
  node.name = def.name();
  absl::Status status = DecodeNodeBody(def, node);
  if (status.ok()) status = SetOperator(def, node);
  if (!status.ok()) {
    return Annotate(
        status, def.op().empty()
                    ? absl::StrCat("variable '", def.name(), "'")
                    : absl::StrCat("node '", def.name(), "' (", def.op(), ")"));
  }
  graph_.nodes.push_back(std::move(node));
  return absl::OkStatus();
}

absl::Status GraphDefReader::SetOperator(const NodeDef& def, Node& node) {
  if (def.op().empty()) {
    MINNOW_ASSIGN_OR_RETURN(node.attrs,
                            DecodeAttrs(def, AttrsTypeOf<VariableAttrs>()));
    return absl::OkStatus();
  }
  node.op = graph_.registry->Find(def.op());
  if (node.op == nullptr) {
    static const AttrsType* const any_attrs = UnknownOp("", 0, 0).attrs;
    MINNOW_ASSIGN_OR_RETURN(node.attrs, DecodeAttrs(def, any_attrs));
    unknown_.push_back({num_nodes(), def.op(), def.op_version()});
    return absl::OkStatus();
  }
  if (def.op_version() < 0 || def.op_version() > node.op->version) {
    return absl::InvalidArgumentError(absl::StrCat(
        "version of the operator: expected at most ", node.op->version,
        ", found ", def.op_version(), ": a newer program wrote the file"));
  }
  MINNOW_ASSIGN_OR_RETURN(node.attrs, DecodeAttrs(def, node.op->attrs));
  return absl::OkStatus();
}

absl::Status GraphDefReader::CheckEntries() const {
  const int64_t found = static_cast<int64_t>(
      graph_.nodes.size() + graph_.outputs.size() + graph_.updates.size());
  if (entries_ == 0 || entries_ == found) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "expected ", entries_, " nodes, outputs and updates, found ", found,
      ": the file was cut off; or it was edited by hand, and `entries` should "
      "be removed"));
}

absl::Status GraphDefReader::MakePlaceholders() {
  absl::flat_hash_map<int32_t, UnknownNode*> by_node;
  for (UnknownNode& unknown : unknown_) {
    by_node[static_cast<int32_t>(unknown.node)] = &unknown;
  }
  const auto read = [&](NodeOutput x) {
    const auto found = by_node.find(x.node);
    if (found == by_node.end() || x.output < 0) return;
    size_t& count = found->second->num_outputs;
    count = std::max(count, static_cast<size_t>(x.output) + 1);
  };
  for (const Node& node : graph_.nodes) {
    for (NodeOutput x : node.inputs) read(x);
  }
  for (NodeOutput x : graph_.outputs) read(x);
  for (const Update& update : graph_.updates) read(update.value);

  size_t total_outputs = 0;
  absl::flat_hash_map<std::tuple<std::string, int64_t, size_t, size_t>,
                      const OpDef*>
      placeholders;
  for (const UnknownNode& unknown : unknown_) {
    Node& node = graph_.nodes[unknown.node];
    const OpDef*& placeholder = placeholders[{
        unknown.op, unknown.version, node.inputs.size(), unknown.num_outputs}];
    if (placeholder == nullptr) {
      total_outputs += unknown.num_outputs;
      if (total_outputs > kMaxUnknownOutputs) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "node '", node.name, "' (", unknown.op,
            "): expected unknown operators to have at most ",
            kMaxUnknownOutputs, " outputs together, found ", total_outputs));
      }
      auto op = std::make_shared<OpDef>(
          UnknownOp(unknown.op, node.inputs.size(), unknown.num_outputs));
      op->version = unknown.version;
      placeholder = op.get();
      graph_.unknown_ops.push_back(std::move(op));
    }
    node.op = placeholder;
  }
  return absl::OkStatus();
}

absl::StatusOr<Graph> GraphDefReader::Finish() {
  if (version_ == 0) {
    return absl::InvalidArgumentError(
        "expected the version of a graph, found none: this is no minnow graph, "
        "or it was cut off");
  }
  MINNOW_RETURN_IF_ERROR(CheckEntries());
  if (!unknown_.empty()) MINNOW_RETURN_IF_ERROR(MakePlaceholders());
  MINNOW_RETURN_IF_ERROR(ValidateGraph(graph_));
  return std::move(graph_);
}

}  // namespace minnow
