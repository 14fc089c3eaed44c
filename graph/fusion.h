// Pointwise fusion: elementwise steps that follow one another run together,
// piece by piece, each piece small enough to stay in the first-level cache. So
// a chain or a tree of them reads and writes memory once, rather than once for
// each node.
//
// What is computed is the same, bit for bit, and so is where it lies: fusion
// changes the order in which elements are visited, and nothing else. That is
// why two arrays of fused steps must be the same memory, or share none.
#ifndef MINNOW_GRAPH_FUSION_H_
#define MINNOW_GRAPH_FUSION_H_

#include "minnow/graph/plan.h"

namespace minnow {

// Marks the steps that run together with the one before them.
void FuseSteps(Plan& plan);

}  // namespace minnow

#endif  // MINNOW_GRAPH_FUSION_H_
