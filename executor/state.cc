#include "minnow/executor/state.h"

#include <algorithm>
#include <cstring>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "minnow/core/status.h"
#include "minnow/executor/binding.h"

namespace minnow {
namespace {

// Copies the bytes that `attrs` counts from the first argument to the second.
absl::Status CopyDense(const RunContext& context, const void* attrs,
                       absl::Span<const ArrayRef* const> args) {
  constexpr int64_t kGrain = 1 << 18;
  const auto* from = static_cast<const std::byte*>(args[0]->values);
  auto* to = static_cast<std::byte*>(args[1]->values);
  ParallelFor(*context.threads, *static_cast<const int64_t*>(attrs), kGrain,
              [&](int64_t begin, int64_t end) {
                std::memcpy(to + begin, from + begin,
                            static_cast<size_t>(end - begin));
              });
  return absl::OkStatus();
}

absl::Status CopySparse(const RunContext&, const void*,
                        absl::Span<const ArrayRef* const> args) {
  const ArrayData& from = *args[0]->sparse;
  ArrayData& to = *args[1]->sparse;
  MINNOW_ASSIGN_OR_RETURN(Buffer values, Buffer::Allocate(from.values.size()));
  std::memcpy(values.data(), from.values.data(),
              static_cast<size_t>(from.values.size()));
  to.values = std::move(values);
  to.indices = from.indices;
  to.indptr = from.indptr;
  to.ascending = from.ascending;
  to.slots.clear();
  return absl::OkStatus();
}

// The part of the graph that the options ask for.
absl::StatusOr<Graph> SelectTargets(const Graph& graph,
                                    const BindOptions& options) {
  Graph selected = graph;
  if (options.outputs.has_value()) {
    selected.outputs.clear();
    for (size_t i : *options.outputs) {
      if (i >= graph.outputs.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat("target: expected an output in [0,",
                         graph.outputs.size(), "), found ", i));
      }
      selected.outputs.push_back(graph.outputs[i]);
    }
  }
  if (options.updates.has_value()) {
    selected.updates.clear();
    for (const std::string& name : *options.updates) {
      const auto found = std::find_if(
          graph.updates.begin(), graph.updates.end(), [&](const Update& u) {
            return graph.nodes[u.variable].name == name;
          });
      if (found == graph.updates.end()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "target: expected a variable that is updated, found '", name, "'"));
      }
      selected.updates.push_back(*found);
    }
  }
  return RemoveDeadNodes(std::move(selected));
}

// Names the largest array of the arena, for which there is no memory.
absl::Status WithLargestArray(const Plan& plan, const absl::Status& status) {
  int64_t most = -1;
  const PlanStep* largest = nullptr;
  for (const PlanStep& step : plan.steps) {
    for (int32_t value : step.args) {
      if (plan.places[value].kind != ValuePlace::Kind::kArena) continue;
      if (plan.types.DenseBytes(value) <= most) continue;
      most = plan.types.DenseBytes(value);
      largest = &step;
    }
  }
  // It stands first at the step that makes it.
  if (largest == nullptr || largest->node < 0) return status;
  return absl::Status(
      status.code(),
      absl::StrCat("the plan: ", status.message(), ", ", most, " of them at ",
                   plan.graph.nodes[largest->node].Describe(),
                   largest->note.empty() ? "" : ", ", largest->note));
}

}  // namespace

absl::Status Executor::State::MakeArena(
    const std::shared_ptr<ArrayData>& reusable) {
  MINNOW_ASSIGN_OR_RETURN(constants, Buffer::Allocate(plan.constant_bytes));
  if (reusable != nullptr && reusable->values.size() >= plan.planned_bytes) {
    arena = reusable;
    return absl::OkStatus();
  }
  arena = std::make_shared<ArrayData>();
  absl::StatusOr<Buffer> memory = Buffer::Allocate(plan.planned_bytes);
  if (!memory.ok()) return WithLargestArray(plan, memory.status());
  arena->values = *std::move(memory);
  return absl::OkStatus();
}

absl::Status Executor::State::MakeRefs() {
  refs.resize(plan.places.size());
  own.resize(plan.places.size());
  for (size_t value = 0; value < refs.size(); ++value) {
    ArrayRef& ref = refs[value];
    const Shape& shape = plan.types.shapes[value];
    ref.dims = shape.dims();
    ref.size = shape.num_elements();
    switch (plan.places[value].kind) {
      case ValuePlace::Kind::kConstant:
        ref.values = constants.data() + plan.places[value].offset;
        break;
      case ValuePlace::Kind::kArena:
        ref.values = arena->values.data() + plan.places[value].offset;
        break;
      case ValuePlace::Kind::kOwn: {
        MINNOW_ASSIGN_OR_RETURN(own[value],
                                NDArray::Zeros(shape, *plan.types.dtypes[value],
                                               plan.storages[value]));
        ref.sparse = own[value].data().get();
        break;
      }
      case ValuePlace::Kind::kVariable:
      case ValuePlace::Kind::kNone:
        break;
    }
  }
  for (size_t id = 0; id < arrays.size(); ++id) {
    if (!arrays[id]) continue;
    variables[plan.graph.nodes[id].name] = static_cast<int32_t>(id);
    const int32_t value = plan.index.first(id);
    refs[value].values = arrays[id].raw();
    refs[value].sparse = arrays[id].data().get();
  }
  for (size_t value = 0; value < refs.size(); ++value) {
    if (plan.places[value].kind != ValuePlace::Kind::kVariable) continue;
    const ArrayRef& variable = refs[plan.index.first(
        static_cast<size_t>(plan.places[value].variable))];
    refs[value].values = variable.values;
    refs[value].sparse = variable.sparse;
  }
  return absl::OkStatus();
}

absl::StatusOr<int32_t> Executor::State::FindVariable(
    absl::string_view name) const {
  const auto found = variables.find(name);
  if (found != variables.end()) return found->second;
  return absl::NotFoundError(
      absl::StrCat("no variable '", name, "' is in use"));
}

absl::StatusOr<int32_t> Executor::State::FindReplaceable(
    absl::string_view name) const {
  MINNOW_ASSIGN_OR_RETURN(const int32_t node, FindVariable(name));
  if (!plan.constant[node]) return node;
  return absl::FailedPreconditionError(
      absl::StrCat("variable '", name,
                   "': it is a constant of this executor; bind again to "
                   "change it"));
}

void Executor::State::PointToVariable(int32_t node) {
  for (size_t value = 0; value < refs.size(); ++value) {
    if (plan.places[value].kind == ValuePlace::Kind::kVariable &&
        plan.places[value].variable == node) {
      refs[value].values = arrays[node].raw();
      refs[value].sparse = arrays[node].data().get();
    }
  }
}

void Executor::State::MakeSteps() {
  attrs.resize(plan.graph.nodes.size());
  for (size_t id = 0; id < plan.graph.nodes.size(); ++id) {
    const Node& node = plan.graph.nodes[id];
    if (node.is_variable() || !node.attrs.type()->IsDynamic()) continue;
    attrs[id] = node.attrs.type()->copy(node.attrs.get());
  }
  size_t num_args = 0;
  for (const PlanStep& step : plan.steps) num_args += step.args.size();
  args.reserve(num_args);
  copy_bytes.reserve(plan.steps.size());
  steps.reserve(plan.steps.size());
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const PlanStep& planned = plan.steps[i];
    const Step step = MakeStep(i);
    if (planned.fusion != Fusion::kNone) {
      // The first one of them turns into their step.
      Step& first = steps.back();
      if (first.planned + 1 == i) {
        fused.push_back(std::make_unique<FusedSteps>(
            planned.fusion == Fusion::kBeside ? Fusion::kBeside
                                              : Fusion::kChain));
        if (planned.fusion == Fusion::kConsumer) {
          fused.back()->SetProducer(first.attrs, first.args);
        } else {
          fused.back()->Add(*first.context.kernel, first.attrs, first.args);
        }
        first.run = FusedSteps::Run;
        first.attrs = fused.back().get();
        first.args = {};
      }
      if (planned.fusion == Fusion::kReader) {
        fused.back()->AddReader(step.context, step.attrs, step.args);
      } else {
        fused.back()->Add(*planned.kernel, step.attrs, step.args);
      }
      continue;
    }
    steps.push_back(step);
    if (planned.node >= 0 && plan.graph.nodes[planned.node].op->random) {
      random_steps.push_back(&steps.back());
    }
  }
}

Step Executor::State::MakeStep(size_t i) {
  const PlanStep& planned = plan.steps[i];
  const size_t first = args.size();
  for (int32_t value : planned.args) args.push_back(&refs[value]);
  Step step;
  step.planned = i;
  step.args = absl::MakeConstSpan(args).subspan(first);
  step.context.threads = threads.get();
  if (planned.node < 0) {
    const int32_t from = planned.args[0];
    copy_bytes.push_back(plan.types.DenseBytes(from));
    step.attrs = &copy_bytes.back();
    step.run =
        plan.storages[from] == StorageType::kDense ? CopyDense : CopySparse;
    return step;
  }
  const Node& node = plan.graph.nodes[planned.node];
  step.run = planned.kernel->run;
  step.attrs = attrs[planned.node] != nullptr ? attrs[planned.node].get()
                                              : node.attrs.get();
  step.context.kernel = planned.kernel;
  step.context.training = options.training;
  step.context.random = {.seed = options.seed, .stream = node.stream};
  step.context.prepared = planned.prepared.state.get();
  step.context.groups = planned.groups;
  step.context.workspace =
      absl::MakeSpan(arena->values.data() + planned.workspace_offset,
                     static_cast<size_t>(planned.prepared.workspace_bytes));
  return step;
}

absl::Status Executor::State::KeepConstants() {
  std::vector<bool> is_constant(refs.size());
  for (size_t id = 0; id < plan.constant.size(); ++id) {
    for (int32_t i = 0; i < plan.index.count(id); ++i) {
      is_constant[plan.index.first(id) + i] = plan.constant[id];
    }
  }
  for (Step& step : absl::MakeSpan(steps).subspan(plan.num_constant_steps)) {
    const Kernel* const kernel = step.context.kernel;
    if (kernel == nullptr || kernel->keep == nullptr) continue;
    const PlanStep& planned = plan.steps[step.planned];
    std::vector<const ArrayRef*> constants(planned.args.size());
    bool any = false;
    for (size_t i = 0; i < constants.size(); ++i) {
      if (!is_constant[planned.args[i]]) continue;
      constants[i] = &refs[planned.args[i]];
      any = true;
    }
    if (!any) continue;
    absl::StatusOr<Prepared> made = kernel->keep(step.context, constants);
    if (!made.ok()) {
      return Annotate(made.status(), plan.graph.nodes[planned.node].Describe());
    }
    kept.push_back(*std::move(made));
    step.context.prepared = kept.back().state.get();
  }
  return absl::OkStatus();
}

absl::Status Executor::State::MakeOutputs() {
  outputs.clear();
  for (NodeOutput x : plan.graph.outputs) {
    const int32_t value = plan.index[x];
    switch (plan.places[value].kind) {
      case ValuePlace::Kind::kVariable:
        outputs.push_back(arrays[plan.places[value].variable]);
        break;
      case ValuePlace::Kind::kOwn:
        outputs.push_back(own[value]);
        break;
      case ValuePlace::Kind::kArena: {
        MINNOW_ASSIGN_OR_RETURN(
            outputs.emplace_back(),
            NDArray::ViewOf(arena, plan.places[value].offset,
                            plan.types.shapes[value],
                            *plan.types.dtypes[value]));
        break;
      }
      case ValuePlace::Kind::kConstant:
      case ValuePlace::Kind::kNone:
        return absl::InternalError("an output has no place");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Executor::State>> Executor::State::Make(
    const Graph& graph, BindOptions options,
    std::shared_ptr<ThreadPool> threads,
    const std::shared_ptr<ArrayData>& arena) {
  MINNOW_ASSIGN_OR_RETURN(Graph selected, SelectTargets(graph, options));
  MINNOW_RETURN_IF_ERROR(
      CheckBound(selected, graph, options.variables, options.constants));
  absl::flat_hash_map<std::string, VariableType> types;
  for (const auto& [name, array] : options.variables) {
    types[name] = {array.shape(), array.dtype(), array.storage()};
  }
  MINNOW_ASSIGN_OR_RETURN(Plan plan,
                          MakePlan(std::move(selected), types,
                                   {.strict_storage = options.strict_storage,
                                    .memory_limit = options.memory_limit,
                                    .constants = options.constants,
                                    .rewrites = options.rewrites}));
  if (threads == nullptr) {
    threads = std::make_shared<ThreadPool>(options.threads);
  }
  auto state = std::make_unique<State>(graph, std::move(options),
                                       std::move(threads), std::move(plan));
  MINNOW_ASSIGN_OR_RETURN(state->arrays,
                          BindVariables(state->plan, state->options.variables,
                                        state->options.seed));
  MINNOW_RETURN_IF_ERROR(CheckOverlaps(state->plan, state->arrays));
  if (state->options.profile) state->profile = std::make_unique<Profile>();
  MINNOW_RETURN_IF_ERROR(state->MakeArena(arena));
  MINNOW_RETURN_IF_ERROR(state->MakeRefs());
  state->MakeSteps();
  MINNOW_RETURN_IF_ERROR(state->RunSteps(state->ConstantSteps()));
  MINNOW_RETURN_IF_ERROR(state->KeepConstants());
  MINNOW_RETURN_IF_ERROR(state->MakeOutputs());
  for (size_t id = 0; id < state->arrays.size(); ++id) {
    if (state->arrays[id]) {
      state->options.variables[state->plan.graph.nodes[id].name] =
          state->arrays[id];
    }
  }
  return state;
}

absl::Status Executor::State::RunSteps(absl::Span<const Step> part) {
  for (const Step& step : part) {
    absl::Status status = step.run(step.context, step.attrs, step.args);
    if (!status.ok()) return Failed(step, status);
  }
  return absl::OkStatus();
}

absl::Status Executor::State::RunStepsProfiled() {
  for (const Step& step : EachRun()) {
    const int64_t regions = threads->num_regions();
    const int64_t begin = Profile::Now();
    absl::Status status = step.run(step.context, step.attrs, step.args);
    profile->Add(step.planned, begin, Profile::Now(),
                 threads->num_regions() - regions);
    if (!status.ok()) return Failed(step, status);
  }
  return absl::OkStatus();
}

absl::Status Executor::State::Failed(const Step& failed_step,
                                     const absl::Status& status) {
  // Of steps that run together it is a reader, the last one, or else a
  // producer, the first one. The others may have written, but not the step that
  // fails.
  const size_t end = plan.EndOfFused(failed_step.planned);
  const size_t step = plan.steps[end - 1].fusion == Fusion::kReader
                          ? end - 1
                          : failed_step.planned;
  const PlanStep& failed = plan.steps[step];
  const std::string where =
      failed.node < 0 ? failed.note : plan.graph.nodes[failed.node].Describe();
  std::vector<std::string> changed;
  absl::flat_hash_set<int32_t> seen;
  const auto add_written = [&](int32_t value) {
    const ValuePlace& place = plan.places[value];
    if (place.kind == ValuePlace::Kind::kVariable &&
        seen.insert(place.variable).second) {
      changed.push_back(
          absl::StrCat("'", plan.graph.nodes[place.variable].name, "'"));
    }
  };
  for (size_t i = 0; i < end; ++i) {
    if (i == step) continue;
    const PlanStep& done = plan.steps[i];
    if (done.node < 0) {
      add_written(done.args[1]);
      continue;
    }
    for (int32_t k = 0; k < plan.index.count(done.node); ++k) {
      add_written(plan.index.first(done.node) + k);
    }
  }
  absl::Status error = Annotate(status, where);
  if (changed.empty()) return error;
  broken = absl::Status(
      error.code(),
      absl::StrCat(error.message(), "; the run had changed ",
                   absl::StrJoin(changed, ", "), ", the executor is broken"));
  return broken;
}

}  // namespace minnow
