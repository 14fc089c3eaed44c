#include <iostream>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "minnow/core/file.h"
#include "minnow/core/status.h"
#include "minnow/graph/plan.h"
#include "minnow/graph/print.h"
#include "minnow/interop/graph_file.h"
#include "minnow/ops/builtin.h"
#include "minnow/tools/commands.h"
#include "minnow/tools/key_value.h"

namespace minnow {
namespace {

using TypesByName = absl::flat_hash_map<std::string, VariableType>;

// Reads options NAME=VALUE into a member of the variables' types.
template <typename T>
absl::Status ParseTypes(const Graph& graph, absl::string_view option,
                        const std::vector<std::string>& texts,
                        T VariableType::*member, TypesByName& types) {
  for (const std::string& text : texts) {
    MINNOW_ASSIGN_OR_RETURN(const auto named, SplitKeyValue(option, text));
    const int32_t id = graph.Find(named.first);
    if (id < 0 || !graph.nodes[id].is_variable()) {
      return absl::NotFoundError(absl::StrCat(
          option, ": the graph has no variable '", named.first, "'"));
    }
    absl::StatusOr<T> value = AttrCodec<T>::FromText(named.second);
    if (!value.ok()) {
      return Annotate(value.status(), absl::StrCat(option, " ", named.first));
    }
    types[named.first].*member = *std::move(value);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Execute(const ShowCommand& command) {
  MINNOW_ASSIGN_OR_RETURN(const Graph graph,
                          LoadGraph(command.graph, BuiltinOps()));
  TypesByName types;
  MINNOW_RETURN_IF_ERROR(ParseTypes(graph, "--shape", command.shapes,
                                    &VariableType::shape, types));
  MINNOW_RETURN_IF_ERROR(ParseTypes(graph, "--stype", command.storages,
                                    &VariableType::storage, types));
  MINNOW_RETURN_IF_ERROR(ParseTypes(graph, "--dtype", command.dtypes,
                                    &VariableType::dtype, types));
  if (command.plan) {
    MINNOW_ASSIGN_OR_RETURN(const Plan plan, MakePlan(graph, types, {}));
    std::cout << plan.ToString();
  } else {
    std::cout << GraphTable(graph);
  }
  if (command.dot.empty()) return absl::OkStatus();
  VariableTypes known;
  for (const auto& [name, type] : types) known[graph.Find(name)] = type;
  const ValueIndex index(graph);
  const absl::StatusOr<ValueTypes> inferred = InferTypes(graph, index, known);
  return WriteFileAtomically(
      command.dot,
      GraphDot(graph, &index, inferred.ok() ? &*inferred : nullptr));
}

}  // namespace minnow
