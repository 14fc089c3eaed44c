// The command line: what can be said, and what it means. Nothing else knows of
// the library that reads it, which takes long to compile.
#ifndef MINNOW_TOOLS_COMMAND_LINE_H_
#define MINNOW_TOOLS_COMMAND_LINE_H_

#include <variant>

#include "minnow/tools/commands.h"

namespace minnow {

// The command; or the status to exit with, after help (0) or an explanation of
// what is wrong (2) has been printed.
std::variant<Command, int> ReadCommandLine(int argc, char** argv);

}  // namespace minnow

#endif  // MINNOW_TOOLS_COMMAND_LINE_H_
