#include <memory>
#include <string>

#include "minnow/core/status.h"
#include "minnow/interop/graph_file.h"
#include "minnow/ops/builtin.h"
#include "minnow/tools/commands.h"

namespace minnow {

Command AddConvertCommand(CLI::App& app) {
  struct Options {
    std::string in, out;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "convert", "Convert a graph between .pb, .pbtxt and MXNet's .json.");
  command->add_option("IN", options->in, "The graph")->required();
  command->add_option("OUT", options->out, "The file to write")->required();
  return {command, [options]() -> absl::Status {
            MINNOW_ASSIGN_OR_RETURN(const Graph graph,
                                    LoadGraph(options->in, BuiltinOps()));
            return SaveGraph(options->out, graph);
          }};
}

}  // namespace minnow
