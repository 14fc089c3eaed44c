#include "minnow/core/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace minnow {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test.
class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) /
        absl::StrCat(
            "minnow_file_", getpid(), "_",
            testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }
  int64_t NumFiles() const {
    return std::distance(fs::directory_iterator(folder_), {});
  }

  fs::path folder_;
};

std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + 7);
  return bytes;
}

TEST_F(FileTest, ReadsWhatWasWritten) {
  for (size_t size : {0, 1, 65535, 65536, 65537, 1000000}) {
    const std::string bytes = Pattern(size);
    ASSERT_TRUE(WriteFileAtomically(Path("f"), bytes).ok());
    absl::StatusOr<std::string> read = ReadFile(Path("f"));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, bytes);
    EXPECT_EQ(NumFiles(), 1);
  }
}

TEST_F(FileTest, ManyWritesAppend) {
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(Path("f"));
  ASSERT_TRUE(file.ok()) << file.status();
  std::string expected;
  for (size_t size = 0; size < 3000; size += 7) {
    ASSERT_TRUE(file->Write(Pattern(size)).ok());
    expected += Pattern(size);
  }
  EXPECT_FALSE(fs::exists(Path("f")));
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(*ReadFile(Path("f")), expected);
}

TEST_F(FileTest, WithoutCommitTheOldFileStays) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "old").ok());
  {
    absl::StatusOr<AtomicFile> file = AtomicFile::Create(Path("f"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Write(Pattern(100000)).ok());
    EXPECT_EQ(NumFiles(), 2);
    AtomicFile moved = *std::move(file);
    EXPECT_EQ(NumFiles(), 2);
  }
  EXPECT_EQ(*ReadFile(Path("f")), "old");
  EXPECT_EQ(NumFiles(), 1);
}

TEST_F(FileTest, FileThatCannotGrowIsAnErrorAndTheOldOneStays) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "old").ok());
  // A file size limit acts like a full disk: a write stops in the middle.
  rlimit old_limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {100000, old_limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const absl::Status status = WriteFileAtomically(Path("f"), Pattern(200000));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(absl::StrContains(status.message(), Path("f"))) << status;
  EXPECT_EQ(*ReadFile(Path("f")), "old");
  EXPECT_EQ(NumFiles(), 1);
}

TEST_F(FileTest, FullDeviceIsAnErrorFromThenOn) {
  absl::StatusOr<AtomicFile> file = AtomicFile::Create("/dev/full");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->Write("few bytes are collected").ok());
  const absl::Status status = file->Write(Pattern(100000));
  EXPECT_TRUE(absl::StrContains(status.message(), "No space left")) << status;
  EXPECT_EQ(file->Write("x"), status);
  EXPECT_EQ(file->Commit(), status);
  EXPECT_FALSE(WriteFileAtomically("/dev/full", "few bytes").ok());
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(FileTest, LinksAndPermissionsStay) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "old").ok());
  ASSERT_EQ(chmod(Path("f").c_str(), 0640), 0);
  fs::create_symlink("f", Path("link"));
  ASSERT_TRUE(WriteFileAtomically(Path("link"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(*ReadFile(Path("f")), "new");
  EXPECT_EQ(fs::status(Path("f")).permissions(), fs::perms(0640));
}

TEST_F(FileTest, LimitOfReading) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), Pattern(1000)).ok());
  EXPECT_TRUE(ReadFile(Path("f"), 1000).ok());
  const absl::Status status = ReadFile(Path("f"), 999).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(absl::StrContains(status.message(), "at most 999 bytes"))
      << status;
  EXPECT_EQ(ReadFile("/dev/zero", 1 << 20).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(FileTest, ErrorsNameThePath) {
  for (const absl::Status& status :
       {ReadFile(Path("absent")).status(), ReadFile(folder_).status(),
        WriteFileAtomically(Path("absent/f"), "x"),
        WriteFileAtomically(folder_, "x")}) {
    EXPECT_FALSE(status.ok());
    EXPECT_TRUE(absl::StrContains(status.message(), folder_.string()))
        << status;
  }
}

}  // namespace
}  // namespace minnow
