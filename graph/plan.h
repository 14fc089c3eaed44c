// The plan: all that is decided about a run before anything runs.
//
// It says which kernel each node runs, how each value is stored and where it
// lies, where a fallback converts an input to dense, and where a copy is made.
// The executor follows it; people read it:
//
//   MINNOW_ASSIGN_OR_RETURN(
//       Plan plan, MakePlan(graph, {{"data", {.shape = {64, 784}}}}, {}));
//   std::cout << plan.ToString();
#ifndef MINNOW_GRAPH_PLAN_H_
#define MINNOW_GRAPH_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "minnow/graph/graph.h"
#include "minnow/graph/infer.h"
#include "minnow/graph/kernel.h"

namespace minnow {

// What the plan makes of a graph to save time; each can be left out. They
// change no bit of the results, but for products of other memory layouts
// (transpose), which may round differently.
struct Rewrites {
  // Equal nodes are computed once, see common_subexpressions.h.
  bool merge = true;
  // Products read what transposes read, see transpose_folding.h.
  bool transpose = true;
  // What is constant is computed at bind, see constant_folding.h.
  bool fold = true;
  // Elementwise steps run together, see fusion.h.
  bool fuse = true;
};

struct PlanOptions {
  // A conversion to dense that nobody asked for, and a copy of a variable that
  // is updated, are errors that name the node.
  bool strict_storage = false;
  // Of the arena; a larger one is an error. 0: no limit.
  int64_t memory_limit = 0;
  // Names of variables that keep their values for all runs, see
  // constant_folding.h. Those that the graph does not have are passed over.
  std::vector<std::string> constants = {};
  Rewrites rewrites = {};
};

// Where a value lies.
struct ValuePlace {
  enum class Kind : uint8_t {
    kNone,      // Nobody needs it.
    kVariable,  // In the array that is bound to a variable.
    kArena,
    kConstant,  // In the memory that is written at bind, and only then.
    kOwn,       // Sparse: in a buffer of its own, which grows as it must.
  };
  Kind kind = Kind::kNone;
  int32_t variable = -1;  // The node of the variable.
  int64_t offset = 0;     // In the arena, or among the constants.
};

// How a step runs together with the one before it, see fusion.h.
enum class Fusion : uint8_t { kNone, kChain, kBeside, kReader, kConsumer };

struct PlanStep {
  // The node whose kernel runs; -1 for a copy that ends an update. With groups
  // of inputs a node has a step for each of their kernels.
  int32_t node = -1;
  const Kernel* kernel = nullptr;  // Null for a copy.
  std::vector<int32_t> args;       // Values; for a copy from, to.
  // Where the operator has groups: those that the kernel runs for.
  std::vector<int32_t> groups;
  Prepared prepared;
  int64_t workspace_offset = 0;
  Fusion fusion = Fusion::kNone;
  std::string note;  // "fallback for step.grad", "copy of w".
};

struct Plan {
  // What runs: the targets' part of the graph that was given, with what the
  // plan has added to it.
  Graph graph;
  ValueIndex index;
  ValueTypes types;
  std::vector<StorageType> storages;  // By value.
  std::vector<ValuePlace> places;     // By value.
  // By node: whether its values are the same in all runs.
  std::vector<bool> constant;
  std::vector<PlanStep> steps;
  // The first steps run when the graph is bound, the others in each run.
  size_t num_constant_steps = 0;

  // Bytes of the arena; without sharing of memory; the largest live set.
  int64_t planned_bytes = 0;
  int64_t unshared_bytes = 0;
  int64_t lower_bound_bytes = 0;
  int64_t constant_bytes = 0;
  // Conversions to dense that no user asked for, and the bytes they make.
  int64_t num_fallbacks = 0;
  int64_t fallback_bytes = 0;

  // Behind the last one of the steps that run together with this one.
  size_t EndOfFused(size_t step) const;

  // One line a step, then totals.
  std::string ToString() const;

 private:
  std::string KernelColumn(const PlanStep& step) const;
  // Of all groups, where there are groups.
  int64_t OutputBytes(const PlanStep& step, int32_t out) const;
};

// Plans a run of all outputs and updates of `graph`. `variables` says what is
// bound, by name; those that the graph does not have are passed over.
absl::StatusOr<Plan> MakePlan(
    Graph graph,
    const absl::flat_hash_map<std::string, VariableType>& variables,
    const PlanOptions& options);

}  // namespace minnow

#endif  // MINNOW_GRAPH_PLAN_H_
