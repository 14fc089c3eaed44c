// Graphs for people: as a table, and as a picture by Graphviz.
//
//   std::cout << GraphTable(graph);
//   GraphDot(graph);   // For `dot -Tsvg`.
#ifndef MINNOW_GRAPH_PRINT_H_
#define MINNOW_GRAPH_PRINT_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "minnow/graph/graph.h"
#include "minnow/graph/infer.h"

namespace minnow {

// Rows as lines, with each column as wide as its widest cell. The first row is
// the heading.
std::string AlignColumns(absl::Span<const std::vector<std::string>> rows);

// One line a node: name, operator, inputs, attributes that are no defaults;
// then outputs and updates.
std::string GraphTable(const Graph& graph);

// The graph in the language of Graphviz: variables as ellipses, operators as
// boxes. A dashed arrow leads to a variable that is updated; it points both
// ways where the old value is an input of the new one. With `types`, edges say
// shapes.
std::string GraphDot(const Graph& graph, const ValueIndex* index = nullptr,
                     const ValueTypes* types = nullptr);

}  // namespace minnow

#endif  // MINNOW_GRAPH_PRINT_H_
