// Constant folding: what depends on no variable, or only on those that keep
// their values for all runs, is computed once, when the graph is bound.
//
//   mask = _arange(...) < 3;  y = x * mask;  // A run multiplies.
//
// What depends on shapes alone is constant, too: the ones_like with which
// gradients begin.
#ifndef MINNOW_GRAPH_CONSTANT_FOLDING_H_
#define MINNOW_GRAPH_CONSTANT_FOLDING_H_

#include "minnow/graph/graph.h"
#include "minnow/graph/infer.h"
#include "minnow/graph/schedule.h"
#include "minnow/graph/storage.h"

namespace minnow {

// A larger value would cost more memory than it saves time.
inline constexpr int64_t kMaxConstantBytes = int64_t{1} << 20;

// Adds nodes to schedule.constant, which has the variables that keep their
// values, and moves them to the front of the order. Not among them are nodes
// whose values are written to after they were computed, or that are not dense,
// or that an operator with an error for some data makes.
void FoldConstants(const Graph& graph, const ValueIndex& index,
                   const ValueTypes& types, const KernelChoice& choice,
                   Schedule& schedule);

}  // namespace minnow

#endif  // MINNOW_GRAPH_CONSTANT_FOLDING_H_
