// Memory planning: where in one arena each value lies, by its lifetime.
//
// Values whose lifetimes do not overlap share memory; an elementwise operator
// writes over an input that nobody needs any more. What must lie in one place
// (a state that is changed in place) is one block.
#ifndef MINNOW_GRAPH_MEMORY_PLAN_H_
#define MINNOW_GRAPH_MEMORY_PLAN_H_

#include <cstdint>
#include <vector>

#include "minnow/graph/graph.h"
#include "minnow/graph/infer.h"
#include "minnow/graph/schedule.h"
#include "minnow/graph/storage.h"

namespace minnow {

struct MemoryPlan {
  // By value: its place in the arena, or among the constants; -1 where it lies
  // in a variable, or is sparse and has a buffer of its own.
  std::vector<int64_t> offsets;
  // By position in the schedule: the place of the node's scratch memory.
  std::vector<int64_t> workspaces;
  // The size of the arena, what it would be without sharing, and the least
  // that any plan can do: the largest set of blocks that live at once.
  int64_t planned_bytes = 0;
  int64_t unshared_bytes = 0;
  int64_t lower_bound_bytes = 0;
  int64_t constant_bytes = 0;
};

// `workspace_bytes` has an entry for each position of the schedule.
MemoryPlan PlanMemory(const Graph& graph, const ValueIndex& index,
                      const ValueTypes& types, const KernelChoice& choice,
                      const Schedule& schedule,
                      absl::Span<const int64_t> workspace_bytes);

}  // namespace minnow

#endif  // MINNOW_GRAPH_MEMORY_PLAN_H_
