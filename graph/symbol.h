// A symbol: one output of a node of a graph under construction.
//
//   Symbol x = b.Variable("x");
//   Symbol y = op::Square(x) + 2.0f * x;
#ifndef MINNOW_GRAPH_SYMBOL_H_
#define MINNOW_GRAPH_SYMBOL_H_

#include <cstdint>

namespace minnow {

class GraphBuilder;

// One output of a node, by numbers. Outputs of a node are counted so: first
// those that its operator lists, then, hidden, the new value of each input that
// it mutates.
struct NodeOutput {
  int32_t node = -1;
  int32_t output = 0;
  bool operator==(const NodeOutput&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const NodeOutput& x) {
    return H::combine(std::move(h), x.node, x.output);
  }
};

// A cheap handle, to be passed by value. The builder must outlive it.
//
// A default one means "omitted": the operator then makes a variable of its own
// for that input. After an error a symbol has a builder, but no node.
struct Symbol {
  GraphBuilder* builder = nullptr;
  NodeOutput at;

  bool omitted() const { return builder == nullptr; }
  bool failed() const { return builder != nullptr && at.node < 0; }
};

}  // namespace minnow

#endif  // MINNOW_GRAPH_SYMBOL_H_
