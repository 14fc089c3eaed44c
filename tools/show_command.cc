#include <iostream>
#include <memory>
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

struct Options {
  std::string graph, dot;
  bool plan = false;
  std::vector<std::string> shapes, storages, dtypes;
};

using Types = absl::flat_hash_map<std::string, VariableType>;

// Reads options NAME=VALUE into a member of the variables' types.
template <typename T>
absl::Status ParseTypes(const Graph& graph, absl::string_view option,
                        const std::vector<std::string>& texts,
                        T VariableType::*member, Types& types) {
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

absl::Status Show(const Options& options) {
  MINNOW_ASSIGN_OR_RETURN(const Graph graph,
                          LoadGraph(options.graph, BuiltinOps()));
  Types types;
  MINNOW_RETURN_IF_ERROR(ParseTypes(graph, "--shape", options.shapes,
                                    &VariableType::shape, types));
  MINNOW_RETURN_IF_ERROR(ParseTypes(graph, "--stype", options.storages,
                                    &VariableType::storage, types));
  MINNOW_RETURN_IF_ERROR(ParseTypes(graph, "--dtype", options.dtypes,
                                    &VariableType::dtype, types));
  if (options.plan) {
    MINNOW_ASSIGN_OR_RETURN(const Plan plan, MakePlan(graph, types, {}));
    std::cout << plan.ToString();
  } else {
    std::cout << GraphTable(graph);
  }
  if (options.dot.empty()) return absl::OkStatus();
  VariableTypes known;
  for (const auto& [name, type] : types) known[graph.Find(name)] = type;
  const ValueIndex index(graph);
  const absl::StatusOr<ValueTypes> inferred = InferTypes(graph, index, known);
  return WriteFileAtomically(
      options.dot,
      GraphDot(graph, &index, inferred.ok() ? &*inferred : nullptr));
}

}  // namespace

Command AddShowCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "show", "Show the nodes of a graph, or the plan of a run.");
  command->add_option("GRAPH", options->graph, "A .pb, .pbtxt or .json file")
      ->required();
  command->add_flag("--plan", options->plan,
                    "Which kernel each step runs, on what, where");
  command->add_option("--shape", options->shapes,
                      "NAME=2,3: the shape of a variable");
  command->add_option("--stype", options->storages,
                      "NAME=row_sparse: the storage of a variable");
  command->add_option("--dtype", options->dtypes,
                      "NAME=float16: the type of a variable's elements");
  command->add_option("--dot", options->dot,
                      "Write the graph for Graphviz to this file");
  return {command, [options] { return Show(*options); }};
}

}  // namespace minnow
