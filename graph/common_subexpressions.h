// Common subexpressions: nodes that compute the same are computed once.
//
//   y = exp(x) + exp(x);  // One exp.
//
// Nodes are the same if they have the same operator, attributes and inputs. Not
// merged are nodes that draw random numbers, change an input, or have an
// attribute that can change between runs.
#ifndef MINNOW_GRAPH_COMMON_SUBEXPRESSIONS_H_
#define MINNOW_GRAPH_COMMON_SUBEXPRESSIONS_H_

#include "minnow/graph/graph.h"

namespace minnow {

// The first of several equal nodes stays.
Graph MergeCommonSubexpressions(Graph graph);

}  // namespace minnow

#endif  // MINNOW_GRAPH_COMMON_SUBEXPRESSIONS_H_
