// The subcommands of the program: what each one is told, and what it does.
//
//   absl::Status status =
//       minnow::Execute(minnow::ConvertCommand{.in = "a.json", .out = "a.pb"});
//
// command_line.h reads them from the command line.
#ifndef MINNOW_TOOLS_COMMANDS_H_
#define MINNOW_TOOLS_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "minnow/interop/run.h"

namespace minnow {

// List the operators, or describe one.
struct OpsCommand {
  std::string name;
  bool json = false;
  bool markdown = false;
};

// Show the nodes of a graph, or the plan of a run.
struct ShowCommand {
  std::string graph, dot;
  bool plan = false;
  std::vector<std::string> shapes, storages, dtypes;  // NAME=VALUE
};

// Convert a graph from one format into another.
struct ConvertCommand {
  std::string in, out;
};

// Run a graph once.
struct RunCommand {
  std::string graph, inputs, outputs;
  std::vector<std::string> gradient_requests, inplace;  // As they are given.
  RunOptions options;
};

// Train a classifier. What is not given has a default, or is what the
// checkpoint says that is resumed.
struct TrainCommand {
  std::optional<std::string> graph, data, schedule, resume, profile;
  std::optional<std::vector<int64_t>> layers;
  std::optional<int64_t> epochs, batch;
  std::optional<float> lr, momentum, wd;
  std::optional<uint64_t> seed;
  int threads = 0;
  std::string out = "out";
};

using Command = std::variant<OpsCommand, ShowCommand, ConvertCommand,
                             RunCommand, TrainCommand>;

absl::Status Execute(const OpsCommand& command);
absl::Status Execute(const ShowCommand& command);
absl::Status Execute(const ConvertCommand& command);
absl::Status Execute(const RunCommand& command);
absl::Status Execute(const TrainCommand& command);

}  // namespace minnow

#endif  // MINNOW_TOOLS_COMMANDS_H_
