// Scheduling: in which order nodes run, and which values lie in the memory of
// others.
//
// A kernel writes the new value of an input in place, so all others that need
// the old value must run before. Where the graph has no such order, the node
// works on a copy. A variable that is updated gets its new value directly, in
// its own memory, where that can be; else a copy at the end of the run writes
// it.
#ifndef MINNOW_GRAPH_SCHEDULE_H_
#define MINNOW_GRAPH_SCHEDULE_H_

#include <cstdint>
#include <vector>

#include "minnow/graph/graph.h"
#include "minnow/graph/infer.h"
#include "minnow/graph/storage.h"

namespace minnow {

struct Schedule {
  // Operator nodes in the order in which they run. A node of which only the
  // shape is read is not among them.
  std::vector<int32_t> order;
  // By node: whether it runs when the graph is bound, and never again, or is a
  // variable that keeps its value; see constant_folding.h.
  std::vector<bool> constant;
  // By value: the input whose memory it takes over, if its node changes that
  // input in place, else -1.
  std::vector<int32_t> shares;
  // By value: the input that has to be copied into it before its node runs.
  std::vector<int32_t> copied_from;
  // By value: the variable (node id) in whose memory it lies, or -1. A variable
  // lies in its own.
  std::vector<int32_t> variable;
  // Updates (their numbers) that are copies at the end of the run.
  std::vector<int32_t> commits;
  // Values that are copied because their old value is needed later on, though
  // they update a variable.
  std::vector<int32_t> conflicts;
};

// REQUIRES: no output and no update of the graph is itself a variable that is
// updated (see SeparateVariables).
Schedule MakeSchedule(const Graph& graph, const ValueIndex& index,
                      const KernelChoice& choice);

// Puts an identity node between a variable and an output, or another variable's
// update, that wants its value: the handle of an output must not show an update
// of the same run, and two variables may exchange their values.
absl::StatusOr<Graph> SeparateVariables(Graph graph);

}  // namespace minnow

#endif  // MINNOW_GRAPH_SCHEDULE_H_
