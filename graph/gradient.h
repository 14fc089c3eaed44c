// Differentiation, as a rewrite of the graph under construction.
//
//   Symbol loss = ...;
//   std::vector<Symbol> grads = Gradient(b, {loss}, {}, {w1, w2});
//
// The gradients are made of operators, so they can be differentiated again
// where their operators can.
#ifndef MINNOW_GRAPH_GRADIENT_H_
#define MINNOW_GRAPH_GRADIENT_H_

#include <vector>

#include "absl/types/span.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/symbol.h"

namespace minnow {

// Adds nodes that compute the gradients of sum_k <head_grads[k], heads[k]> with
// respect to `wrt`, and returns these, in the order of `wrt`.
//
// A head gradient that is omitted, or missing at the end, is ones. What several
// uses of a value contribute is summed in the order of the nodes. A `wrt` that
// is not reached gets zeros. An operator without a gradient is an error that
// names it, unless nothing flows through it.
std::vector<Symbol> Gradient(GraphBuilder& builder,
                             absl::Span<const Symbol> heads,
                             absl::Span<const Symbol> head_grads,
                             absl::Span<const Symbol> wrt);

}  // namespace minnow

#endif  // MINNOW_GRAPH_GRADIENT_H_
