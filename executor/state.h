// What an executor is made of; for executor.cc alone.
#ifndef MINNOW_EXECUTOR_STATE_H_
#define MINNOW_EXECUTOR_STATE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/ndarray.h"
#include "minnow/core/thread_pool.h"
#include "minnow/core/view.h"
#include "minnow/executor/executor.h"
#include "minnow/executor/fused_steps.h"
#include "minnow/graph/kernel.h"
#include "minnow/graph/plan.h"

namespace minnow {

// One call of a kernel, of a copy or of fused kernels, with all that it needs.
struct Step {
  // Its first step in the plan.
  size_t planned = 0;
  absl::Status (*run)(const RunContext& context, const void* attrs,
                      absl::Span<const ArrayRef* const> args);
  const void* attrs;
  absl::Span<const ArrayRef* const> args;
  RunContext context;
};

struct Executor::State {
  // Binds. The pool and the memory of another executor are used where they are
  // given, the memory if it is large enough.
  static absl::StatusOr<std::unique_ptr<State>> Make(
      const Graph& graph, BindOptions options,
      std::shared_ptr<ThreadPool> threads,
      const std::shared_ptr<ArrayData>& arena);

  State(Graph graph, BindOptions options, std::shared_ptr<ThreadPool> threads,
        Plan plan)
      : graph(std::move(graph)),
        options(std::move(options)),
        threads(std::move(threads)),
        plan(std::move(plan)) {}

  // The node of a variable, and of one that may get another array.
  absl::StatusOr<int32_t> FindVariable(absl::string_view name) const;
  absl::StatusOr<int32_t> FindReplaceable(absl::string_view name) const;
  // After the array of a variable has been replaced.
  void PointToVariable(int32_t node);
  absl::Status MakeOutputs();
  // The steps that run once, at bind, and those of each run.
  absl::Span<const Step> ConstantSteps() const {
    return absl::MakeConstSpan(steps).first(plan.num_constant_steps);
  }
  absl::Span<const Step> EachRun() const {
    return absl::MakeConstSpan(steps).subspan(plan.num_constant_steps);
  }
  absl::Status RunSteps(absl::Span<const Step> part);
  absl::Status RunStepsProfiled();

  Graph graph;          // As it was given.
  BindOptions options;  // As they were given; `variables` has all arrays.
  std::shared_ptr<ThreadPool> threads;
  Plan plan;
  std::shared_ptr<ArrayData> arena;
  Buffer constants;

  // By value. Steps point to them, so that a variable can get another array.
  std::vector<ArrayRef> refs;
  std::vector<NDArray> own;     // By value: buffers of sparse values.
  std::vector<NDArray> arrays;  // By node: of variables.
  absl::flat_hash_map<std::string, int32_t> variables;  // To nodes.

  // By node: attributes, copied where some of them are dynamic.
  std::vector<std::shared_ptr<void>> attrs;
  std::vector<int64_t> copy_bytes;
  std::vector<const ArrayRef*> args;
  std::vector<std::unique_ptr<FusedSteps>> fused;
  std::vector<Prepared> kept;  // What kernels have made of constants.
  std::vector<Step> steps;     // First those that run once.
  std::vector<Step*> random_steps;
  std::vector<NDArray> outputs;

  uint64_t num_runs = 0;
  absl::Status broken;
  std::unique_ptr<Profile> profile;

 private:
  absl::Status MakeArena(const std::shared_ptr<ArrayData>& reusable);
  absl::Status MakeRefs();
  void MakeSteps();
  Step MakeStep(size_t planned);
  // Has kernels make what they can of constants.
  absl::Status KeepConstants();
  // The error of a step, with what had happened before it.
  absl::Status Failed(const Step& step, const absl::Status& status);
};

}  // namespace minnow

#endif  // MINNOW_EXECUTOR_STATE_H_
