// Executor: runs a graph on arrays.
//
//   MINNOW_ASSIGN_OR_RETURN(
//       Executor step,
//       Executor::Bind(graph, {.variables = {{"w", w}, {"g", g}}}));
//   MINNOW_RETURN_IF_ERROR(step.Run());
//   step.Output(0);                   // Valid until the next Run().
//   step.Variable("m");               // A state, allocated at bind.
//
// Binding does all that can be done once: inference, choice of kernels, plan,
// memory, preparation of kernels. A run is a loop over prepared steps.
//
// Arrays are shared, not copied: a variable that the graph updates changes in
// the array that was bound to it, and two executors may share weights.
//
// Thread safety: one thread uses an executor at a time. Different executors may
// run at once if no one writes an array that they share.
#ifndef MINNOW_EXECUTOR_EXECUTOR_H_
#define MINNOW_EXECUTOR_EXECUTOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "minnow/core/ndarray.h"
#include "minnow/core/thread_pool.h"
#include "minnow/executor/profile.h"
#include "minnow/executor/slot.h"
#include "minnow/graph/graph.h"
#include "minnow/graph/plan.h"

namespace minnow {

struct BindOptions {
  // Arrays by the names of variables. A variable without one is allocated if it
  // is a state (zeros, or what its operator says) or has an initializer; any
  // other that is needed is an error.
  absl::flat_hash_map<std::string, NDArray> variables = {};
  // Operators such as Dropout behave as in training.
  bool training = false;
  // What to compute: numbers of outputs, and names of variables that are
  // updated. Default: all.
  std::optional<std::vector<size_t>> outputs = {};
  std::optional<std::vector<std::string>> updates = {};
  uint64_t seed = 0;
  // 0: as many as the machine runs at once. The results do not depend on it.
  int threads = 0;
  // See PlanOptions.
  bool strict_storage = false;
  int64_t memory_limit = 0;
  // Names of variables whose arrays keep their values as long as the executor
  // lives, such as the weights of a network that is trained: what depends on
  // them alone is computed at bind, and products keep a copy of them in the
  // layout that they compute with.
  std::vector<std::string> constants = {};
  Rewrites rewrites = {};
  // Record the time of every step.
  bool profile = false;
};

class Executor {
 public:
  // Errors name the node, the argument, what was expected and what was found;
  // all variables that lack an array are listed at once.
  static absl::StatusOr<Executor> Bind(const Graph& graph, BindOptions options);

  Executor(Executor&&) noexcept;
  Executor& operator=(Executor&&) noexcept;
  ~Executor();

  // Computes outputs and updates. An error of an operator on its data (a bad
  // index) comes before anything is written, where the graph allows that order;
  // else the error says which variables have changed, and the executor is
  // broken: it runs no more.
  absl::Status Run();

  size_t num_outputs() const;
  // REQUIRES: i < num_outputs(). The values are valid until the next run.
  const NDArray& Output(size_t i) const;

  // The array of a variable, bound or allocated.
  absl::StatusOr<NDArray> Variable(absl::string_view name) const;
  // Names of all variables in use, in the order of the graph.
  std::vector<std::string> VariableNames() const;
  // Another array of the same shape, dtype and storage for a variable, which
  // must not be a constant.
  absl::Status SetInput(absl::string_view name, const NDArray& array);

  // An executor for other shapes of some variables (another batch size). All
  // other arrays are shared, slots have their present values, and the memory
  // for intermediate values is shared where it is large enough: outputs of
  // either are valid until either runs.
  absl::StatusOr<Executor> Reshape(
      const absl::flat_hash_map<std::string, Shape>& shapes) const;

  // A dynamic attribute of a node.
  absl::StatusOr<Slot> FindSlot(absl::string_view node,
                                absl::string_view attribute) const;
  // Sets the attribute in every node that has it: to `value`, times the
  // annotation "__lr_mult__" (for "lr") of the node, or else of the variable
  // that it updates. An error if no node has such a dynamic attribute.
  absl::Status SetAll(absl::string_view attribute, double value);
  // All dynamic attributes, as a checkpoint keeps them.
  std::vector<SlotValue> SlotValues() const;
  absl::Status RestoreSlots(absl::Span<const SlotValue> values);

  // Runs completed; random operators draw by it. A resumed executor takes over
  // the number.
  uint64_t num_runs() const;
  void set_num_runs(uint64_t runs);

  const Plan& plan() const;
  const ThreadPool& threads() const;
  // Null unless it was asked for.
  const Profile* profile() const;

 private:
  struct State;
  explicit Executor(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace minnow

#endif  // MINNOW_EXECUTOR_EXECUTOR_H_
