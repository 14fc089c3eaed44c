// Fusion: elementwise steps that follow one another run together.
//
// As a chain, if their arrays have one size: piece by piece, all steps on a
// piece before the next one, each piece small enough to stay in the first-level
// cache. So a chain or a tree of them reads and writes memory once, rather than
// once for each node.
//
// A chain may end with a step that reads what it has made in blocks, as
// reductions do: the chain runs on each block just before it is read.
//
// It may also begin with a step that can make its result in blocks, as products
// do: the chain runs on each block just after it is made, and the result as a
// whole is never in memory. That needs a chain that is all that reads it, and
// that writes neither to what the first step reads nor to where its blocks lie.
//
// Side by side, if they are updates of variables that have nothing to do with
// one another: as one parallel loop over all of them, whatever their number and
// sizes.
//
// What is computed is the same, bit for bit, and so is where it lies, but for
// what a chain consumes: fusion changes the order in which elements are
// visited, and nothing else.
#ifndef MINNOW_GRAPH_FUSION_H_
#define MINNOW_GRAPH_FUSION_H_

#include "minnow/graph/plan.h"

namespace minnow {

// Sets PlanStep::fusion.
void FuseSteps(Plan& plan);

}  // namespace minnow

#endif  // MINNOW_GRAPH_FUSION_H_
