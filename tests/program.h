// Runs a program as a user does.
//
//   const ProgramResult result = RunMinnow({"show", "graph.pb"});
//   EXPECT_EQ(result.status, 0) << result.err;
#ifndef MINNOW_TESTS_PROGRAM_H_
#define MINNOW_TESTS_PROGRAM_H_

#include <cstdint>
#include <string>
#include <vector>

namespace minnow {

struct ProgramResult {
  int status = -1;  // Of its exit; -1 if it did not exit by itself.
  int signal = 0;   // That ended it.
  std::string out, err;
};

struct ProgramOptions {
  // Where its standard output goes, instead of into the result.
  std::string out_path = {};
  // Its standard output is a pipe that nobody reads.
  bool closed_pipe = false;
  // A file that it writes may have so many bytes; 0: any number.
  uint64_t max_file_bytes = 0;
};

// The program of this build.
ProgramResult RunMinnow(std::vector<std::string> arguments,
                        const ProgramOptions& options = {});

}  // namespace minnow

#endif  // MINNOW_TESTS_PROGRAM_H_
