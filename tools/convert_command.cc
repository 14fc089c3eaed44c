#include "minnow/core/status.h"
#include "minnow/interop/graph_file.h"
#include "minnow/ops/builtin.h"
#include "minnow/tools/commands.h"

namespace minnow {

absl::Status Execute(const ConvertCommand& command) {
  MINNOW_ASSIGN_OR_RETURN(const Graph graph,
                          LoadGraph(command.in, BuiltinOps()));
  return SaveGraph(command.out, graph);
}

}  // namespace minnow
