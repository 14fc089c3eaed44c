#include "minnow/graph/plan.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "minnow/core/status.h"
#include "minnow/graph/common_subexpressions.h"
#include "minnow/graph/constant_folding.h"
#include "minnow/graph/fusion.h"
#include "minnow/graph/memory_plan.h"
#include "minnow/graph/print.h"
#include "minnow/graph/schedule.h"
#include "minnow/graph/storage.h"
#include "minnow/graph/transpose_folding.h"

namespace minnow {
namespace {

absl::Status CheckOperatorsKnown(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    if (!node.is_variable() && node.op->unknown) {
      return absl::NotFoundError(absl::StrCat(
          node.Describe(), ": expected an operator of this program, found '",
          node.op->name, "'"));
    }
  }
  return absl::OkStatus();
}

// A graph with types and kernels: no conversion is missing.
struct TypedGraph {
  Graph graph;
  ValueIndex index;
  ValueTypes types;
  KernelChoice choice;
};

VariableTypes ByNode(
    const Graph& graph,
    const absl::flat_hash_map<std::string, VariableType>& variables) {
  VariableTypes by_node;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    if (!graph.nodes[id].is_variable()) continue;
    const auto found = variables.find(graph.nodes[id].name);
    if (found != variables.end()) {
      by_node[static_cast<int32_t>(id)] = found->second;
    }
  }
  return by_node;
}

absl::StatusOr<TypedGraph> InferAll(
    Graph graph,
    const absl::flat_hash_map<std::string, VariableType>& variables,
    const std::vector<bool>& inserted = {}) {
  const VariableTypes known = ByNode(graph, variables);
  ValueIndex index(graph);
  MINNOW_ASSIGN_OR_RETURN(ValueTypes types, InferTypes(graph, index, known));
  MINNOW_RETURN_IF_ERROR(CheckTypesKnown(graph, index, types));
  MINNOW_ASSIGN_OR_RETURN(KernelChoice choice,
                          ChooseKernels(graph, index, types, known, inserted));
  return TypedGraph{std::move(graph), std::move(index), std::move(types),
                    std::move(choice)};
}

absl::Status CheckUpdates(const TypedGraph& g) {
  for (const Update& update : g.graph.updates) {
    const int32_t variable = g.index.first(update.variable);
    const int32_t value = g.index[update.value];
    if (g.types.shapes[variable] == g.types.shapes[value] &&
        g.types.dtypes[variable] == g.types.dtypes[value]) {
      continue;
    }
    const auto describe = [&](int32_t v) {
      return absl::StrCat(g.types.shapes[v].ToString(), " ",
                          DTypeName(*g.types.dtypes[v]));
    };
    return absl::InvalidArgumentError(absl::StrCat(
        "update of ", g.graph.nodes[update.variable].Describe(), " by ",
        g.graph.nodes[update.value.node].Describe(), ": expected ",
        describe(variable), ", found ", describe(value)));
  }
  return absl::OkStatus();
}

// "step.grad": an argument of a node.
std::string ArgumentName(const Graph& graph, int32_t node, size_t input) {
  const Node& n = graph.nodes[node];
  return absl::StrCat(n.name, ".", n.op->inputs.For(n.attrs)[input].name);
}

// What the casts that `InsertCasts` has put into the graph are for, by node.
absl::flat_hash_map<int32_t, std::string> CastNotes(
    const Graph& graph, const absl::flat_hash_set<std::string>& user_nodes) {
  absl::flat_hash_map<int32_t, std::string> notes;
  const auto added = [&](NodeOutput x) {
    const Node& node = graph.nodes[x.node];
    return !node.is_variable() && node.op->name == "cast_storage" &&
           !user_nodes.contains(node.name);
  };
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    for (size_t i = 0; i < graph.nodes[id].inputs.size(); ++i) {
      const NodeOutput x = graph.nodes[id].inputs[i];
      if (added(x)) {
        notes[x.node] = absl::StrCat(
            "fallback for ", ArgumentName(graph, static_cast<int32_t>(id), i));
      }
    }
  }
  for (const Update& update : graph.updates) {
    if (added(update.value)) {
      notes[update.value.node] =
          absl::StrCat("fallback for ", graph.nodes[update.variable].name);
    }
  }
  return notes;
}

// Puts the parts together.
class Planner {
 public:
  Planner(TypedGraph typed, const PlanOptions& options)
      : g_(std::move(typed)), options_(options) {}

  absl::StatusOr<Plan> Run(
      const absl::flat_hash_map<int32_t, std::string>& notes) {
    schedule_ = MakeSchedule(g_.graph, g_.index, g_.choice);
    if (options_.strict_storage && !schedule_.conflicts.empty()) {
      return Conflict(schedule_.conflicts[0]);
    }
    MINNOW_RETURN_IF_ERROR(MarkConstants());
    if (options_.rewrites.fold) {
      FoldConstants(g_.graph, g_.index, g_.types, g_.choice, schedule_);
    }
    // By node in the order of the schedule.
    std::vector<std::vector<PlanStep>> kernel_steps;
    std::vector<int64_t> workspaces;
    for (int32_t id : schedule_.order) {
      MINNOW_ASSIGN_OR_RETURN(kernel_steps.emplace_back(), KernelSteps(id));
      int64_t bytes = 0;
      for (const PlanStep& step : kernel_steps.back()) {
        bytes = std::max(bytes, step.prepared.workspace_bytes);
      }
      workspaces.push_back(bytes);
    }
    const MemoryPlan memory = PlanMemory(g_.graph, g_.index, g_.types,
                                         g_.choice, schedule_, workspaces);
    if (options_.memory_limit > 0 &&
        memory.planned_bytes > options_.memory_limit) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the plan: expected at most ", options_.memory_limit,
                       " bytes of memory, found ", memory.planned_bytes));
    }
    PlaceValues(memory);
    for (size_t i = 0; i < schedule_.order.size(); ++i) {
      AddCopies(schedule_.order[i]);
      for (PlanStep& step : kernel_steps[i]) {
        step.workspace_offset = memory.workspaces[i];
        const auto note = notes.find(step.node);
        if (note != notes.end()) {
          step.note = note->second;
          ++num_fallbacks_;
          fallback_bytes_ += g_.types.DenseBytes(step.args.back());
        }
        if (schedule_.constant[step.node]) {
          step.note = "once, at bind";
          ++num_constant_steps_;
        }
        steps_.push_back(std::move(step));
      }
    }
    for (int32_t i : schedule_.commits) {
      const Update& update = g_.graph.updates[i];
      const int32_t variable = g_.index.first(update.variable);
      steps_.push_back(
          {.args = {g_.index[update.value], variable},
           .groups = {},
           .prepared = {},
           .note = absl::StrCat("new value of ",
                                g_.graph.nodes[update.variable].name)});
    }
    Plan plan{.graph = std::move(g_.graph),
              .index = std::move(g_.index),
              .types = std::move(g_.types),
              .storages = std::move(g_.choice.storages),
              .places = std::move(places_),
              .constant = std::move(schedule_.constant),
              .steps = std::move(steps_),
              .num_constant_steps = num_constant_steps_,
              .planned_bytes = memory.planned_bytes,
              .unshared_bytes = memory.unshared_bytes,
              .lower_bound_bytes = memory.lower_bound_bytes,
              .constant_bytes = memory.constant_bytes,
              .num_fallbacks = num_fallbacks_,
              .fallback_bytes = fallback_bytes_};
    if (options_.rewrites.fuse) FuseSteps(plan);
    return plan;
  }

 private:
  // Among the variables.
  absl::Status MarkConstants() {
    const absl::flat_hash_set<absl::string_view> names(
        options_.constants.begin(), options_.constants.end());
    for (size_t id = 0; id < g_.graph.nodes.size(); ++id) {
      const Node& node = g_.graph.nodes[id];
      schedule_.constant[id] = node.is_variable() && names.contains(node.name);
    }
    for (const Update& update : g_.graph.updates) {
      if (!schedule_.constant[update.variable]) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          g_.graph.nodes[update.variable].Describe(),
          ": expected no update, as it is to be constant, found one by ",
          g_.graph.nodes[update.value.node].Describe()));
    }
    return absl::OkStatus();
  }

  absl::Status Conflict(int32_t value) const {
    for (size_t id = 0; id < g_.graph.nodes.size(); ++id) {
      if (value >= g_.index.first(id) + g_.index.count(id)) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          g_.graph.nodes[id].Describe(),
          ": expected to work in place (strict), found that the old value of "
          "its input is needed later on"));
    }
    return absl::InternalError("no such value");
  }

  // Of each input the value, or the new one where it is changed.
  std::vector<int32_t> InputArgs(int32_t id) const {
    const Node& node = g_.graph.nodes[id];
    const std::vector<int32_t> new_values = node.NewValues();
    std::vector<int32_t> args;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      args.push_back(new_values[i] < 0 ? g_.index[node.inputs[i]]
                                       : g_.index.first(id) + new_values[i]);
    }
    return args;
  }

  // The outputs that are not the new value of an input.
  std::vector<int32_t> OutputArgs(int32_t id) const {
    const Node& node = g_.graph.nodes[id];
    const int32_t visible = static_cast<int32_t>(node.num_visible_outputs());
    const std::vector<int32_t> new_values = node.NewValues();
    std::vector<int32_t> args;
    for (int32_t i = static_cast<int32_t>(
             std::count_if(new_values.begin(), new_values.end(),
                           [&](int32_t x) { return x >= 0 && x < visible; }));
         i < visible; ++i) {
      args.push_back(g_.index.first(id) + i);
    }
    return args;
  }

  // The node's kernel with its arguments; with groups, each of the kernels with
  // the groups that it takes.
  absl::StatusOr<std::vector<PlanStep>> KernelSteps(int32_t id) const {
    const Node& node = g_.graph.nodes[id];
    const std::vector<int32_t> inputs = InputArgs(id);
    std::vector<PlanStep> steps;
    const size_t size = node.op->groups.size;
    if (size == 0) {
      PlanStep& step = steps.emplace_back();
      step.kernel = g_.choice.kernels[id][0];
      step.args = inputs;
      const std::vector<int32_t> outputs = OutputArgs(id);
      step.args.insert(step.args.end(), outputs.begin(), outputs.end());
    }
    for (size_t group = 0; size > 0 && group < g_.choice.kernels[id].size();
         ++group) {
      const Kernel* kernel = g_.choice.kernels[id][group];
      auto step =
          std::find_if(steps.begin(), steps.end(),
                       [&](const PlanStep& s) { return s.kernel == kernel; });
      if (step == steps.end()) step = steps.emplace(steps.end());
      step->kernel = kernel;
      step->groups.push_back(static_cast<int32_t>(group));
      const auto begin = inputs.begin() + static_cast<int64_t>(group * size);
      step->args.insert(step->args.end(), begin,
                        begin + static_cast<int64_t>(size));
    }
    for (PlanStep& step : steps) {
      step.node = id;
      if (size > 0) {
        step.args.insert(
            step.args.end(),
            inputs.end() - static_cast<int64_t>(node.op->groups.num_shared),
            inputs.end());
      }
      MINNOW_ASSIGN_OR_RETURN(step.prepared, Prepare(step));
    }
    return steps;
  }

  absl::StatusOr<Prepared> Prepare(const PlanStep& step) const {
    if (step.kernel->prepare == nullptr) return Prepared{};
    const Node& node = g_.graph.nodes[step.node];
    std::vector<Shape> shapes;
    for (int32_t arg : step.args) shapes.push_back(g_.types.shapes[arg]);
    absl::StatusOr<Prepared> prepared =
        step.kernel->prepare(node.attrs, shapes, step.kernel->args);
    if (!prepared.ok()) return Annotate(prepared.status(), node.Describe());
    return prepared;
  }

  void PlaceValues(const MemoryPlan& memory) {
    places_.resize(static_cast<size_t>(g_.index.size()));
    for (size_t id = 0; id < g_.graph.nodes.size(); ++id) {
      for (int32_t i = 0; i < g_.index.count(id); ++i) {
        const int32_t value = g_.index.first(id) + i;
        ValuePlace& place = places_[value];
        if (schedule_.variable[value] >= 0) {
          place = {ValuePlace::Kind::kVariable, schedule_.variable[value], 0};
        } else if (g_.choice.storages[value] != StorageType::kDense) {
          place.kind = ValuePlace::Kind::kOwn;
        } else if (memory.offsets[value] >= 0) {
          place = {schedule_.constant[id] ? ValuePlace::Kind::kConstant
                                          : ValuePlace::Kind::kArena,
                   -1, memory.offsets[value]};
        }
      }
    }
  }

  // Copies of inputs that the node changes while their old value is kept.
  void AddCopies(int32_t id) {
    for (int32_t i = 0; i < g_.index.count(id); ++i) {
      const int32_t value = g_.index.first(id) + i;
      const int32_t from = schedule_.copied_from[value];
      if (from < 0) continue;
      steps_.push_back(
          {.args = {from, value},
           .groups = {},
           .prepared = {},
           .note = absl::StrCat("copy for ", g_.graph.nodes[id].name)});
    }
  }

  TypedGraph g_;
  const PlanOptions& options_;
  Schedule schedule_;
  std::vector<ValuePlace> places_;
  std::vector<PlanStep> steps_;
  size_t num_constant_steps_ = 0;
  int64_t num_fallbacks_ = 0;
  int64_t fallback_bytes_ = 0;
};

}  // namespace

absl::StatusOr<Plan> MakePlan(
    Graph graph,
    const absl::flat_hash_map<std::string, VariableType>& variables,
    const PlanOptions& options) {
  graph = RemoveDeadNodes(std::move(graph));
  MINNOW_RETURN_IF_ERROR(CheckOperatorsKnown(graph));
  if (options.rewrites.merge) {
    graph = MergeCommonSubexpressions(std::move(graph));
  }
  MINNOW_ASSIGN_OR_RETURN(graph, SeparateVariables(std::move(graph)));
  MINNOW_ASSIGN_OR_RETURN(TypedGraph typed,
                          InferAll(std::move(graph), variables));
  if (options.rewrites.transpose &&
      FoldTransposes(typed.graph, typed.index, typed.types, typed.choice)) {
    MINNOW_ASSIGN_OR_RETURN(typed, InferAll(std::move(typed.graph), variables));
  }
  MINNOW_RETURN_IF_ERROR(CheckUpdates(typed));
  absl::flat_hash_map<int32_t, std::string> notes;
  if (NeedsCasts(typed.graph, typed.index, typed.choice)) {
    if (options.strict_storage && !typed.choice.fallbacks.empty()) {
      const Fallback& fallback = typed.choice.fallbacks[0];
      const Node& node = typed.graph.nodes[fallback.node];
      return absl::FailedPreconditionError(absl::StrCat(
          node.Describe(), ": argument '",
          node.op->inputs.For(node.attrs)[fallback.input].name,
          "': expected a storage that a kernel takes (strict), found ",
          StorageTypeName(
              typed.choice.storages[typed.index[node.inputs[fallback.input]]]),
          ", which would be converted to dense"));
    }
    absl::flat_hash_set<std::string> names;
    for (const Node& node : typed.graph.nodes) names.insert(node.name);
    std::vector<bool> inserted;
    MINNOW_ASSIGN_OR_RETURN(
        Graph with_casts,
        InsertCasts(typed.graph, typed.index, typed.choice, inserted));
    MINNOW_ASSIGN_OR_RETURN(
        typed, InferAll(std::move(with_casts), variables, inserted));
    notes = CastNotes(typed.graph, names);
  }
  return Planner(std::move(typed), options).Run(notes);
}

int64_t Plan::OutputBytes(const PlanStep& step, int32_t out) const {
  if (step.groups.empty()) return types.DenseBytes(out);
  int64_t bytes = 0;
  const size_t size = graph.nodes[step.node].op->groups.size;
  for (size_t i = 0; i < step.groups.size(); ++i) {
    bytes += types.DenseBytes(step.args[i * size]);
  }
  return bytes;
}

// "dense,row_sparse,dense float32": how the arguments of a step are stored.
std::string Plan::KernelColumn(const PlanStep& step) const {
  if (step.node < 0) return "copy";
  const Node& node = graph.nodes[step.node];
  const Kernel& kernel = *step.kernel;
  if (node.op->name == "cast_storage") {
    return absl::StrCat("cast_storage ",
                        StorageTypeName(kernel.args[0].storage), "->",
                        StorageTypeName(kernel.args[1].storage));
  }
  if (!step.groups.empty()) {
    return absl::StrCat(KernelText(kernel), " x", step.groups.size());
  }
  std::vector<absl::string_view> inputs;
  for (size_t k = 0; k < node.inputs.size(); ++k) {
    inputs.push_back(StorageTypeName(storages[step.args[k]]));
  }
  return absl::StrCat(absl::StrJoin(inputs, ","), inputs.empty() ? "" : " ",
                      DTypeName(kernel.args.back().dtype));
}

namespace {

const char* FusionText(Fusion fusion) {
  switch (fusion) {
    case Fusion::kNone:
      return "";
    case Fusion::kChain:
      return "fused with";
    case Fusion::kBeside:
      return "beside";
    case Fusion::kReader:
      return "reads blocks of";
    case Fusion::kConsumer:
      return "consumes blocks of";
  }
  return "";
}

}  // namespace

size_t Plan::EndOfFused(size_t step) const {
  size_t end = step + 1;
  while (end < steps.size() && steps[end].fusion != Fusion::kNone) ++end;
  return end;
}

std::string Plan::ToString() const {
  std::vector<std::vector<std::string>> rows = {
      {"step", "node", "kernel", "out", "bytes", "note"}};
  for (size_t i = 0; i < steps.size(); ++i) {
    const PlanStep& step = steps[i];
    // What it makes: the output, or what it changes; of groups the first one.
    int32_t out = step.args.back();
    std::string name = "-";
    if (step.node >= 0) {
      name = graph.nodes[step.node].name;
      if (index.count(step.node) > 0) out = index.first(step.node);
      if (!step.groups.empty()) out = step.args[0];
    }
    rows.push_back(
        {absl::StrCat(i), name, KernelColumn(step),
         absl::StrCat(StorageTypeName(storages[out]), " ",
                      types.shapes[out].ToString(), " ",
                      DTypeName(*types.dtypes[out]),
                      step.groups.size() > 1 ? ", ..." : ""),
         absl::StrCat(storages[out] == StorageType::kDense ? "" : "<= ",
                      OutputBytes(step, out)),
         step.fusion == Fusion::kNone
             ? step.note
             : absl::StrCat(FusionText(step.fusion), " step ", i - 1)});
  }
  std::string text = AlignColumns(rows);
  absl::StrAppend(
      &text, "planned ", planned_bytes, " bytes, without sharing ",
      unshared_bytes, ", largest live set ", lower_bound_bytes,
      constant_bytes > 0 ? absl::StrCat(", constants ", constant_bytes) : "",
      "; ", num_fallbacks, num_fallbacks == 1 ? " fallback, " : " fallbacks, ",
      fallback_bytes, " bytes\n");
  return text;
}

}  // namespace minnow
