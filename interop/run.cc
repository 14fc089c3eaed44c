#include "minnow/interop/run.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/gradient.h"

namespace minnow {
namespace {

// The inputs, sorted by what they are for.
struct Inputs {
  absl::flat_hash_map<std::string, NDArray> variables;
  absl::flat_hash_map<size_t, NDArray> heads;
  absl::flat_hash_map<std::string, NDArray> initial_gradients;
};

absl::StatusOr<Inputs> SortInputs(absl::Span<const NamedArray> arrays,
                                  size_t num_outputs) {
  Inputs inputs;
  for (const NamedArray& input : arrays) {
    absl::string_view name = input.name;
    bool is_new = true;
    if (absl::ConsumePrefix(&name, "arg:") ||
        absl::ConsumePrefix(&name, "aux:")) {
      is_new = inputs.variables.try_emplace(name, input.array).second;
    } else if (absl::ConsumePrefix(&name, "gradinit:")) {
      is_new = inputs.initial_gradients.try_emplace(name, input.array).second;
    } else if (absl::ConsumePrefix(&name, "head:")) {
      size_t k;
      if (!absl::SimpleAtoi(name, &k) || k >= num_outputs) {
        return absl::InvalidArgumentError(absl::StrCat(
            "input '", input.name, "': expected the number of an output in [0,",
            num_outputs, "), found '", name, "'"));
      }
      is_new = inputs.heads.try_emplace(k, input.array).second;
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          "input '", input.name,
          "': expected a name that begins with arg:, aux:, head: or "
          "gradinit:"));
    }
    if (!is_new) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", input.name, "' is given twice"));
    }
  }
  return inputs;
}

// The graph that is run: the one that was given, with gradients and updates
// that the options ask for.
class RunBuilder {
 public:
  RunBuilder(const Graph& graph, Inputs inputs, const RunOptions& options)
      : graph_(graph),
        options_(options),
        inputs_(std::move(inputs)),
        builder_(graph.registry),
        imported_(builder_.Import(graph)),
        states_(graph.FindStates()) {}

  absl::StatusOr<std::vector<NamedArray>> Run() {
    outputs_.assign(imported_.outputs().begin(), imported_.outputs().end());
    for (size_t k = 0; k < outputs_.size(); ++k) {
      output_names_.push_back(absl::StrCat("out:", k));
    }
    MINNOW_RETURN_IF_ERROR(AddInplace());
    if (options_.backward) MINNOW_RETURN_IF_ERROR(AddGradients());
    MINNOW_ASSIGN_OR_RETURN(const Graph graph, builder_.Build(outputs_));
    MINNOW_ASSIGN_OR_RETURN(
        Executor executor,
        Executor::Bind(graph, {.variables = ArraysFor(graph),
                               .training = options_.training,
                               .seed = options_.seed,
                               .threads = options_.threads,
                               .strict_storage = options_.strict_storage}));
    MINNOW_RETURN_IF_ERROR(executor.Run());
    std::vector<NamedArray> results;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      results.push_back({output_names_[i], executor.Output(i)});
    }
    // Over a variable of another storage an output is what the variable holds.
    for (const auto& [k, name] : options_.inplace) {
      MINNOW_ASSIGN_OR_RETURN(results[k].array, executor.Variable(name));
    }
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      if (!states_[id]) continue;
      const std::string& name = graph_.nodes[id].name;
      MINNOW_ASSIGN_OR_RETURN(NDArray array, executor.Variable(name));
      results.push_back({absl::StrCat("aux:", name), std::move(array)});
    }
    for (const auto& [name, variable] : added_gradients_) {
      MINNOW_ASSIGN_OR_RETURN(NDArray array, executor.Variable(variable));
      results.push_back({absl::StrCat("grad:", name), std::move(array)});
    }
    return results;
  }

 private:
  absl::Status AddInplace() {
    absl::flat_hash_set<absl::string_view> seen;
    for (const auto& [k, name] : options_.inplace) {
      if (!seen.insert(name).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("--inplace: '", name, "' is named twice"));
      }
      if (k >= imported_.outputs().size()) {
        return absl::InvalidArgumentError(
            absl::StrCat("--inplace: expected an output in [0,",
                         imported_.outputs().size(), "), found ", k));
      }
      const int32_t id = graph_.Find(name);
      if (id < 0 || !graph_.nodes[id].is_variable()) {
        return absl::InvalidArgumentError(
            absl::StrCat("--inplace: expected a variable, found '", name, "'"));
      }
      builder_.Update(imported_[name], imported_.outputs()[k]);
    }
    return builder_.status();
  }

  absl::Status AddGradients() {
    for (const auto& [name, request] : options_.gradient_requests) {
      const int32_t id = graph_.Find(name);
      if (id < 0 || !graph_.nodes[id].is_variable() || states_[id]) {
        return absl::InvalidArgumentError(absl::StrCat(
            "--grad-req: expected an argument of the graph, found '", name,
            "'"));
      }
    }
    std::vector<Symbol> heads;
    for (size_t k = 0; k < imported_.outputs().size(); ++k) {
      const auto given = inputs_.heads.find(k);
      heads.push_back(given == inputs_.heads.end()
                          ? Symbol{}
                          : Bound(absl::StrCat("head:", k), given->second));
    }
    std::vector<Symbol> wrt;
    std::vector<std::string> names;
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      if (!node.is_variable() || states_[id] ||
          RequestOf(node.name) == GradientRequest::kNull) {
        continue;
      }
      wrt.push_back(imported_[node.name]);
      names.push_back(node.name);
    }
    const std::vector<Symbol> grads =
        Gradient(builder_, imported_.outputs(), heads, wrt);
    MINNOW_RETURN_IF_ERROR(builder_.status());
    for (size_t i = 0; i < grads.size(); ++i) {
      if (RequestOf(names[i]) == GradientRequest::kAdd) {
        MINNOW_RETURN_IF_ERROR(AddToGradient(names[i], grads[i]));
      } else {
        outputs_.push_back(grads[i]);
        output_names_.push_back(absl::StrCat("grad:", names[i]));
      }
    }
    return builder_.status();
  }

  // The update {g <- g + grad}.
  absl::Status AddToGradient(const std::string& name, Symbol grad) {
    const auto given = inputs_.initial_gradients.find(name);
    if (given == inputs_.initial_gradients.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--grad-req ", name, "=add: expected an input gradinit:", name,
          ", found none"));
    }
    const std::string variable = absl::StrCat("gradinit:", name);
    const Symbol sum = Bound(variable, given->second);
    builder_.Update(sum, builder_.Add("elemwise_add", {sum, grad}));
    added_gradients_.push_back({name, variable});
    return builder_.status();
  }

  GradientRequest RequestOf(const std::string& argument) const {
    const auto found = options_.gradient_requests.find(argument);
    return found == options_.gradient_requests.end() ? GradientRequest::kWrite
                                                     : found->second;
  }

  // A variable of our own, with its array.
  Symbol Bound(const std::string& name, const NDArray& array) {
    inputs_.variables[name] = array;
    return builder_.Variable(name);
  }

  // The arrays without those of variables that only the parts of the graph
  // need that nobody asks for.
  absl::flat_hash_map<std::string, NDArray> ArraysFor(const Graph& graph) {
    absl::flat_hash_set<absl::string_view> used;
    for (const Node& node : graph.nodes) used.insert(node.name);
    absl::flat_hash_map<std::string, NDArray> arrays = inputs_.variables;
    for (int32_t id = 0; id < builder_.num_nodes(); ++id) {
      const Node& node = builder_.node(id);
      if (node.is_variable() && !used.contains(node.name)) {
        arrays.erase(node.name);
      }
    }
    return arrays;
  }

  const Graph& graph_;
  const RunOptions& options_;
  Inputs inputs_;
  GraphBuilder builder_;
  ImportedGraph imported_;
  std::vector<std::optional<double>> states_;
  std::vector<Symbol> outputs_;
  std::vector<std::string> output_names_;
  // Of arguments whose gradient is added to: with the variable that holds it.
  std::vector<std::pair<std::string, std::string>> added_gradients_;
};

}  // namespace

absl::StatusOr<std::vector<NamedArray>> RunGraph(
    const Graph& graph, absl::Span<const NamedArray> inputs,
    const RunOptions& options) {
  MINNOW_ASSIGN_OR_RETURN(Inputs sorted,
                          SortInputs(inputs, graph.outputs.size()));
  return RunBuilder(graph, std::move(sorted), options).Run();
}

}  // namespace minnow
