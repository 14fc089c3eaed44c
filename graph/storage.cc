#include "minnow/graph/storage.h"

#include <algorithm>
#include <bit>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

// The types of a node's arguments as a kernel sees them: its inputs, then its
// outputs without new values of inputs.
struct NodeArgs {
  std::vector<DType> dtypes;
  std::vector<StorageType> storages;  // Of the inputs.
  // Whether nobody reads the values of an input: then it may be stored in any
  // way, unless a kernel asks for the one that it has.
  std::vector<bool> unread;
};

enum class Unread : uint8_t { kMatch, kIgnore };

bool Matches(const Kernel& kernel, const NodeArgs& args,
             absl::Span<const StorageType> storages, Unread unread) {
  size_t list = kernel.args.size();
  for (size_t k = 0; k < kernel.args.size(); ++k) {
    if (kernel.args[k].is_list) list = k;
  }
  const size_t n = args.dtypes.size();
  const bool has_list = list < kernel.args.size();
  if (has_list ? n + 1 < kernel.args.size() : n != kernel.args.size()) {
    return false;
  }
  for (size_t i = 0; i < n; ++i) {
    // Behind a list the parameters are counted from the end.
    const size_t from_end = n - i;
    size_t k = i;
    if (has_list && i >= list) {
      k = from_end < kernel.args.size() - list ? kernel.args.size() - from_end
                                               : list;
    }
    if (kernel.args[k].dtype != args.dtypes[i]) return false;
    if (i < storages.size() && kernel.args[k].storage != storages[i] &&
        (unread == Unread::kMatch || !args.unread[i])) {
      return false;
    }
  }
  return true;
}

// `converted`: some of the storages are not those of the inputs.
const Kernel* FindKernel(const Node& node, const NodeArgs& args,
                         absl::Span<const StorageType> storages,
                         bool converted) {
  for (Unread unread : {Unread::kMatch, Unread::kIgnore}) {
    for (const Kernel& kernel : node.op->kernels) {
      if (Matches(kernel, args, storages, unread) &&
          (kernel.for_fallback || !converted) &&
          (kernel.when == nullptr || kernel.when(node.attrs))) {
        return &kernel;
      }
    }
  }
  return nullptr;
}

// The kernel that takes the fewest inputs converted to dense, and which these
// are. More than `kMaxSubsets` choices are not tried one by one: then it is all
// or nothing.
const Kernel* FindFallback(const Node& node, const NodeArgs& args,
                           std::vector<StorageType>& storages) {
  std::vector<size_t> sparse;
  for (size_t i = 0; i < storages.size(); ++i) {
    if (storages[i] != StorageType::kDense && !args.unread[i]) {
      sparse.push_back(i);
    }
  }
  const std::vector<StorageType> given = storages;
  constexpr size_t kMaxSparse = 8;
  if (sparse.size() <= kMaxSparse) {
    const uint32_t all = (1u << sparse.size()) - 1;
    for (int count = 1; count < static_cast<int>(sparse.size()); ++count) {
      for (uint32_t subset = 1; subset < all; ++subset) {
        if (std::popcount(subset) != count) continue;
        storages = given;
        for (size_t k = 0; k < sparse.size(); ++k) {
          if (subset >> k & 1) storages[sparse[k]] = StorageType::kDense;
        }
        const Kernel* kernel =
            FindKernel(node, args, storages, /*converted=*/true);
        if (kernel != nullptr) return kernel;
      }
    }
  }
  storages = given;
  for (size_t i : sparse) storages[i] = StorageType::kDense;
  return FindKernel(node, args, storages, /*converted=*/true);
}

absl::Status NoKernel(const Node& node, const NodeArgs& args) {
  std::vector<std::string> found, rows;
  for (size_t i = 0; i < args.dtypes.size(); ++i) {
    found.push_back(i < args.storages.size()
                        ? absl::StrCat(StorageTypeName(args.storages[i]), " ",
                                       DTypeName(args.dtypes[i]))
                        : absl::StrCat("-> ", DTypeName(args.dtypes[i])));
  }
  for (const Kernel& kernel : node.op->kernels) {
    rows.push_back(KernelText(kernel));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      node.Describe(), ": expected arguments that a kernel takes (",
      absl::StrJoin(rows, "; "), "), found ", absl::StrJoin(found, ", ")));
}

// `inputs` are the positions of those that a kernel takes.
NodeArgs ArgsOf(const Node& node, int32_t id, absl::Span<const size_t> inputs,
                const ValueIndex& index, const ValueTypes& types,
                const std::vector<StorageType>& storages) {
  NodeArgs args;
  for (size_t i : inputs) {
    const int32_t x = index[node.inputs[i]];
    args.dtypes.push_back(*types.dtypes[x]);
    args.storages.push_back(storages[x]);
  }
  args.unread.resize(inputs.size());
  // Groups have no output of their own, and read all that they take.
  if (node.op->groups.size > 0) return args;
  size_t updated = 0;
  const auto defs = node.op->inputs.For(node.attrs);
  for (size_t i = 0; i < defs.size(); ++i) {
    updated += defs[i].access == Access::kUpdate;
    args.unread[i] = defs[i].access == Access::kUnread;
  }
  const size_t visible = node.num_visible_outputs();
  for (size_t i = updated; i < visible; ++i) {
    args.dtypes.push_back(
        *types.dtypes[index.first(id) + static_cast<int32_t>(i)]);
  }
  return args;
}

// The storage of each output of a node that runs `kernel` on inputs that are
// stored like this. With groups any of their kernels will do.
void SetOutputStorages(const Node& node, int32_t first, const Kernel& kernel,
                       absl::Span<const StorageType> inputs,
                       std::vector<StorageType>& storages) {
  int32_t new_values = 0;
  const std::vector<int32_t> new_value = node.NewValues();
  const int32_t visible = static_cast<int32_t>(node.num_visible_outputs());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (new_value[i] < 0) continue;
    storages[first + new_value[i]] = inputs[i];
    new_values += new_value[i] < visible;
  }
  // The other outputs are the kernel's last arguments.
  const size_t own = static_cast<size_t>(visible - new_values);
  for (size_t i = 0; i < own; ++i) {
    const size_t arg = kernel.args.back().is_list
                           ? kernel.args.size() - 1
                           : kernel.args.size() - own + i;
    storages[first + new_values + static_cast<int32_t>(i)] =
        kernel.args[arg].storage;
  }
}

// Chooses the kernel of each group, and adds the inputs that it needs converted
// to the fallbacks.
absl::Status ChooseKernelsOf(const Graph& graph, int32_t id,
                             const ValueIndex& index, const ValueTypes& types,
                             const std::vector<bool>& inserted,
                             KernelChoice& choice) {
  const Node& node = graph.nodes[id];
  std::vector<StorageType> taken;  // As kernels take the inputs.
  for (NodeOutput x : node.inputs) taken.push_back(choice.storages[index[x]]);
  const size_t num_groups = node.op->groups.Count(node.inputs.size());
  for (size_t group = 0; group < num_groups; ++group) {
    const std::vector<size_t> inputs = InputsOfGroup(node, group);
    const NodeArgs args =
        ArgsOf(node, id, inputs, index, types, choice.storages);
    const bool converted =
        !inserted.empty() &&
        std::any_of(inputs.begin(), inputs.end(),
                    [&](size_t i) { return inserted[node.inputs[i].node]; });
    std::vector<StorageType> storages = args.storages;
    const Kernel* kernel = FindKernel(node, args, storages, converted);
    if (kernel == nullptr) kernel = FindFallback(node, args, storages);
    if (kernel == nullptr) return NoKernel(node, args);
    choice.kernels[id].push_back(kernel);
    for (size_t k = 0; k < inputs.size(); ++k) {
      if (storages[k] == args.storages[k]) continue;
      // A shared one may be converted for another group already.
      if (taken[inputs[k]] != storages[k]) {
        choice.fallbacks.push_back({id, static_cast<int32_t>(inputs[k])});
      }
      taken[inputs[k]] = storages[k];
    }
  }
  if (!choice.kernels[id].empty()) {
    SetOutputStorages(node, index.first(id), *choice.kernels[id][0], taken,
                      choice.storages);
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<size_t> InputsOfGroup(const Node& node, size_t group) {
  const GroupDef& groups = node.op->groups;
  const size_t n = node.inputs.size();
  std::vector<size_t> inputs;
  if (groups.size == 0) {
    for (size_t i = 0; i < n; ++i) inputs.push_back(i);
    return inputs;
  }
  for (size_t i = 0; i < groups.size; ++i) {
    inputs.push_back(group * groups.size + i);
  }
  for (size_t i = n - groups.num_shared; i < n; ++i) inputs.push_back(i);
  return inputs;
}

std::string KernelText(const Kernel& kernel) {
  std::vector<absl::string_view> storages, dtypes;
  for (const ArgType& arg : kernel.args) {
    storages.push_back(StorageTypeName(arg.storage));
    if (dtypes.empty() || dtypes.back() != DTypeName(arg.dtype)) {
      dtypes.push_back(DTypeName(arg.dtype));
    }
  }
  return absl::StrCat(absl::StrJoin(storages, ","), " ",
                      absl::StrJoin(dtypes, ","));
}

absl::StatusOr<KernelChoice> ChooseKernels(const Graph& graph,
                                           const ValueIndex& index,
                                           const ValueTypes& types,
                                           const VariableTypes& known,
                                           const std::vector<bool>& inserted) {
  KernelChoice choice;
  choice.kernels.resize(graph.nodes.size());
  choice.storages.resize(static_cast<size_t>(index.size()),
                         StorageType::kDense);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const int32_t id = static_cast<int32_t>(i);
    const Node& node = graph.nodes[i];
    const int32_t first = index.first(i);
    if (node.is_variable()) {
      const auto given = known.find(id);
      std::optional<StorageType> storage = node.variable().stype;
      if (given != known.end() && given->second.storage.has_value()) {
        storage = given->second.storage;
      }
      choice.storages[first] = storage.value_or(StorageType::kDense);
      continue;
    }
    MINNOW_RETURN_IF_ERROR(
        ChooseKernelsOf(graph, id, index, types, inserted, choice));
  }
  return choice;
}

bool NeedsCasts(const Graph& graph, const ValueIndex& index,
                const KernelChoice& choice) {
  if (!choice.fallbacks.empty()) return true;
  for (const Update& update : graph.updates) {
    if (choice.storages[index[update.value]] !=
        choice.storages[index.first(update.variable)]) {
      return true;
    }
  }
  return false;
}

absl::StatusOr<Graph> InsertCasts(const Graph& graph, const ValueIndex& index,
                                  const KernelChoice& choice,
                                  std::vector<bool>& inserted) {
  MINNOW_ASSIGN_OR_RETURN(const OpDef* cast,
                          graph.registry->Get("cast_storage"));
  inserted.clear();
  Graph result;
  result.registry = graph.registry;
  result.unknown_ops = graph.unknown_ops;
  absl::flat_hash_set<std::string> names;
  for (const Node& node : graph.nodes) names.insert(node.name);
  int64_t counter = 0;
  std::vector<int32_t> new_id(graph.nodes.size());
  const auto moved = [&](NodeOutput x) {
    return NodeOutput{new_id[x.node], x.output};
  };
  const auto add_cast = [&](NodeOutput x,
                            StorageType to) -> absl::StatusOr<NodeOutput> {
    Node node;
    node.op = cast;
    do {
      node.name = absl::StrCat("cast_storage", counter++);
    } while (!names.insert(node.name).second);
    const NamedAttr stype = {"stype", std::string(StorageTypeName(to))};
    MINNOW_ASSIGN_OR_RETURN(node.attrs, Attrs::Parse(cast->attrs, {stype}));
    node.inputs = {x};
    result.nodes.push_back(std::move(node));
    inserted.resize(result.nodes.size());
    inserted.back() = true;
    return NodeOutput{static_cast<int32_t>(result.nodes.size()) - 1, 0};
  };
  size_t next = 0;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    Node node = graph.nodes[id];
    for (NodeOutput& x : node.inputs) x = moved(x);
    for (; next < choice.fallbacks.size() &&
           choice.fallbacks[next].node == static_cast<int32_t>(id);
         ++next) {
      NodeOutput& x = node.inputs[choice.fallbacks[next].input];
      MINNOW_ASSIGN_OR_RETURN(x, add_cast(x, StorageType::kDense));
    }
    new_id[id] = static_cast<int32_t>(result.nodes.size());
    result.nodes.push_back(std::move(node));
  }
  for (NodeOutput x : graph.outputs) result.outputs.push_back(moved(x));
  for (const Update& update : graph.updates) {
    NodeOutput value = moved(update.value);
    const StorageType to = choice.storages[index.first(update.variable)];
    if (choice.storages[index[update.value]] != to) {
      MINNOW_ASSIGN_OR_RETURN(value, add_cast(value, to));
    }
    result.updates.push_back({new_id[update.variable], value});
  }
  inserted.resize(result.nodes.size());
  return result;
}

}  // namespace minnow
