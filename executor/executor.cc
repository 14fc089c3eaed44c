#include "minnow/executor/executor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/executor/binding.h"
#include "minnow/executor/state.h"

namespace minnow {

Executor::Executor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Executor::Executor(Executor&&) noexcept = default;
Executor& Executor::operator=(Executor&&) noexcept = default;
Executor::~Executor() = default;

absl::StatusOr<Executor> Executor::Bind(const Graph& graph,
                                        BindOptions options) {
  MINNOW_ASSIGN_OR_RETURN(
      std::unique_ptr<State> state,
      State::Make(graph, std::move(options), nullptr, nullptr));
  return Executor(std::move(state));
}

absl::Status Executor::Run() {
  State& state = *state_;
  if (!state.broken.ok()) return state.broken;
  for (Step* step : state.random_steps) {
    step->context.random.run = state.num_runs;
  }
  MINNOW_RETURN_IF_ERROR(state.profile == nullptr
                             ? state.RunSteps(state.EachRun())
                             : state.RunStepsProfiled());
  ++state.num_runs;
  return absl::OkStatus();
}

size_t Executor::num_outputs() const { return state_->outputs.size(); }

const NDArray& Executor::Output(size_t i) const { return state_->outputs[i]; }

absl::StatusOr<NDArray> Executor::Variable(absl::string_view name) const {
  MINNOW_ASSIGN_OR_RETURN(const int32_t node, state_->FindVariable(name));
  return state_->arrays[node];
}

std::vector<std::string> Executor::VariableNames() const {
  std::vector<std::string> names;
  for (size_t id = 0; id < state_->arrays.size(); ++id) {
    if (state_->arrays[id]) names.push_back(state_->plan.graph.nodes[id].name);
  }
  return names;
}

absl::Status Executor::SetInput(absl::string_view name, const NDArray& array) {
  State& state = *state_;
  MINNOW_ASSIGN_OR_RETURN(const int32_t node, state.FindReplaceable(name));
  NDArray& bound = state.arrays[node];
  if (!array || array.shape() != bound.shape() ||
      array.dtype() != bound.dtype() || array.storage() != bound.storage()) {
    return absl::InvalidArgumentError(
        absl::StrCat("variable '", name, "': expected ", bound.Describe(),
                     ", found ", array ? array.Describe() : "none"));
  }
  if (array.data() == state.arena) {
    return absl::InvalidArgumentError(
        absl::StrCat("variable '", name,
                     "': expected an array that lasts, found an output of this "
                     "executor, which the next run overwrites; copy it"));
  }
  const NDArray previous = std::exchange(bound, array);
  if (absl::Status status = CheckOverlaps(state.plan, state.arrays);
      !status.ok()) {
    bound = previous;
    return status;
  }
  state.options.variables[name] = array;
  state.PointToVariable(node);
  return state.MakeOutputs();
}

absl::StatusOr<Executor> Executor::Reshape(
    const absl::flat_hash_map<std::string, Shape>& shapes) const {
  BindOptions options = state_->options;
  for (const auto& [name, shape] : shapes) {
    MINNOW_ASSIGN_OR_RETURN(const int32_t node, state_->FindReplaceable(name));
    const NDArray& bound = state_->arrays[node];
    MINNOW_ASSIGN_OR_RETURN(
        options.variables[name],
        NDArray::Zeros(shape, bound.dtype(), bound.storage()));
  }
  MINNOW_ASSIGN_OR_RETURN(std::unique_ptr<State> state,
                          State::Make(state_->graph, std::move(options),
                                      state_->threads, state_->arena));
  Executor reshaped(std::move(state));
  reshaped.set_num_runs(num_runs());
  MINNOW_RETURN_IF_ERROR(reshaped.RestoreSlots(SlotValues()));
  return reshaped;
}

absl::StatusOr<Slot> Executor::FindSlot(absl::string_view node_name,
                                        absl::string_view attribute) const {
  const int32_t id = state_->plan.graph.Find(node_name);
  if (id < 0) {
    return absl::NotFoundError(
        absl::StrCat("there is no node '", node_name, "' in this plan"));
  }
  const Node& node = state_->plan.graph.nodes[id];
  const auto& fields = node.attrs.type()->fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (node.is_variable() || fields[i].name != attribute) continue;
    if (!fields[i].dynamic) {
      return absl::FailedPreconditionError(absl::StrCat(
          node.Describe(), ": attribute '", attribute,
          "' is fixed when the graph is bound; bind again to change it"));
    }
    return Slot(node.attrs.type()->dynamic_field(state_->attrs[id].get(), i));
  }
  return absl::NotFoundError(absl::StrCat(
      node.Describe(), ": there is no attribute '", attribute, "'"));
}

absl::Status Executor::SetAll(absl::string_view attribute, double value) {
  const Plan& plan = state_->plan;
  const std::string key = absl::StrCat("__", attribute, "_mult__");
  absl::flat_hash_map<NodeOutput, int32_t> updated_by;
  for (const Update& update : plan.graph.updates) {
    updated_by[update.value] = update.variable;
  }
  bool any = false;
  for (size_t id = 0; id < plan.graph.nodes.size(); ++id) {
    const Node& node = plan.graph.nodes[id];
    if (node.is_variable()) continue;
    const auto& fields = node.attrs.type()->fields;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!fields[i].dynamic || fields[i].name != attribute) continue;
      const std::string* factor = node.annotation(key);
      const auto weight = updated_by.find({static_cast<int32_t>(id), 0});
      if (factor == nullptr && weight != updated_by.end()) {
        factor = plan.graph.nodes[weight->second].annotation(key);
      }
      double scaled = value;
      if (factor != nullptr) {
        absl::StatusOr<double> parsed = ParseDouble(*factor);
        if (!parsed.ok()) {
          return Annotate(parsed.status(),
                          absl::StrCat(node.Describe(), ": annotation ", key));
        }
        scaled *= *parsed;
      }
      Slot(node.attrs.type()->dynamic_field(state_->attrs[id].get(), i))
          .Set(scaled);
      any = true;
    }
  }
  if (any) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat("no node has a dynamic attribute '", attribute,
                   "'; any other attribute is fixed when the graph is bound"));
}

std::vector<SlotValue> Executor::SlotValues() const {
  std::vector<SlotValue> values;
  for (size_t id = 0; id < state_->attrs.size(); ++id) {
    if (state_->attrs[id] == nullptr) continue;
    const Node& node = state_->plan.graph.nodes[id];
    const auto& fields = node.attrs.type()->fields;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!fields[i].dynamic) continue;
      const Slot slot(
          node.attrs.type()->dynamic_field(state_->attrs[id].get(), i));
      values.push_back({node.name, fields[i].name, slot.Get()});
    }
  }
  return values;
}

absl::Status Executor::RestoreSlots(absl::Span<const SlotValue> values) {
  for (const SlotValue& value : values) {
    MINNOW_ASSIGN_OR_RETURN(const Slot slot,
                            FindSlot(value.node, value.attribute));
    MINNOW_RETURN_IF_ERROR(
        Annotate(slot.SetValues(value.values),
                 absl::StrCat("node '", value.node, "': attribute '",
                              value.attribute, "'")));
  }
  return absl::OkStatus();
}

uint64_t Executor::num_runs() const { return state_->num_runs; }
void Executor::set_num_runs(uint64_t runs) { state_->num_runs = runs; }
const Plan& Executor::plan() const { return state_->plan; }
const ThreadPool& Executor::threads() const { return *state_->threads; }
const Profile* Executor::profile() const { return state_->profile.get(); }

}  // namespace minnow
