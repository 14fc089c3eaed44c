// The command line program. See docs/design.md, or `minnow --help`.
//
// Exit status: 0; 1 for an error, with one line on stderr; 2 for wrong usage.

#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "minnow/tools/commands.h"

namespace {

int Main(int argc, char** argv) {
  CLI::App app("Minnow: compose, inspect, convert, run and train graphs.");
  app.name("minnow");
  app.require_subcommand(1);
  const std::vector<minnow::Command> commands = {
      minnow::AddOpsCommand(app), minnow::AddShowCommand(app),
      minnow::AddConvertCommand(app), minnow::AddRunCommand(app),
      minnow::AddTrainCommand(app)};
  // CLI11 throws; its exceptions stay here.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (const minnow::Command& command : commands) {
    if (!command.app->parsed()) continue;
    absl::Status status = command.run();
    // What was printed may not have reached its file.
    if (status.ok() && !std::cout.flush()) {
      status = absl::UnavailableError("cannot write to the standard output");
    }
    if (status.ok()) return 0;
    const std::string message =
        absl::StrReplaceAll(status.message(), {{"\n", "\\n"}, {"\r", "\\r"}});
    std::fprintf(stderr, "minnow: error: %s\n", message.c_str());
    return 1;
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  // A closed pipe and a limit on the size of files are errors of the write that
  // meets them, not the end of a training run.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return Main(argc, argv);
}
