// What the tests of the program's commands share: a folder of its own for each,
// and graphs to write into it.
#ifndef MINNOW_TESTS_CLI_H_
#define MINNOW_TESTS_CLI_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "minnow/tests/program.h"

namespace minnow {

// One sgd_mom_update, as MXNet writes it.
inline constexpr char kSgdJson[] = R"({"nodes": [
  {"op": "null", "name": "w", "inputs": []},
  {"op": "null", "name": "g", "inputs": []},
  {"op": "null", "name": "m", "inputs": []},
  {"op": "sgd_mom_update", "name": "step",
   "attrs": {"lr": "0.5", "momentum": "0.5"},
   "inputs": [[0, 0, 0], [1, 0, 0], [2, 0, 0]]}],
 "arg_nodes": [0, 1, 2], "heads": [[3, 0, 0]],
 "attrs": {"mxnet_version": ["int", 10901]}})";

// The same as text, written over the weight.
inline constexpr char kSgdText[] = R"(version: 1
nodes { name: "w" }
nodes { name: "g" }
nodes { name: "m" }
nodes {
  op: "sgd_mom_update" name: "step"
  attrs { name: "lr" float_value: 0.5 }
  attrs { name: "momentum" float_value: 0.5 }
  inputs { node: 0 } inputs { node: 1 } inputs { node: 2 }
}
outputs { node: 3 }
updates { variable: 0 value { node: 3 } }
updates { variable: 2 value { node: 3 output: 1 } }
)";

// "minnow: error: ..." in one line, and the status 1. Returns the line.
std::string ErrorOf(const ProgramResult& result);

class CliTest : public ::testing::Test {
 protected:
  CliTest();
  ~CliTest() override;

  std::string Path(absl::string_view name) const {
    return absl::StrCat(folder_, "/", name);
  }
  // Writes a file, and returns its path.
  std::string Write(absl::string_view name, absl::string_view bytes) const;
  // The bytes of a file; none if there is none.
  std::string Read(absl::string_view name) const;

  const std::string folder_;
};

}  // namespace minnow

#endif  // MINNOW_TESTS_CLI_H_
