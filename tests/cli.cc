#include "minnow/tests/cli.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "gmock/gmock.h"

namespace minnow {

using ::testing::StartsWith;

std::string ErrorOf(const ProgramResult& result) {
  EXPECT_EQ(result.status, 1)
      << "signal " << result.signal << ", " << result.out << result.err;
  EXPECT_THAT(result.err, StartsWith("minnow: error: "));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
      << result.err;
  return result.err;
}

CliTest::CliTest()
    : folder_(absl::StrCat(::testing::TempDir(), "minnow_cli_", getpid())) {
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
}

CliTest::~CliTest() { std::filesystem::remove_all(folder_); }

std::string CliTest::Write(absl::string_view name,
                           absl::string_view bytes) const {
  std::ofstream(Path(name), std::ios::binary) << bytes;
  return Path(name);
}

std::string CliTest::Read(absl::string_view name) const {
  std::ifstream file(Path(name), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace minnow
