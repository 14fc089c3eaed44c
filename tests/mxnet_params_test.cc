#include "minnow/interop/mxnet_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace minnow {
namespace {

using ::testing::HasSubstr;

template <typename T>
void Put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

// A file of one array without a name, given the bytes of its record.
std::string FileOf(absl::string_view record) {
  std::string bytes;
  for (uint64_t word : {0x112, 0, 1}) Put(bytes, word);
  absl::StrAppend(&bytes, record);
  Put(bytes, uint64_t{0});
  return bytes;
}

std::vector<NamedArray> MustParse(absl::string_view bytes) {
  absl::StatusOr<std::vector<NamedArray>> arrays = ParseParams(bytes);
  EXPECT_TRUE(arrays.ok()) << arrays.status();
  return arrays.ok() ? *std::move(arrays) : std::vector<NamedArray>();
}

std::string MustSerialize(absl::Span<const NamedArray> arrays) {
  absl::StatusOr<std::string> bytes = SerializeParams(arrays);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.value_or("");
}

// Same names, types, shapes, indices and bits.
void ExpectEqual(absl::Span<const NamedArray> a,
                 absl::Span<const NamedArray> b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("array ", i, " '", a[i].name, "'"));
    const NDArray &x = a[i].array, &y = b[i].array;
    EXPECT_EQ(a[i].name, b[i].name);
    ASSERT_EQ(static_cast<bool>(x), static_cast<bool>(y));
    if (!x) continue;
    ASSERT_EQ(x.Describe(), y.Describe());
    EXPECT_EQ(x.indices(), y.indices());
    EXPECT_EQ(x.indptr(), y.indptr());
    ASSERT_EQ(x.num_bytes(), y.num_bytes());
    EXPECT_TRUE(std::equal(x.raw(), x.raw() + x.num_bytes(), y.raw()));
  }
}

NDArray RandomDense(const Shape& shape, DType dtype, std::mt19937& random) {
  NDArray array = *NDArray::Zeros(shape, dtype);
  const unsigned mask = dtype == DType::kBool ? 1 : 255;
  for (int64_t i = 0; i < array.num_bytes(); ++i) {
    array.raw()[i] = static_cast<std::byte>(random() & mask);
  }
  return array;
}

// Ascending, each number below `limit` with a probability of a half.
std::vector<int64_t> RandomIndices(int64_t limit, std::mt19937& random) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < limit; ++i) {
    if (random() % 2 == 0) indices.push_back(i);
  }
  return indices;
}

NDArray RandomArray(DType dtype, StorageType storage, bool v3,
                    std::mt19937& random) {
  const int64_t rows = 1 + random() % 6, columns = 1 + random() % 6;
  switch (storage) {
    case StorageType::kRowSparse: {
      const std::vector<int64_t> indices = RandomIndices(rows, random);
      const int64_t stored = static_cast<int64_t>(indices.size());
      return *NDArray::RowSparse(
          {rows, columns, 2}, RandomDense({stored, columns, 2}, dtype, random),
          indices);
    }
    case StorageType::kCsr: {
      std::vector<int64_t> indptr = {0}, indices;
      for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column : RandomIndices(columns, random)) {
          indices.push_back(column);
        }
        indptr.push_back(static_cast<int64_t>(indices.size()));
      }
      const int64_t stored = static_cast<int64_t>(indices.size());
      return *NDArray::Csr({rows, columns},
                           RandomDense({stored}, dtype, random), indptr,
                           indices);
    }
    case StorageType::kDense:
      break;
  }
  if (v3 && random() % 2 == 0) return RandomDense({rows, 0}, dtype, random);
  if (v3) return RandomDense(Shape::Scalar(), dtype, random);
  return RandomDense({rows, columns}, dtype, random);
}

// Arrays of all types, and one that is none.
std::vector<NamedArray> RandomArrays(bool v3, std::mt19937& random) {
  std::vector<NamedArray> arrays = {{"none", NDArray()}};
  for (DType dtype : kAllDTypes) {
    for (StorageType storage :
         {StorageType::kDense, StorageType::kRowSparse, StorageType::kCsr}) {
      arrays.push_back({absl::StrCat("arg:", DTypeName(dtype)),
                        RandomArray(dtype, storage, v3, random)});
    }
  }
  return arrays;
}

TEST(MxnetParamsTest, ArraysOfAllTypesComeBack) {
  std::mt19937 random(1);
  for (int i = 0; i < 50; ++i) {
    const std::vector<NamedArray> arrays = RandomArrays(i % 2 != 0, random);
    const std::string bytes = MustSerialize(arrays);
    ExpectEqual(MustParse(bytes), arrays);
  }
}

// A table that is trained has its rows in the order in which they came.
TEST(MxnetParamsTest, RowsInAnyOrderAreWrittenAscending) {
  const NDArray values = *NDArray::FromValues<float>({2, 1}, {10, 40});
  const NDArray trained = *NDArray::RowSparse({5, 1}, values, {1, 4});
  ASSERT_EQ(AddRows({3, 0}, /*row_bytes=*/4, *trained.data()),
            absl::OkStatus());
  const NDArray table = MustParse(MustSerialize({{"arg:w", trained}}))[0].array;
  EXPECT_THAT(table.indices(), testing::ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(table.values<float>(), testing::ElementsAre(0, 10, 0, 40));
}

TEST(MxnetParamsTest, BytesAreThoseOfTheFormat) {
  const std::vector<NamedArray> arrays = {
      {"w", *NDArray::FromValues<float>({1, 2}, {1.0f, -2.0f})}};
  std::string expected;
  for (uint64_t word : {0x112, 0, 1}) Put(expected, word);
  for (uint32_t word : {0xF993FAC9u, 0u, 2u}) Put(expected, word);
  for (int64_t dim : {1, 2}) Put(expected, dim);
  for (int32_t word : {1, 0, 0}) Put(expected, word);  // cpu, 0, float32
  for (float value : {1.0f, -2.0f}) Put(expected, value);
  for (uint64_t word : {1, 1}) Put(expected, word);
  expected += "w";
  EXPECT_EQ(MustSerialize(arrays), expected);
}

// The versions of the records of a file of dense arrays and arrays that are
// none, in order.
std::multiset<std::string> Versions(absl::string_view bytes) {
  std::multiset<std::string> found;
  for (size_t i = 0; i + 4 <= bytes.size(); ++i) {
    if (bytes.substr(i + 1, 3) != "\xFA\x93\xF9") continue;
    found.insert(absl::StrCat("V", static_cast<uint8_t>(bytes[i]) - 0xC7));
  }
  return found;
}

TEST(MxnetParamsTest, ScalarMakesDenseRecordsV3) {
  const NDArray plain = *NDArray::FromValues<int64_t>({1}, {5});
  const NDArray scalar = *NDArray::FromValues<int64_t>(Shape::Scalar(), {5});
  const NDArray empty = *NDArray::Zeros({3, 0}, DType::kFloat32);
  const NDArray sparse =
      *NDArray::Zeros({3, 2}, DType::kFloat32, StorageType::kRowSparse);
  using V = std::multiset<std::string>;
  EXPECT_EQ(Versions(MustSerialize({{{"a", plain}, {"b", sparse}}})),
            (V{"V2", "V2"}));
  EXPECT_EQ(Versions(MustSerialize({{{"a", plain}, {"b", scalar}}})),
            (V{"V3", "V3"}));
  EXPECT_EQ(Versions(MustSerialize(
                {{{"a", sparse}, {"b", empty}, {"c", NDArray()}}})),
            (V{"V2", "V3", "V3"}));
}

TEST(MxnetParamsTest, NoNamesAndNoArrays) {
  EXPECT_TRUE(MustParse(MustSerialize({})).empty());
  const std::vector<NamedArray> arrays = {
      {"", *NDArray::FromValues<float>({1}, {3})}};
  const std::string bytes = MustSerialize(arrays);
  EXPECT_EQ(bytes.substr(bytes.size() - 8), std::string(8, '\0'));
  ExpectEqual(MustParse(bytes), arrays);
}

TEST(MxnetParamsTest, OldVersionsAreRead) {
  const std::vector<NamedArray> expected = {
      {"", *NDArray::FromValues<int32_t>({2, 1}, {7, 8})}};
  std::string contents;
  for (int32_t word : {2, 1, 4}) Put(contents, word);  // gpu, 1, int32
  for (int32_t value : {7, 8}) Put(contents, value);

  std::string v0;
  for (uint32_t word : {2, 2, 1}) Put(v0, word);
  ExpectEqual(MustParse(FileOf(v0 + contents)), expected);

  std::string v1;
  for (uint32_t word : {0xF993FAC8u, 2u}) Put(v1, word);
  for (int64_t dim : {2, 1}) Put(v1, dim);
  ExpectEqual(MustParse(FileOf(v1 + contents)), expected);

  std::string none;
  Put(none, uint32_t{0});
  EXPECT_FALSE(MustParse(FileOf(none))[0].array);
}

TEST(MxnetParamsTest, AnyByteButZeroIsTrue) {
  std::string bytes =
      MustSerialize({{{"", *NDArray::FromValues<bool>({2}, {true, false})}}});
  bytes[bytes.size() - 10] = 'x';
  const NDArray array = MustParse(bytes)[0].array;
  EXPECT_THAT(array.raw()[0], std::byte{1});
  EXPECT_THAT(array.raw()[1], std::byte{0});
}

TEST(MxnetParamsTest, TailOfCsrIsDropped) {
  std::string record;
  for (uint32_t word : {0xF993FAC9u, 2u, 1u}) Put(record, word);
  Put(record, int64_t{3});  // Values.
  Put(record, int32_t{2});
  for (int64_t dim : {2, 4}) Put(record, dim);
  for (int32_t word : {1, 0, 0, 6, 1}) Put(record, word);
  Put(record, int64_t{3});  // Row starts.
  for (int32_t word : {6, 1}) Put(record, word);
  Put(record, int64_t{3});  // Columns.
  for (float value : {1.0f, 2.0f, 99.0f}) Put(record, value);
  for (int64_t index : {0, 1, 2, 3, 0, -77}) Put(record, index);
  ExpectEqual(
      MustParse(FileOf(record)),
      {{{"", *NDArray::Csr({2, 4}, *NDArray::FromValues<float>({2}, {1, 2}),
                           {0, 1, 2}, {3, 0})}}});
}

std::string ErrorOf(absl::string_view bytes) {
  return std::string(ParseParams(bytes).status().message());
}

TEST(MxnetParamsTest, ErrorsNameArrayAndPlace) {
  const NDArray array = *NDArray::FromValues<float>({3}, {1, 2, 3});
  const std::string good = MustSerialize({{{"a", array}, {"arg:b", array}}});
  constexpr size_t kRecord = 24 + 8 + 12 + 12 + 12;  // Where the second begins.
  const auto with = [&good](size_t at, int32_t value) {
    std::string bytes = good;
    bytes.replace(at, 4, reinterpret_cast<const char*>(&value), 4);
    return bytes;
  };
  EXPECT_EQ(ErrorOf("PK"), "at byte 0: expected 8 bytes of a list, found 2");
  EXPECT_EQ(ErrorOf(with(0, 0x113)),
            "at byte 0: expected a list of arrays (0x112), found 0x113");
  EXPECT_EQ(ErrorOf(with(16, 1 << 30)),
            absl::StrCat("at byte 16: expected 1073741824 arrays, found ",
                         good.size() - 24, " bytes"));
  EXPECT_EQ(ErrorOf(with(kRecord + 4, 3)),
            "array 1: at byte 72: expected a storage type in [0,2], found 3");
  EXPECT_EQ(ErrorOf(with(kRecord + 8, -1)),
            "array 1: at byte 76: expected a rank in [0,64], found -1");
  EXPECT_EQ(ErrorOf(with(kRecord + 16, -1)),
            "array 1: at byte 80: expected a dimension of 0 or more, found "
            "-4294967293");
  EXPECT_THAT(ErrorOf(with(kRecord + 16, 0x7fffffff)),
              HasSubstr("too large: its bytes overflow"));
  EXPECT_THAT(ErrorOf(with(kRecord + 12, 1000)),
              HasSubstr("expected 4000 bytes of values, found"));
  EXPECT_EQ(ErrorOf(with(kRecord + 28, 13)),
            "array 1: at byte 96: expected a dtype number in [0,12], found 13");
  EXPECT_THAT(ErrorOf(good + "x"), HasSubstr("the end of the file"));
  // An int16 array: the file is sound, and the name is known.
  std::string int16 = with(kRecord + 28, 8);
  int16.erase(kRecord + 32, 6);
  EXPECT_EQ(ErrorOf(int16),
            "array 1 'arg:b' at byte 68: dtype number 8 is none that minnow "
            "has");
}

TEST(MxnetParamsTest, IndicesAreChecked) {
  std::string bytes = MustSerialize(
      {{{"g",
         *NDArray::RowSparse(
             {4, 1}, *NDArray::FromValues<float>({2, 1}, {1, 2}), {0, 3})}}});
  const size_t last_index = bytes.size() - 1 - 8 - 8 - 8;
  bytes[last_index] = 4;
  EXPECT_EQ(ErrorOf(bytes),
            "array 0 'g' at byte 24: indices[1]: expected a number in [0,4), "
            "found 4");
}

TEST(MxnetParamsTest, EveryTruncationIsAnError) {
  std::mt19937 random(2);
  const std::string bytes = MustSerialize(RandomArrays(true, random));
  for (size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_FALSE(ParseParams(bytes.substr(0, size)).ok()) << size;
  }
}

// Damage gives an error or other arrays, never a crash, and never an
// allocation that the file has not the bytes for.
TEST(MxnetParamsTest, DamageIsSurvived) {
  std::mt19937 random(3);
  const std::string good = MustSerialize(RandomArrays(true, random));
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (unsigned n = 1 + random() % 4; n > 0; --n) {
      // Most damage to values is no error: aim at small numbers, too.
      bytes[random() % bytes.size()] =
          static_cast<char>(random() % 2 == 0 ? random() : random() % 3);
    }
    absl::StatusOr<std::vector<NamedArray>> arrays = ParseParams(bytes);
    refused += !arrays.ok();
    if (arrays.ok()) ExpectEqual(MustParse(MustSerialize(*arrays)), *arrays);
  }
  EXPECT_GT(refused, 1000);
}

// Every file that MXNet wrote for the conformance cases.
TEST(MxnetParamsTest, FilesOfMxnetComeBackByteForByte) {
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           MINNOW_BINARY_DIR "/conformance")) {
    if (entry.path().extension() != ".params") continue;
    SCOPED_TRACE(entry.path());
    absl::StatusOr<std::string> bytes = ReadFile(entry.path());
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const std::vector<NamedArray> arrays = MustParse(*bytes);
    // With np-shape on, MXNet writes V3 also where no array asks for it.
    const bool v3 = absl::c_any_of(arrays, [](const NamedArray& a) {
      const absl::Span<const int64_t> dims = a.array.shape().dims();
      return dims.empty() || absl::c_linear_search(dims, 0);
    });
    if (!v3)
      absl::StrReplaceAll({{"\xCA\xFA\x93\xF9", "\xC9\xFA\x93\xF9"}}, &*bytes);
    EXPECT_TRUE(MustSerialize(arrays) == *bytes);
    ++files;
  }
  EXPECT_GT(files, 1000);
}

TEST(MxnetParamsTest, FilesNameTheirPath) {
  const std::string path = testing::TempDir() + "/minnow_params_test.params";
  const std::vector<NamedArray> arrays = {
      {"w", *NDArray::FromValues<float>({2}, {1, 2})}};
  ASSERT_TRUE(WriteParamsFile(path, arrays).ok());
  absl::StatusOr<std::vector<NamedArray>> read = ReadParamsFile(path);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectEqual(*read, arrays);
  EXPECT_FALSE(ReadParamsFile(path, 10).ok());
  ASSERT_TRUE(WriteFileAtomically(path, "garbage!").ok());
  EXPECT_THAT(std::string(ReadParamsFile(path).status().message()),
              HasSubstr(path));
  std::filesystem::remove(path);
  EXPECT_FALSE(WriteParamsFile("/dev/full", arrays).ok());
}

}  // namespace
}  // namespace minnow
