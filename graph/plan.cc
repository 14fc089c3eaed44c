#include "minnow/graph/plan.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/memory_plan.h"
#include "minnow/graph/print.h"
#include "minnow/graph/schedule.h"
#include "minnow/graph/storage.h"

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
    const std::vector<bool>& converted = {}) {
  const VariableTypes known = ByNode(graph, variables);
  ValueIndex index(graph);
  MINNOW_ASSIGN_OR_RETURN(ValueTypes types, InferTypes(graph, index, known));
  MINNOW_RETURN_IF_ERROR(CheckTypesKnown(graph, index, types));
  MINNOW_ASSIGN_OR_RETURN(KernelChoice choice,
                          ChooseKernels(graph, index, types, known, converted));
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
    std::vector<Prepared> prepared;
    std::vector<int64_t> workspaces;
    for (int32_t id : schedule_.order) {
      MINNOW_ASSIGN_OR_RETURN(prepared.emplace_back(), Prepare(id));
      workspaces.push_back(prepared.back().workspace_bytes);
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
      PlanStep step = KernelStep(schedule_.order[i]);
      step.prepared = std::move(prepared[i]);
      step.workspace_offset = memory.workspaces[i];
      const auto note = notes.find(step.node);
      if (note != notes.end()) {
        step.note = note->second;
        ++num_fallbacks_;
        fallback_bytes_ += Bytes(step.args.back());
      }
      steps_.push_back(std::move(step));
    }
    for (int32_t i : schedule_.commits) {
      const Update& update = g_.graph.updates[i];
      const int32_t variable = g_.index.first(update.variable);
      steps_.push_back(
          {.args = {g_.index[update.value], variable},
           .prepared = {},
           .note = absl::StrCat("new value of ",
                                g_.graph.nodes[update.variable].name)});
    }
    return Plan{.graph = std::move(g_.graph),
                .index = std::move(g_.index),
                .types = std::move(g_.types),
                .storages = std::move(g_.choice.storages),
                .places = std::move(places_),
                .steps = std::move(steps_),
                .planned_bytes = memory.planned_bytes,
                .unshared_bytes = memory.unshared_bytes,
                .lower_bound_bytes = memory.lower_bound_bytes,
                .num_fallbacks = num_fallbacks_,
                .fallback_bytes = fallback_bytes_};
  }

 private:
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

  int64_t Bytes(int32_t value) const {
    return g_.types.shapes[value].num_elements() *
           static_cast<int64_t>(DTypeSize(*g_.types.dtypes[value]));
  }

  // Inputs, with the new value in place of one that is changed; then outputs
  // that are no new values.
  std::vector<int32_t> ArgsOf(int32_t id) const {
    const Node& node = g_.graph.nodes[id];
    const auto defs = node.op->inputs.For(node.attrs);
    std::vector<int32_t> args;
    int32_t updated = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      int32_t arg = g_.index[node.inputs[i]];
      if (defs[i].access == Access::kUpdate) {
        arg = g_.index.first(id) + updated++;
      } else if (defs[i].access == Access::kMutate) {
        arg = g_.index.first(id) + node.hidden_output(i);
      }
      args.push_back(arg);
    }
    const int32_t visible = static_cast<int32_t>(node.num_visible_outputs());
    for (int32_t i = updated; i < visible; ++i) {
      args.push_back(g_.index.first(id) + i);
    }
    return args;
  }

  absl::StatusOr<Prepared> Prepare(int32_t id) const {
    const Kernel* kernel = g_.choice.kernels[id];
    if (kernel->prepare == nullptr) return Prepared{};
    std::vector<Shape> shapes;
    for (int32_t arg : ArgsOf(id)) shapes.push_back(g_.types.shapes[arg]);
    absl::StatusOr<Prepared> prepared =
        kernel->prepare(g_.graph.nodes[id].attrs, shapes);
    if (!prepared.ok()) {
      return Annotate(prepared.status(), g_.graph.nodes[id].Describe());
    }
    return prepared;
  }

  void PlaceValues(const MemoryPlan& memory) {
    places_.resize(static_cast<size_t>(g_.index.size()));
    for (size_t value = 0; value < places_.size(); ++value) {
      ValuePlace& place = places_[value];
      if (schedule_.variable[value] >= 0) {
        place = {ValuePlace::Kind::kVariable, schedule_.variable[value], 0};
      } else if (g_.choice.storages[value] != StorageType::kDense) {
        place.kind = ValuePlace::Kind::kOwn;
      } else if (memory.offsets[value] >= 0) {
        place = {ValuePlace::Kind::kArena, -1, memory.offsets[value]};
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
           .prepared = {},
           .note = absl::StrCat("copy for ", g_.graph.nodes[id].name)});
    }
  }

  PlanStep KernelStep(int32_t id) const {
    PlanStep step;
    step.node = id;
    step.kernel = g_.choice.kernels[id];
    step.args = ArgsOf(id);
    return step;
  }

  TypedGraph g_;
  const PlanOptions& options_;
  Schedule schedule_;
  std::vector<ValuePlace> places_;
  std::vector<PlanStep> steps_;
  int64_t num_fallbacks_ = 0;
  int64_t fallback_bytes_ = 0;
};

}  // namespace

absl::StatusOr<Plan> MakePlan(
    Graph graph,
    const absl::flat_hash_map<std::string, VariableType>& variables,
    const PlanOptions& options) {
  MINNOW_ASSIGN_OR_RETURN(graph,
                          SeparateVariables(RemoveDeadNodes(std::move(graph))));
  MINNOW_RETURN_IF_ERROR(CheckOperatorsKnown(graph));
  MINNOW_ASSIGN_OR_RETURN(TypedGraph typed,
                          InferAll(std::move(graph), variables));
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
    std::vector<bool> converted;
    MINNOW_ASSIGN_OR_RETURN(
        Graph with_casts,
        InsertCasts(typed.graph, typed.index, typed.choice, converted));
    MINNOW_ASSIGN_OR_RETURN(
        typed, InferAll(std::move(with_casts), variables, converted));
    notes = CastNotes(typed.graph, names);
  }
  return Planner(std::move(typed), options).Run(notes);
}

int64_t Plan::DenseBytes(int32_t value) const {
  return types.shapes[value].num_elements() *
         static_cast<int64_t>(DTypeSize(*types.dtypes[value]));
}

std::string Plan::ToString() const {
  std::vector<std::vector<std::string>> rows = {
      {"step", "node", "kernel", "out", "bytes", "note"}};
  for (size_t i = 0; i < steps.size(); ++i) {
    const PlanStep& step = steps[i];
    // What it makes: the output, or what it changes.
    int32_t out = step.args.back();
    std::string name = "-", kernel = "copy";
    if (step.node >= 0) {
      const Node& node = graph.nodes[step.node];
      out = index.count(step.node) > 0 ? index.first(step.node) : out;
      name = node.name;
      if (node.op->name == "cast_storage") {
        kernel = absl::StrCat(
            "cast_storage ", StorageTypeName(step.kernel->args[0].storage),
            "->", StorageTypeName(step.kernel->args[1].storage));
      } else {
        const size_t inputs = node.inputs.size();
        kernel.clear();
        for (size_t k = 0; k < inputs; ++k) {
          absl::StrAppend(&kernel, k > 0 ? "," : "",
                          StorageTypeName(storages[step.args[k]]));
        }
        absl::StrAppend(&kernel, inputs > 0 ? " " : "",
                        DTypeName(step.kernel->args.back().dtype));
      }
    }
    rows.push_back(
        {absl::StrCat(i), name, kernel,
         absl::StrCat(StorageTypeName(storages[out]), " ",
                      types.shapes[out].ToString(), " ",
                      DTypeName(*types.dtypes[out])),
         absl::StrCat(storages[out] == StorageType::kDense ? "" : "<= ",
                      DenseBytes(out)),
         step.note});
  }
  std::string text = AlignColumns(rows);
  absl::StrAppend(&text, "planned ", planned_bytes, " bytes, without sharing ",
                  unshared_bytes, ", largest live set ", lower_bound_bytes,
                  "; ", num_fallbacks,
                  num_fallbacks == 1 ? " fallback, " : " fallbacks, ",
                  fallback_bytes, " bytes\n");
  return text;
}

}  // namespace minnow
