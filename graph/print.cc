#include "minnow/graph/print.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace minnow {
namespace {

std::string InputText(const Graph& graph, NodeOutput x) {
  const Node& node = graph.nodes[x.node];
  if (node.num_outputs() == 1) return node.name;
  return absl::StrCat(node.name, ":", x.output);
}

std::string AttrsText(const Node& node) {
  return absl::StrJoin(node.attrs.non_default(), " ",
                       [](std::string* out, const NamedAttr& a) {
                         absl::StrAppend(out, a.name, "=", AttrText(a.value));
                       });
}

// A text in quotes, as Graphviz reads it.
std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

// The name, and what is there; not the name that an unnamed node got.
std::string Title(const Node& node) {
  if (node.is_variable()) return node.name;
  absl::string_view number = node.name;
  if (absl::ConsumePrefix(&number, node.op->name) &&
      absl::c_all_of(number, absl::ascii_isdigit)) {
    return node.op->name;
  }
  return absl::StrCat(node.name, ": ", node.op->name);
}

constexpr absl::string_view kInputColor = "#e4f1dc";
constexpr absl::string_view kParameterColor = "#d9e8f6";
constexpr absl::string_view kOperatorColor = "#f5f5f5";
constexpr absl::string_view kUpdateColor = "#fde3c8";
constexpr absl::string_view kUpdateArrow = "style=dashed, color=\"#c0504d\"";

}  // namespace

std::string AlignColumns(absl::Span<const std::vector<std::string>> rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t c = 0; c < row.size(); ++c) {
      widths[c] = std::max(widths[c], row[c].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      line += row[c];
      line.append(widths[c] + 2 - row[c].size(), ' ');
    }
    line.resize(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string GraphTable(const Graph& graph) {
  std::vector<std::vector<std::string>> rows = {
      {"node", "operator", "inputs", "attributes"}};
  for (const Node& node : graph.nodes) {
    rows.push_back({node.name, node.is_variable() ? "variable" : node.op->name,
                    absl::StrJoin(node.inputs, ", ",
                                  [&](std::string* out, NodeOutput x) {
                                    *out += InputText(graph, x);
                                  }),
                    AttrsText(node)});
  }
  std::string text = AlignColumns(rows);
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    absl::StrAppend(&text, "output ", i, ": ",
                    InputText(graph, graph.outputs[i]), "\n");
  }
  for (const Update& update : graph.updates) {
    absl::StrAppend(&text, "update ", graph.nodes[update.variable].name, " <- ",
                    InputText(graph, update.value), "\n");
  }
  return text;
}

std::string GraphDot(const Graph& graph, const ValueIndex* index,
                     const ValueTypes* types) {
  std::string dot =
      "digraph minnow {\n"
      "  graph [ranksep=0.35, nodesep=0.2];\n"
      "  node [fontname=\"Helvetica\", fontsize=11, height=0.3, "
      "margin=\"0.12,0.05\", style=\"filled,rounded\", color=\"#8c8c8c\"];\n"
      "  edge [fontname=\"Helvetica\", fontsize=9, color=\"#8c8c8c\", "
      "fontcolor=\"#666666\", arrowsize=0.7];\n";
  const auto shape_of = [&](NodeOutput x) {
    const Shape shape = types != nullptr ? types->shapes[(*index)[x]]
                        : graph.nodes[x.node].is_variable()
                            ? graph.nodes[x.node].variable().shape
                            : Shape();
    return shape.known_rank() ? shape.ToString() : "";
  };
  std::vector<NodeOutput> new_values(graph.nodes.size());  // Of variables.
  std::vector<bool> updates(graph.nodes.size());
  for (const Update& update : graph.updates) {
    new_values[update.variable] = update.value;
    updates[update.value.node] = true;
  }
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    const int32_t number = static_cast<int32_t>(id);
    const bool is_variable = node.is_variable();
    const bool is_updated = new_values[id].node >= 0;
    const std::string details =
        is_variable ? shape_of({number, 0}) : AttrsText(node);
    absl::StrAppend(
        &dot, "  n", id, " [label=",
        Quoted(absl::StrCat(Title(node), details.empty() ? "" : "\n", details)),
        is_variable ? ", shape=ellipse" : ", shape=box", ", fillcolor=\"",
        is_variable ? (is_updated ? kParameterColor : kInputColor)
                    : (updates[id] ? kUpdateColor : kOperatorColor),
        "\"];\n");
    for (NodeOutput x : node.inputs) {
      const bool is_old_value = new_values[x.node].node == number;
      const std::string shape =
          graph.nodes[x.node].is_variable() ? "" : shape_of(x);
      absl::StrAppend(
          &dot, "  n", x.node, " -> n", id,
          is_old_value    ? absl::StrCat(" [dir=both, ", kUpdateArrow, "]")
          : shape.empty() ? ""
                          : absl::StrCat(" [label=", Quoted(shape), "]"),
          ";\n");
    }
  }
  for (const Update& update : graph.updates) {
    const std::vector<NodeOutput>& inputs =
        graph.nodes[update.value.node].inputs;
    if (absl::c_linear_search(inputs, NodeOutput{update.variable, 0})) continue;
    absl::StrAppend(&dot, "  n", update.value.node, " -> n", update.variable,
                    " [constraint=false, ", kUpdateArrow, "];\n");
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    absl::StrAppend(&dot, "  out", i, " [label=\"output ", i,
                    "\", shape=plaintext, style=solid];\n  n",
                    graph.outputs[i].node, " -> out", i, ";\n");
  }
  return dot + "}\n";
}

}  // namespace minnow
