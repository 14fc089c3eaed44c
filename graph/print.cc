#include "minnow/graph/print.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

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
      "  rankdir=TB;\n"
      "  node [fontname=\"Helvetica\", fontsize=10, style=filled];\n"
      "  edge [fontname=\"Helvetica\", fontsize=8, color=\"#555555\"];\n";
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    const bool is_variable = node.is_variable();
    const bool updates =
        !is_variable &&
        graph.nodes[id].num_outputs() > graph.nodes[id].num_visible_outputs();
    std::string label = node.name;
    if (!is_variable) {
      label = absl::StrCat(node.op->name, "\n", AttrsText(node));
    }
    absl::StrAppend(&dot, "  n", id, " [label=", Quoted(label),
                    ", shape=", is_variable ? "ellipse" : "box",
                    ", fillcolor=\"",
                    is_variable ? "#dbe9f6"
                    : updates   ? "#fde3c8"
                                : "#f2f2f2",
                    "\"];\n");
    for (NodeOutput x : node.inputs) {
      absl::StrAppend(&dot, "  n", x.node, " -> n", id);
      if (types != nullptr) {
        absl::StrAppend(&dot, " [label=",
                        Quoted(types->shapes[(*index)[x]].ToString()), "]");
      }
      dot += ";\n";
    }
  }
  for (const Update& update : graph.updates) {
    absl::StrAppend(&dot, "  n", update.value.node, " -> n", update.variable,
                    " [style=dashed, color=\"#c0504d\", constraint=false];\n");
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    absl::StrAppend(&dot, "  out", i, " [label=\"output ", i,
                    "\", shape=plaintext, fillcolor=white];\n  n",
                    graph.outputs[i].node, " -> out", i, ";\n");
  }
  return dot + "}\n";
}

}  // namespace minnow
