// Variables whose updates are deferred: some of their rows are out of date, and
// only operators that say so (see Rows in op_def.h) may read them.
//
//   MINNOW_RETURN_IF_ERROR(CheckRowsCurrent(graph));
#ifndef MINNOW_GRAPH_DEFERRAL_H_
#define MINNOW_GRAPH_DEFERRAL_H_

#include "absl/status/status.h"
#include "minnow/graph/graph.h"

namespace minnow {

// An error if an output, or an input that must be up to date, is a deferred
// variable or a new value of it that is deferred as well.
// REQUIRES: all nodes have the inputs that their operators ask for.
absl::Status CheckRowsCurrent(const Graph& graph);

}  // namespace minnow

#endif  // MINNOW_GRAPH_DEFERRAL_H_
