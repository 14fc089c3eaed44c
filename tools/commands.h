// The subcommands of the program. Each adds itself to the parser, and returns
// what runs once the command line has been read.
#ifndef MINNOW_TOOLS_COMMANDS_H_
#define MINNOW_TOOLS_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>

#include "absl/status/status.h"

namespace minnow {

struct Command {
  CLI::App* app;
  std::function<absl::Status()> run;
};

Command AddOpsCommand(CLI::App& app);
Command AddShowCommand(CLI::App& app);
Command AddConvertCommand(CLI::App& app);
Command AddRunCommand(CLI::App& app);
Command AddTrainCommand(CLI::App& app);

}  // namespace minnow

#endif  // MINNOW_TOOLS_COMMANDS_H_
