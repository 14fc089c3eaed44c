// The readers of data files, on good and on hostile files.

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/tests/arrays.h"
#include "minnow/train/csv_reader.h"
#include "minnow/train/dataset.h"
#include "minnow/train/idx_reader.h"
#include "minnow/train/ratings.h"

namespace minnow {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A folder of the test's own.
class DataFileTest : public ::testing::Test {
 protected:
  DataFileTest() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        std::filesystem::path(::testing::TempDir()) /
        absl::StrCat("minnow_", info->test_suite_name(), "_", info->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~DataFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const {
    return (folder_ / name).string();
  }
  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }
  std::string WriteGz(const std::string& name, const std::string& bytes) const {
    gzFile file = gzopen(Path(name).c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    return Path(name);
  }
  std::string Bytes(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

 private:
  std::filesystem::path folder_;
};

std::string BigEndian(uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(number >> shift);
  }
  return bytes;
}

std::string Idx(uint8_t type, std::vector<uint32_t> dims,
                const std::string& elements) {
  std::string bytes = {0, 0, static_cast<char>(type),
                       static_cast<char>(dims.size())};
  for (uint32_t dim : dims) bytes += BigEndian(dim);
  return bytes + elements;
}

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

using IdxReaderTest = DataFileTest;

TEST_F(IdxReaderTest, ReadsPlainAndCompressedFiles) {
  const std::string bytes = Idx(0x08, {2, 3}, "\x01\x02\x03\x04\x05\xFF");
  for (const std::string& path : {Write("a", bytes), WriteGz("a.gz", bytes)}) {
    const absl::StatusOr<NDArray> array = ReadIdx(path);
    ASSERT_TRUE(array.ok()) << array.status();
    EXPECT_EQ(array->Describe(), "dense (2,3) uint8");
    EXPECT_THAT(ValuesOf<uint8_t>(*array), ElementsAre(1, 2, 3, 4, 5, 255));
  }
}

TEST_F(IdxReaderTest, ReadsEveryTypeBigEndian) {
  const absl::StatusOr<NDArray> int8 =
      ReadIdx(Write("a", Idx(0x09, {1}, "\xFE")));
  ASSERT_TRUE(int8.ok()) << int8.status();
  EXPECT_THAT(ValuesOf<int8_t>(*int8), ElementsAre(-2));
  const absl::StatusOr<NDArray> int32 =
      ReadIdx(Write("b", Idx(0x0C, {2}, BigEndian(258) + BigEndian(~1u))));
  ASSERT_TRUE(int32.ok()) << int32.status();
  EXPECT_THAT(ValuesOf<int32_t>(*int32), ElementsAre(258, -2));
  const absl::StatusOr<NDArray> float32 =
      ReadIdx(Write("c", Idx(0x0D, {1}, BigEndian(0x3FC00000))));
  ASSERT_TRUE(float32.ok()) << float32.status();
  EXPECT_THAT(ValuesOf<float>(*float32), ElementsAre(1.5f));
  const absl::StatusOr<NDArray> float64 =
      ReadIdx(Write("d", Idx(0x0E, {1}, BigEndian(0xC0040000) + BigEndian(0))));
  ASSERT_TRUE(float64.ok()) << float64.status();
  EXPECT_THAT(ValuesOf<double>(*float64), ElementsAre(-2.5));
}

TEST_F(IdxReaderTest, ReadsAnArrayWithoutElements) {
  const absl::StatusOr<NDArray> array =
      ReadIdx(Write("a", Idx(0x08, {0, 28}, "")));
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->shape(), (Shape{0, 28}));
}

TEST_F(IdxReaderTest, NamesWhatIsWrongAndWhere) {
  const struct {
    std::string bytes;
    std::string error;
  } cases[] = {
      {"",
       "byte 0: the file ends inside the magic number: expected 4 bytes of "
       "it, found 0"},
      {std::string("\0\0\x08", 3), "byte 3: the file ends inside the magic"},
      {"\x89PNG",
       "byte 0: not an IDX file: expected the bytes 00 00, found "
       "89 50"},
      {Idx(0x0B, {1}, "ab"),
       "byte 2: type: expected 0x08 (uint8), 0x09 "
       "(int8), 0x0C (int32), 0x0D (float32) or 0x0E "
       "(float64), found 0x0B"},
      {Idx(0x08, {}, ""), "byte 3: rank: expected 1 to 8, found 0"},
      {Idx(0x08, std::vector<uint32_t>(9, 1), "a"),
       "byte 3: rank: expected 1 to 8, found 9"},
      {Idx(0x08, {2, 3}, "").substr(0, 9),
       "byte 9: the file ends inside the dimensions: expected 8 bytes of it, "
       "found 5"},
      {Idx(0x08, {2, 3}, "12345"),
       "byte 17: the file ends inside the elements: expected 6 bytes of it, "
       "found 5"},
      {Idx(0x08, {2, 3}, "1234567"),
       "byte 18: expected the end of the file after dense (2,3) uint8, found "
       "more bytes"},
      {Idx(0x0E, {~0u, ~0u, ~0u}, ""),
       "byte 4: dimensions (4294967295,4294967295,4294967295) of float64: "
       "expected at most 4294967296 bytes, found an overflow"},
      {Idx(0x08, {~0u, 2}, ""), "found 8589934590"},
  };
  for (const auto& [bytes, error] : cases) {
    for (const std::string& path :
         {Write("bad", bytes), WriteGz("bad.gz", bytes)}) {
      const absl::Status status = ReadIdx(path).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(Message(status),
                  AllOf(StartsWith(path + ": byte "), HasSubstr(error)));
    }
  }
}

TEST_F(IdxReaderTest, RefusesMoreThanTheLimitThatIsSet) {
  const std::string path = Write("a", Idx(0x08, {2, 3}, "123456"));
  EXPECT_TRUE(ReadIdx(path, {.max_bytes = 6}).ok());
  EXPECT_THAT(Message(ReadIdx(path, {.max_bytes = 5}).status()),
              EndsWith("expected at most 5 bytes, found 6"));
}

TEST_F(IdxReaderTest, FindsATruncatedGzipStreamAtEveryLength) {
  std::string elements(300, '\0');
  std::iota(elements.begin(), elements.end(), '\0');
  WriteGz("a.gz", Idx(0x08, {300}, elements));
  const std::string whole = Bytes("a.gz");
  // Shorter than its magic number, a file is not taken for compressed.
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string path = Write("cut.gz", whole.substr(0, size));
    const absl::Status status = ReadIdx(path).status();
    EXPECT_THAT(Message(status), StartsWith(path + ": byte ")) << size;
  }
}

TEST_F(IdxReaderTest, FindsAFlippedByteOfAGzipStream) {
  std::string elements(300, '\0');
  std::iota(elements.begin(), elements.end(), '\0');
  WriteGz("a.gz", Idx(0x08, {300}, elements));
  std::string bytes = Bytes("a.gz");
  bytes[bytes.size() - 6] ^= 1;  // Of the checksum.
  const std::string path = Write("flipped.gz", bytes);
  EXPECT_EQ(
      Message(ReadIdx(path).status()),
      path + ": byte 0: the gzip stream is corrupt: incorrect data check");
}

TEST_F(IdxReaderTest, NamesAFileThatCannotBeRead) {
  const absl::Status missing = ReadIdx(Path("none")).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(missing), StartsWith(Path("none") + ": cannot open"));
  const absl::Status folder = ReadIdx(Path("")).status();
  EXPECT_THAT(Message(folder), StartsWith(Path("") + ": cannot read"));
}

using CsvReaderTest = DataFileTest;

TEST_F(CsvReaderTest, ReadsPlainAndCompressedFiles) {
  const std::string text = "1,2.5,0\n -3e1 ,\t4,  2\r\n\n5,6,1";
  for (const std::string& path : {Write("a", text), WriteGz("a.gz", text)}) {
    const absl::StatusOr<LabeledRows> rows = ReadCsv(path);
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(rows->features.Describe(), "dense (3,2) float32");
    EXPECT_THAT(ValuesOf<float>(rows->features),
                ElementsAre(1, 2.5f, -30, 4, 5, 6));
    EXPECT_THAT(rows->labels, ElementsAre(0, 2, 1));
  }
}

TEST_F(CsvReaderTest, TakesTheLabelFromTheFirstColumn) {
  const absl::StatusOr<LabeledRows> rows = ReadCsv(
      Write("a", "7,1,2\n8,3,4\n"), {.label = CsvOptions::Label::kFirstColumn});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(ValuesOf<float>(rows->features), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(rows->labels, ElementsAre(7, 8));
}

TEST_F(CsvReaderTest, PassesOverAHeader) {
  const absl::StatusOr<LabeledRows> rows =
      ReadCsv(Write("a", "width,height,class\n1,2,0\n"));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(ValuesOf<float>(rows->features), ElementsAre(1, 2));
}

TEST_F(CsvReaderTest, ReadsLinesThatCrossItsBuffer) {
  std::string text;
  for (int i = 0; i < 50000; ++i) absl::StrAppend(&text, i, ",", i % 7, "\n");
  const absl::StatusOr<LabeledRows> rows = ReadCsv(Write("a", text));
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_THAT(rows->labels, SizeIs(50000));
  for (int i = 0; i < 50000; ++i) {
    ASSERT_EQ(rows->features.values<float>()[i], static_cast<float>(i));
    ASSERT_EQ(rows->labels[i], i % 7);
  }
}

TEST_F(CsvReaderTest, NamesWhatIsWrongAndWhere) {
  const struct {
    std::string text;
    std::string error;
  } cases[] = {
      {"", "line 1, column 1: expected a row, found the end of the file"},
      {"a,b\n", "line 2, column 1: expected a row, found the end of the file"},
      {"1\n", "line 1, column 1: expected a label and one feature or more"},
      {"1,2,0\n1,0\n", "line 2, column 2: expected 3 fields as above, found 2"},
      {"1,2,0\n1,2,3,0\n",
       "line 2, column 3: expected 3 fields as above, found 4"},
      {"1,2,0\n1,x,0\n",
       "line 2, column 2: expected a finite number, found 'x'"},
      {"1,2,0\n\n,2,0\n",
       "line 3, column 1: expected a finite number, found ''"},
      {"nan,0\n", "line 1, column 1: expected a finite number, found 'nan'"},
      {"1e39,0\n", "line 1, column 1: expected a finite number, found '1e39'"},
      {"1e999,0\n", "line 1, column 1: expected a finite number"},
      {"1 2,0\n", "expected a finite number, found '1 2'"},
      {"1,-1\n",
       "line 1, column 2: label: expected an integer from 0 to "
       "65535, found '-1'"},
      {"1,1.5\n", "label: expected an integer from 0 to 65535, found '1.5'"},
      {"1,65536\n", "found '65536'"},
      {"1,nan\n", "found 'nan'"},
      {std::string("1,\0\x1B[2J\n", 8), "found '\\x00\\x1b[2J'"},
      {"0," + std::string(100, 'x') + "\n",
       "found '" + std::string(40, 'x') + "...'"},
  };
  for (const auto& [text, error] : cases) {
    const std::string path = Write("bad", text);
    const absl::Status status = ReadCsv(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(status),
                AllOf(StartsWith(path + ": line "), HasSubstr(error)));
  }
}

TEST_F(CsvReaderTest, RefusesMoreThanTheLimitsThatAreSet) {
  const std::string path = Write("a", "1,0\n1000,0\n");
  EXPECT_TRUE(ReadCsv(path, {.max_line_bytes = 6, .max_bytes = 11}).ok());
  EXPECT_EQ(Message(ReadCsv(path, {.max_line_bytes = 5}).status()),
            path + ": line 2, column 1: expected a line of at most 5 bytes");
  EXPECT_EQ(Message(ReadCsv(path, {.max_bytes = 10}).status()),
            path + ": byte 10: expected a file of at most 10 bytes");
  EXPECT_THAT(Message(ReadCsv(Write("b", "1,4\n"), {.max_label = 3}).status()),
              HasSubstr("expected an integer from 0 to 3, found '4'"));
}

TEST_F(CsvReaderTest, FindsATruncatedGzipStream) {
  WriteGz("a.gz", "1,2,0\n1,2,0\n");
  const std::string whole = Bytes("a.gz");
  const std::string path = Write("cut.gz", whole.substr(0, whole.size() - 1));
  EXPECT_THAT(Message(ReadCsv(path).status()),
              HasSubstr("the file is truncated"));
}

class DatasetTest : public DataFileTest {
 protected:
  // Three training images of 2 by 2 pixels, and one to test on.
  void WriteIdxFiles() const {
    WriteGz("train-images-idx3-ubyte.gz", Idx(0x08, {3, 2, 2}, "abcdefghijkl"));
    Write("train-labels-idx1-ubyte", Idx(0x08, {3}, std::string("\0\1\4", 3)));
    Write("t10k-images-idx3-ubyte", Idx(0x08, {1, 2, 2}, "mnop"));
    Write("t10k-labels-idx1-ubyte", Idx(0x08, {1}, "\5"));
  }
  std::string Error() const { return Message(LoadData(Path("")).status()); }
};

TEST_F(DatasetTest, LoadsADirectoryOfIdxFiles) {
  WriteIdxFiles();
  const absl::StatusOr<DataSplit> data = LoadData(Path(""));
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->Describe(),
            "minnow_DatasetTest_LoadsADirectoryOfIdxFiles: 3 + 1 images");
  EXPECT_EQ(data->train.features.Describe(), "dense (3,2,2) uint8");
  EXPECT_EQ(data->train.scale, 1.0f / 255);
  EXPECT_EQ(data->train.example_size(), 4);
  EXPECT_THAT(data->train.labels, ElementsAre(0, 1, 4));
  EXPECT_THAT(data->test.labels, ElementsAre(5));
  EXPECT_EQ(data->train.num_classes, 6);
  EXPECT_EQ(data->test.num_classes, 6);
}

TEST_F(DatasetTest, ConvertsIdxFilesOfOtherTypes) {
  WriteIdxFiles();
  Write("t10k-images-idx3-ubyte",
        Idx(0x0C, {1, 2, 2},
            BigEndian(1) + BigEndian(2) + BigEndian(3) + BigEndian(~0u)));
  const absl::StatusOr<DataSplit> data = LoadData(Path(""));
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_THAT(ValuesOf<float>(data->test.features), ElementsAre(1, 2, 3, -1));
  EXPECT_EQ(data->test.scale, 1.0f);
}

TEST_F(DatasetTest, NamesWhatIsWrongWithADirectory) {
  EXPECT_THAT(Error(), HasSubstr("expected train-images-idx3-ubyte.gz or "
                                 "train-images-idx3-ubyte, found neither"));
  WriteIdxFiles();
  Write("t10k-images-idx3-ubyte", Idx(0x08, {1, 2, 1}, "mn"));
  EXPECT_THAT(Error(), HasSubstr("test images: expected (1,2,2) as in "
                                 "training, found (1,2,1)"));
  Write("train-labels-idx1-ubyte", Idx(0x08, {2}, "ab"));
  EXPECT_THAT(Error(), AllOf(HasSubstr("train-labels-idx1-ubyte: expected as "
                                       "many labels as"),
                             EndsWith("has examples, 3, found 2")));
  Write("train-labels-idx1-ubyte", Idx(0x08, {1, 3}, "abc"));
  EXPECT_THAT(Error(), EndsWith("expected labels, integers of one dimension, "
                                "found dense (1,3) uint8"));
  Write("train-labels-idx1-ubyte", Idx(0x09, {3},
                                       "a\xFF"
                                       "c"));
  EXPECT_THAT(Error(),
              EndsWith("label 1: expected an integer from 0 to 65535, found "
                       "-1"));
  Write("train-images-idx3-ubyte.gz", Idx(0x08, {0, 2, 2}, ""));
  Write("train-labels-idx1-ubyte", Idx(0x08, {0}, ""));
  EXPECT_THAT(Error(), EndsWith("expected 1 to 4294967295 examples, found 0"));
}

TEST_F(DatasetTest, SaysWhatASourceMayBe) {
  EXPECT_EQ(Message(LoadData("mnist").status()),
            "data: expected fashion-mnist, digits, a directory of IDX files, "
            "or a file that ends in .csv or .csv.gz; found 'mnist'");
  EXPECT_THAT(Message(LoadFashionMnist(Path("none")).status()),
              EndsWith("which Debian's package dataset-fashion-mnist "
                       "installs"));
}

TEST_F(DatasetTest, LoadsACsvFile) {
  std::string text;
  for (int i = 0; i < 50; ++i) absl::StrAppend(&text, i, ",", i % 3, "\n");
  const absl::StatusOr<DataSplit> data = LoadData(Write("a.csv", text));
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->Describe(), "a.csv: 40 + 10 rows");
  EXPECT_EQ(data->train.num_classes, 3);
  std::set<float> seen;
  for (const Dataset* part : {&data->train, &data->test}) {
    for (int64_t i = 0; i < part->size(); ++i) {
      const float feature = part->features.values<float>()[i];
      EXPECT_EQ(part->labels[i], static_cast<int>(feature) % 3);
      seen.insert(feature);
    }
  }
  EXPECT_THAT(seen, SizeIs(50));
}

TEST_F(DatasetTest, LoadsTheDigits) {
  const absl::StatusOr<DataSplit> data = LoadData("digits");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->Describe(), "digits: 1,438 + 359 images");
  EXPECT_EQ(data->train.features.Describe(), "dense (1438,8,8) float32");
  EXPECT_EQ(data->train.num_classes, 10);
  EXPECT_THAT(ValuesOf<float>(data->train.features), Each(Le(16)));
  // The same ones each time, and every class in both parts.
  const absl::StatusOr<DataSplit> again = LoadDigits();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(data->test.labels, again->test.labels);
  for (const Dataset* part : {&data->train, &data->test}) {
    EXPECT_THAT(std::set<int>(part->labels.begin(), part->labels.end()),
                SizeIs(10));
  }
}

TEST_F(DatasetTest, NamesAFileThatIsNotOfDigits) {
  const std::string path = Write("a.csv", "1,2,0\n");
  EXPECT_EQ(Message(LoadDigits(path).status()),
            path + ": cannot reshape dense (1,2) float32 to (1,8,8)");
}

using RatingsTest = DataFileTest;

TEST_F(RatingsTest, NumbersUsersAndItemsAsTheyAppear) {
  const auto ratings = ReadRatings(
      Write("a.inter",
            "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
            "196\tb 2\t3\t881250949\n\n186\t302\t-1.5\t1\r\n196\t302\t5"));
  ASSERT_TRUE(ratings.ok()) << ratings.status();
  EXPECT_THAT(ratings->users, ElementsAre(0, 1, 0));
  EXPECT_THAT(ratings->items, ElementsAre(0, 1, 1));
  EXPECT_THAT(ratings->values, ElementsAre(3, -1.5, 5));
  EXPECT_EQ(ratings->num_users, 2);
  EXPECT_EQ(ratings->num_items, 2);
}

TEST_F(RatingsTest, NamesWhatItCannotRead) {
  const auto error = [&](const std::string& text) {
    return std::string(ReadRatings(Write("a", text)).status().message());
  };
  EXPECT_THAT(error("u\ti\tr\n1\t2\n"),
              EndsWith("a: line 2: expected user, item and rating with tabs "
                       "between, found '1\\t2'"));
  EXPECT_THAT(error("1\t2\t3\n1\t2\t3x\n"),
              EndsWith("a: line 2: expected a finite number as the rating, "
                       "found '3x'"));
  EXPECT_THAT(error("1\t2\t3\n1\t2\tnan\n"), HasSubstr("line 2"));
  EXPECT_THAT(error("1\t2\t3\n1\t2\t1e99\n"), HasSubstr("line 2"));
  EXPECT_THAT(error("u\ti\tr\n"), EndsWith("a: expected a rating, found none"));
  EXPECT_THAT(error(""), EndsWith("a: expected a rating, found none"));
  EXPECT_THAT(ReadRatings(Path("none")).status().message(), HasSubstr("none"));
}

TEST(MakeRatingsTest, AreThoseOfTheSeed) {
  const Ratings a = MakeRatings({.num_users = 40, .num_items = 9, .size = 500});
  EXPECT_EQ(a.values,
            MakeRatings({.num_users = 40, .num_items = 9, .size = 500}).values);
  EXPECT_NE(
      a.values,
      MakeRatings({.num_users = 40, .num_items = 9, .size = 500, .seed = 2})
          .values);
  EXPECT_EQ(a.size(), 500);
  EXPECT_THAT(a.users, Each(AllOf(testing::Ge(0), testing::Lt(40))));
  EXPECT_THAT(a.items, Each(AllOf(testing::Ge(0), testing::Lt(9))));
  // Low numbers are frequent.
  EXPECT_GT(std::count_if(a.users.begin(), a.users.end(),
                          [](int32_t user) { return user < 10; }),
            200);
}

}  // namespace
}  // namespace minnow
