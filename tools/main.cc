// The command line program. See docs/design.md, or `minnow --help`.
//
// Exit status: 0; 1 for an error, with one line on stderr; 2 for wrong usage.

#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <variant>

#include "absl/strings/str_replace.h"
#include "minnow/tools/command_line.h"

namespace {

int Main(int argc, char** argv) {
  const std::variant<minnow::Command, int> read =
      minnow::ReadCommandLine(argc, argv);
  if (const int* const status = std::get_if<int>(&read)) return *status;
  absl::Status status =
      std::visit([](const auto& command) { return minnow::Execute(command); },
                 std::get<minnow::Command>(read));
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

}  // namespace

int main(int argc, char** argv) {
  // A closed pipe and a limit on the size of files are errors of the write that
  // meets them, not the end of a training run.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return Main(argc, argv);
}
