#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "minnow/train/libsvm_reader.h"
#include "zlib.h"

namespace minnow {
namespace {

class LibsvmTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const {
    return absl::StrCat(testing::TempDir(), "/libsvm_", getpid(), "_", name);
  }
  std::string Write(const std::string& text) const {
    std::ofstream(Path("file"), std::ios::binary) << text;
    return Path("file");
  }
  std::string Error(const std::string& text,
                    const LibsvmOptions& options = {}) const {
    const absl::Status status = ReadLibsvm(Write(text), options).status();
    return std::string(
        absl::StripPrefix(std::string(status.message()), Path("file") + ": "));
  }
  void TearDown() override { std::filesystem::remove(Path("file")); }
};

TEST_F(LibsvmTest, ReadsLabelsAndFeatures) {
  const auto data = ReadLibsvm(
      Write("+1 1:0.5 3:-2e1 # a comment\n\n-1\r\n  0.5\t2:+7 \n# nothing\n"));
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->features.ToString(),
            "csr (3,3) float32 indptr [0, 2, 2, 3] indices [0, 2, 1] "
            "[0.5, -20, 7]");
  EXPECT_EQ(data->labels.ToString(), "dense (3,) float32 [1, -1, 0.5]");
}

TEST_F(LibsvmTest, CountsFromZeroAndWidensIfAsked) {
  const auto data = ReadLibsvm(Write("1 0:1 3:1\n"),
                               {.num_features = 9, .counts_from_zero = true});
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->features.ToString(),
            "csr (1,9) float32 indptr [0, 2] indices [0, 3] [1, 1]");
}

TEST_F(LibsvmTest, ReadsCompressedFiles) {
  const gzFile file = gzopen(Path("file").c_str(), "wb");
  ASSERT_GT(gzputs(file, "1 2:3\n"), 0);
  gzclose(file);
  const auto data = ReadLibsvm(Path("file"));
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->features.indices()[0], 1);
}

TEST_F(LibsvmTest, NamesWhatIsWrongAndWhere) {
  EXPECT_EQ(Error("1 1:2\nx 1:2\n"),
            "line 2, column 1: expected a label, a number, found 'x'");
  EXPECT_EQ(Error("1:2 2:3\n"),
            "line 1, column 1: expected a label, a number, found '1:2'");
  EXPECT_EQ(Error("1 3:1 2:1\n"),
            "line 1, column 3: expected features that ascend, each once, found "
            "'2:1'");
  EXPECT_EQ(Error("1 3:1 3:1\n"),
            "line 1, column 3: expected features that ascend, each once, found "
            "'3:1'");
  EXPECT_EQ(Error("1 0:1\n"),
            "line 1, column 2: expected features that count from 1, found "
            "'0:1'");
  EXPECT_EQ(Error("1 -4:1\n"),
            "line 1, column 2: expected features that count from 1, found "
            "'-4:1'");
  EXPECT_EQ(Error("1 5:1\n", {.num_features = 4}),
            "line 1, column 2: expected one of 4 features, found '5:1'");
  EXPECT_EQ(Error("1 99999999999999999999:1\n", {.num_features = 4}),
            "line 1, column 2: expected one of 4 features, found "
            "'99999999999999999999:1'");
  for (const char* field : {"4", ":1", "4:", "4:x", "4:1x", "4:nan", "4:inf",
                            "4:1e99", "a:1", "4 :1", "qid:3"}) {
    EXPECT_TRUE(absl::StartsWith(Error(absl::StrCat("1 ", field, "\n")),
                                 "line 1, column 2: expected "))
        << field << ": " << Error(absl::StrCat("1 ", field, "\n"));
  }
  EXPECT_EQ(Error("\n# a\n"),
            "line 3, column 1: expected an example, found the end of the file");
  EXPECT_EQ(Error("1 1:1\n", {.limits = {.max_line_bytes = 3}}),
            "line 1, column 1: expected a line of at most 3 bytes");
  EXPECT_FALSE(ReadLibsvm(Path("none")).ok());
}

TEST_F(LibsvmTest, BatchesAreRowsInAnyOrder) {
  const auto data = ReadLibsvm(Write("1 1:1 2:2\n2\n3 3:3\n"));
  ASSERT_TRUE(data.ok()) << data.status();
  const NDArray batch =
      *NDArray::Zeros({2, 3}, DType::kFloat32, StorageType::kCsr);
  ASSERT_EQ(TakeRows(data->features, {2, 0}, batch), absl::OkStatus());
  EXPECT_EQ(batch.ToString(),
            "csr (2,3) float32 indptr [0, 1, 3] indices [2, 0, 1] [3, 1, 2]");
  ASSERT_EQ(TakeRows(data->features, {1, 1}, batch), absl::OkStatus());
  EXPECT_EQ(batch.ToString(),
            "csr (2,3) float32 indptr [0, 0, 0] indices [] []");
  EXPECT_EQ(TakeRows(data->features, {1, 3}, batch).message(),
            "rows: expected a row of csr (3,3) float32, found 3");
  EXPECT_EQ(TakeRows(data->features, {1}, batch).message(),
            "batch: expected csr of 1 rows of csr (3,3) float32, found csr "
            "(2,3) float32");
}

}  // namespace
}  // namespace minnow
