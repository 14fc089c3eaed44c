#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "minnow/core/status.h"
#include "minnow/interop/graph_file.h"
#include "minnow/interop/run.h"
#include "minnow/ops/builtin.h"
#include "minnow/tools/commands.h"
#include "minnow/tools/key_value.h"

namespace minnow {
namespace {

struct Options {
  std::string graph, inputs, outputs;
  std::vector<std::string> gradient_requests, inplace;
  RunOptions run;
};

absl::Status ParseGradientRequests(const std::vector<std::string>& texts,
                                   RunOptions& options) {
  for (const std::string& text : texts) {
    MINNOW_ASSIGN_OR_RETURN(const auto request,
                            SplitKeyValue("--grad-req", text));
    GradientRequest& value = options.gradient_requests[request.first];
    if (request.second == "write") {
      value = GradientRequest::kWrite;
    } else if (request.second == "add") {
      value = GradientRequest::kAdd;
    } else if (request.second == "null") {
      value = GradientRequest::kNull;
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          "--grad-req ", request.first,
          ": expected write, add or null, found '", request.second, "'"));
    }
  }
  return absl::OkStatus();
}

absl::Status ParseInplace(const std::vector<std::string>& texts,
                          RunOptions& options) {
  for (const std::string& text : texts) {
    absl::string_view rest = text;
    const size_t at = rest.find('=');
    size_t k = 0;
    const bool has_output = at != rest.npos &&
                            absl::ConsumePrefix(&rest, "out:") &&
                            absl::SimpleAtoi(rest.substr(0, at - 4), &k);
    if (has_output) rest.remove_prefix(at - 4 + 1);
    if (!has_output ||
        !(absl::ConsumePrefix(&rest, "arg:") ||
          absl::ConsumePrefix(&rest, "aux:")) ||
        rest.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--inplace: expected out:K=arg:NAME, found '", text, "'"));
    }
    options.inplace.push_back({k, std::string(rest)});
  }
  return absl::OkStatus();
}

absl::Status Run(Options& options) {
  MINNOW_RETURN_IF_ERROR(
      ParseGradientRequests(options.gradient_requests, options.run));
  MINNOW_RETURN_IF_ERROR(ParseInplace(options.inplace, options.run));
  MINNOW_ASSIGN_OR_RETURN(const Graph graph,
                          LoadGraph(options.graph, BuiltinOps()));
  MINNOW_ASSIGN_OR_RETURN(const std::vector<NamedArray> inputs,
                          ReadParamsFile(options.inputs));
  MINNOW_ASSIGN_OR_RETURN(const std::vector<NamedArray> outputs,
                          RunGraph(graph, inputs, options.run));
  return WriteParamsFile(options.outputs, outputs);
}

}  // namespace

Command AddRunCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "run", "Run a graph once, on arrays from a .params file.");
  command->add_option("GRAPH", options->graph, "A .pb, .pbtxt or .json file")
      ->required();
  command
      ->add_option("--inputs", options->inputs,
                   "Arrays arg:NAME, aux:NAME, head:K, gradinit:NAME")
      ->required();
  command
      ->add_option("--outputs", options->outputs,
                   "Gets the arrays out:K, aux:NAME, grad:NAME")
      ->required();
  command->add_flag("--train", options->run.training,
                    "Operators behave as in training");
  command->add_flag("--backward", options->run.backward,
                    "Compute the gradients of all arguments");
  command->add_option("--grad-req", options->gradient_requests,
                      "NAME=write|add|null: what becomes of a gradient");
  command->add_option("--inplace", options->inplace,
                      "out:K=arg:NAME: write an output over a variable");
  command->add_option("--seed", options->run.seed, "Of random operators");
  command
      ->add_option("--threads", options->run.threads,
                   "Default: as many as the machine has")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--strict-storage", options->run.strict_storage,
                    "A fallback to dense is an error");
  return {command, [options] { return Run(*options); }};
}

}  // namespace minnow
