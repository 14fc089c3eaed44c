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

}  // namespace

absl::Status Execute(const RunCommand& command) {
  RunOptions options = command.options;
  MINNOW_RETURN_IF_ERROR(
      ParseGradientRequests(command.gradient_requests, options));
  MINNOW_RETURN_IF_ERROR(ParseInplace(command.inplace, options));
  MINNOW_ASSIGN_OR_RETURN(const Graph graph,
                          LoadGraph(command.graph, BuiltinOps()));
  MINNOW_ASSIGN_OR_RETURN(const std::vector<NamedArray> inputs,
                          ReadParamsFile(command.inputs));
  MINNOW_ASSIGN_OR_RETURN(const std::vector<NamedArray> outputs,
                          RunGraph(graph, inputs, options));
  return WriteParamsFile(command.outputs, outputs);
}

}  // namespace minnow
