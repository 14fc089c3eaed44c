#include "minnow/tests/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace minnow {
namespace {

constexpr char kProgram[] = MINNOW_BINARY_DIR "/bin/minnow";

// Takes the whole file, and removes it.
std::string TakeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  std::filesystem::remove(path);
  return text;
}

// While it lives, this process and those that it starts write no larger file.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(uint64_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    if (bytes == 0) return;
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

}  // namespace

ProgramResult RunMinnow(std::vector<std::string> arguments,
                        const ProgramOptions& options) {
  const std::string prefix =
      absl::StrCat(::testing::TempDir(), "minnow_program_", getpid());
  const std::string err_path = prefix + ".err";
  const std::string out_path =
      options.out_path.empty() ? prefix + ".out" : options.out_path;
  arguments.insert(arguments.begin(), kProgram);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kCreate = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err_path.c_str(),
                                   kCreate, 0600);
  int ends[2] = {-1, -1};
  if (options.closed_pipe) {
    EXPECT_EQ(pipe(ends), 0);
    close(ends[0]);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_path.c_str(),
                                     kCreate, 0600);
  }
  pid_t child = -1;
  int error = 0;
  {
    const FileSizeLimit limit(options.max_file_bytes);
    error =
        posix_spawn(&child, kProgram, &actions, nullptr, argv.data(), environ);
  }
  posix_spawn_file_actions_destroy(&actions);
  if (options.closed_pipe) close(ends[1]);

  ProgramResult result;
  int ended = 0;
  if (error != 0 || waitpid(child, &ended, 0) != child) {
    ADD_FAILURE() << kProgram << " cannot be started";
    return result;
  }
  if (WIFEXITED(ended)) result.status = WEXITSTATUS(ended);
  if (WIFSIGNALED(ended)) result.signal = WTERMSIG(ended);
  result.err = TakeFile(err_path);
  if (!options.closed_pipe && options.out_path.empty()) {
    result.out = TakeFile(out_path);
  }
  return result;
}

}  // namespace minnow
