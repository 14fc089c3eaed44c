#include "minnow/proto/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "minnow/core/file.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"
#include "minnow/proto/checkpoint.pb.h"
#include "minnow/proto/record_file.h"
#include "minnow/tests/arrays.h"

namespace minnow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kMagic[] = "\x89minnow\n";

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~CheckpointTest() override { std::filesystem::remove_all(folder_); }

  std::string Read() const { return *ReadFile(path_); }
  std::string ReadError() const {
    const absl::StatusOr<Checkpoint> read = ReadCheckpoint(path_, BuiltinOps());
    return std::string(read.ok() ? "no error" : read.status().message());
  }
  // Of a file of these bytes.
  std::string ErrorOf(const std::string& bytes) const {
    // Not atomically, which would wait for the disk thousands of times.
    std::ofstream(path_, std::ios::binary) << bytes;
    return ReadError();
  }
  // Of a file of these records, each with its right checksum.
  std::string ErrorOf(
      const std::vector<std::pair<std::string, std::string>>& records) const {
    absl::StatusOr<RecordWriter> out = RecordWriter::Create(path_, kMagic);
    for (const auto& [type, payload] : records) {
      EXPECT_EQ(out->Write(type, payload), absl::OkStatus());
    }
    EXPECT_EQ(out->Commit(), absl::OkStatus());
    return ReadError();
  }

  const std::string folder_ =
      absl::StrCat(testing::TempDir(), "minnow_checkpoint_", getpid());
  const std::string path_ = folder_ + "/run.ckpt";
};

Graph Step() {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w");
  const Symbol next = op::SgdMomUpdate(w, b.Variable("g"), b.Variable("mom"),
                                       {.lr = 0.1f}, {.name = "s", .out = w});
  return *b.Build({next});
}

// Of any dtype: bytes that count up, or 0 and 1.
NDArray Counting(const Shape& shape, DType dtype) {
  NDArray array = *NDArray::Zeros(shape, dtype);
  for (int64_t i = 0; i < array.num_bytes(); ++i) {
    array.raw()[i] =
        static_cast<std::byte>(dtype == DType::kBool ? i % 2 : i % 100 + 1);
  }
  return array;
}

Checkpoint Sample() {
  Checkpoint checkpoint;
  checkpoint.graph = Step();
  for (DType dtype : kAllDTypes) {
    checkpoint.arrays.push_back(
        {absl::StrCat("dense_", DTypeName(dtype)), Counting({2, 3}, dtype)});
    checkpoint.arrays.push_back(
        {absl::StrCat("rows_", DTypeName(dtype)),
         *NDArray::RowSparse({5, 3}, Counting({2, 3}, dtype), {1, 4}),
         Role::kState});
    checkpoint.arrays.push_back(
        {absl::StrCat("csr_", DTypeName(dtype)),
         *NDArray::Csr({2, 4}, Counting({3}, dtype), {0, 2, 3}, {1, 3, 0})});
  }
  checkpoint.slots = {{"s", {"lr", 0.05f}},
                      {"s", {"lrs", AttrList{0.1f, None{}}}}};
  checkpoint.step = 12;
  checkpoint.epoch = 3;
  checkpoint.position = 640;
  checkpoint.seed = 0xFFFFFFFFFFFFFFFF;
  checkpoint.run = 1;
  checkpoint.metadata = {{"schedule", "cosine"}, {"größe", ""}};
  return checkpoint;
}

void ExpectSameArray(const NDArray& a, const NDArray& b) {
  EXPECT_EQ(a.Describe(), b.Describe());
  EXPECT_EQ(a.indices(), b.indices());
  EXPECT_EQ(a.indptr(), b.indptr());
  ASSERT_EQ(a.num_bytes(), b.num_bytes());
  EXPECT_TRUE(SameBits(a, b));
}

void ExpectSame(const Checkpoint& a, const Checkpoint& b) {
  EXPECT_EQ(*SerializeGraph(a.graph), *SerializeGraph(b.graph));
  ASSERT_EQ(a.arrays.size(), b.arrays.size());
  for (size_t i = 0; i < a.arrays.size(); ++i) {
    SCOPED_TRACE(a.arrays[i].name);
    EXPECT_EQ(a.arrays[i].name, b.arrays[i].name);
    EXPECT_EQ(a.arrays[i].role, b.arrays[i].role);
    ExpectSameArray(a.arrays[i].array, b.arrays[i].array);
  }
  EXPECT_EQ(a.slots, b.slots);
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.position, b.position);
  EXPECT_EQ(a.seed, b.seed);
  EXPECT_EQ(a.run, b.run);
  EXPECT_EQ(a.metadata, b.metadata);
}

TEST_F(CheckpointTest, ComesBackWithTheSameBytes) {
  const Checkpoint checkpoint = Sample();
  ASSERT_EQ(WriteCheckpoint(path_, checkpoint), absl::OkStatus());
  const absl::StatusOr<Checkpoint> read = ReadCheckpoint(path_, BuiltinOps());
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(checkpoint, *read);

  const std::string bytes = Read();
  ASSERT_EQ(WriteCheckpoint(path_, *read), absl::OkStatus());
  EXPECT_EQ(Read(), bytes);
}

// A table that is trained has its rows in the order in which they came.
TEST_F(CheckpointTest, RowsInAnyOrderAreWrittenAscending) {
  const Shape shape = {5, 3};
  const NDArray trained =
      *NDArray::RowSparse(shape, Counting({2, 3}, DType::kFloat32), {1, 4});
  ASSERT_EQ(AddRows({3, 0}, /*row_bytes=*/12, *trained.data()),
            absl::OkStatus());
  Checkpoint checkpoint;
  checkpoint.arrays.push_back({"table", trained});
  ASSERT_EQ(WriteCheckpoint(path_, checkpoint), absl::OkStatus());
  const absl::StatusOr<Checkpoint> read = ReadCheckpoint(path_, BuiltinOps());
  ASSERT_TRUE(read.ok()) << read.status();
  const NDArray& table = read->arrays[0].array;
  EXPECT_THAT(table.indices(), testing::ElementsAre(0, 1, 3, 4));
  EXPECT_EQ(table.ToDense()->ToString(), trained.ToDense()->ToString());
}

TEST_F(CheckpointTest, EmptyScalarAndPartialArrays) {
  const NDArray all = Counting({4, 2}, DType::kFloat32);
  Checkpoint checkpoint;
  checkpoint.arrays = {{"scalar", Counting(Shape::Scalar(), DType::kFloat64)},
                       {"empty", Counting({0, 3}, DType::kFloat32)},
                       {"view", *all.Rows(1, 3)},
                       {"no_rows", *NDArray::Zeros({3, 2}, DType::kFloat32,
                                                   StorageType::kRowSparse)},
                       {"no_values", *NDArray::Zeros({3, 2}, DType::kFloat32,
                                                     StorageType::kCsr)}};
  ASSERT_EQ(WriteCheckpoint(path_, checkpoint), absl::OkStatus());
  const absl::StatusOr<Checkpoint> read = ReadCheckpoint(path_, BuiltinOps());
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(checkpoint, *read);
}

TEST_F(CheckpointTest, LargeArraysTakeManyChunks) {
  Checkpoint checkpoint;
  checkpoint.arrays = {{"large", Counting({(40 << 20) + 1}, DType::kInt8)}};
  ASSERT_EQ(WriteCheckpoint(path_, checkpoint), absl::OkStatus());
  const absl::StatusOr<Checkpoint> read = ReadCheckpoint(path_, BuiltinOps());
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(checkpoint, *read);
}

TEST_F(CheckpointTest, EveryTruncationIsAnErrorThatSaysWhere) {
  ASSERT_EQ(WriteCheckpoint(path_, Sample()), absl::OkStatus());
  const std::string bytes = Read();
  // Everywhere in the head and the graph, then here and there.
  for (size_t size = 0; size < bytes.size(); size += size < 1000 ? 1 : 7) {
    EXPECT_THAT(ErrorOf(bytes.substr(0, size)),
                AllOf(HasSubstr(path_), HasSubstr("byte ")))
        << size;
  }
  EXPECT_THAT(ErrorOf(bytes + "x"), HasSubstr("1 bytes more"));
}

TEST_F(CheckpointTest, TruncationBetweenRecordsIsAnErrorThatSaysWhere) {
  ASSERT_EQ(WriteCheckpoint(path_, Sample()), absl::OkStatus());
  const std::string bytes = Read();
  size_t boundary = std::strlen(kMagic);
  int records = 0;
  for (; boundary < bytes.size(); ++records) {
    const std::string type = bytes.substr(boundary, 4);
    EXPECT_THAT(ErrorOf(bytes.substr(0, boundary)),
                AllOf(HasSubstr(absl::StrCat("byte ", boundary)),
                      HasSubstr("cut off")));
    uint64_t length;
    std::memcpy(&length, bytes.data() + boundary + 4, sizeof(length));
    boundary += 20 + length;
  }
  EXPECT_EQ(boundary, bytes.size());
  // Head, graph, tail; for each dtype 3 arrays with 1, 2 and 3 parts.
  EXPECT_EQ(records, 3 + 9 * (3 + 1 + 2 + 3));
}

TEST_F(CheckpointTest, EveryFlippedByteIsAnError) {
  Checkpoint checkpoint = Sample();
  checkpoint.arrays.resize(3);
  ASSERT_EQ(WriteCheckpoint(path_, checkpoint), absl::OkStatus());
  std::string bytes = Read();
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char bit = static_cast<char>(1 << (i % 8));
    bytes[i] ^= bit;
    EXPECT_THAT(ErrorOf(bytes), HasSubstr("byte ")) << i;
    bytes[i] ^= bit;
  }
  EXPECT_EQ(ErrorOf(bytes), "no error");
}

TEST_F(CheckpointTest, RandomDamageIsAnError) {
  ASSERT_EQ(WriteCheckpoint(path_, Sample()), absl::OkStatus());
  const std::string good = Read();
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = good;
    // Parts of the file in other places: records that are whole, too.
    const size_t from = random() % bytes.size(), to = random() % bytes.size();
    bytes.replace(to, random() % 200, good.substr(from, random() % 200));
    if (bytes == good) continue;
    EXPECT_THAT(ErrorOf(bytes), HasSubstr("byte ")) << i;
  }
}

TEST_F(CheckpointTest, RecordsInOtherPlacesAreErrors) {
  Checkpoint checkpoint;
  checkpoint.arrays = {{"a", Counting({2}, DType::kInt8)},
                       {"b", Counting({2}, DType::kInt8)}};
  ASSERT_EQ(WriteCheckpoint(path_, checkpoint), absl::OkStatus());
  const std::string bytes = Read();
  const size_t a = bytes.find("ARRY"), tail = bytes.find("TAIL");
  const size_t b = a + (tail - a) / 2;
  ASSERT_EQ(bytes.substr(b, 4), "ARRY");
  const auto part = [&](size_t begin, size_t end) {
    return bytes.substr(begin, end - begin);
  };
  // Each record is whole, and is followed by one of the right type.
  EXPECT_THAT(
      ErrorOf(part(0, a) + part(b, tail) + part(a, b) + bytes.substr(tail)),
      AllOf(HasSubstr(absl::StrCat("record 2 at byte ", a)),
            HasSubstr("expected the checksum")));
  EXPECT_THAT(ErrorOf(part(0, a) + part(b, tail) + bytes.substr(b)),
              HasSubstr("expected the checksum"));
  EXPECT_THAT(ErrorOf(part(0, b) + bytes.substr(tail)),
              HasSubstr("expected a record 'ARRY', found 'TAIL'"));
}

TEST_F(CheckpointTest, HostileRecordsAreErrors) {
  const auto head = [](int64_t arrays, int64_t version = 1) {
    CheckpointDef def;
    def.set_version(version);
    def.set_num_arrays(arrays);
    return std::pair<std::string, std::string>("HEAD", def.SerializeAsString());
  };
  const std::pair<std::string, std::string> graph = {"GRPH",
                                                     *SerializeGraph(Graph())};
  const auto array = [](const char* dtype, const char* storage,
                        std::vector<int64_t> shape, int64_t num_indices = 0) {
    ArrayDef def;
    def.set_name("w");
    def.set_dtype(dtype);
    def.set_storage(storage);
    for (int64_t dim : shape) def.add_shape(dim);
    def.set_num_indices(num_indices);
    return std::pair<std::string, std::string>("ARRY", def.SerializeAsString());
  };
  const int64_t huge = int64_t{1} << 40;
  const std::pair<std::string, std::string> tail = {"TAIL", ""};
  const std::string zeros(16, '\0');

  EXPECT_EQ(ErrorOf({head(0), graph, tail}), "no error");
  EXPECT_THAT(ErrorOf({head(0, 2), graph, tail}),
              AllOf(HasSubstr("found 2"), HasSubstr("newer")));
  EXPECT_THAT(ErrorOf({head(0, 0), graph, tail}), HasSubstr("found 0"));
  EXPECT_THAT(ErrorOf({head(huge), graph, tail}),
              HasSubstr("expected a record 'ARRY', found 'TAIL'"));
  EXPECT_THAT(ErrorOf({{"HEAD", "\xff"}, graph, tail}),
              HasSubstr("CheckpointDef"));
  EXPECT_THAT(ErrorOf({{"HEAD", head(0).second + "\x98\x06\x01"}, tail}),
              HasSubstr("field 99 of a CheckpointDef"));
  EXPECT_THAT(ErrorOf({head(0), {"GRPH", "\xff"}, tail}),
              HasSubstr("no minnow graph"));
  EXPECT_THAT(ErrorOf({head(0), graph, {"TAIL", "x"}}),
              HasSubstr("at most 0 bytes"));
  // Arrays larger than the file, in each of their parts.
  EXPECT_THAT(ErrorOf({head(1), graph, array("int8", "dense", {huge}), tail}),
              AllOf(HasSubstr("array 'w'"), HasSubstr("values")));
  EXPECT_THAT(
      ErrorOf({head(1), graph, array("int8", "dense", {huge, huge}), tail}),
      HasSubstr("overflow"));
  EXPECT_THAT(ErrorOf({head(1), graph,
                       array("int8", "row_sparse", {huge, 1}, huge), tail}),
              HasSubstr("indices"));
  EXPECT_THAT(
      ErrorOf({head(1), graph,
               array("int8", "csr", {std::numeric_limits<int64_t>::max(), 1}),
               tail}),
      HasSubstr("indptr"));
  EXPECT_THAT(
      ErrorOf({head(1), graph, array("int8", "row_sparse", {4}, -1), tail}),
      HasSubstr("indices: expected -1"));
  // Arrays that contradict themselves.
  EXPECT_THAT(ErrorOf({head(1), graph, array("int8", "dense", {-1}), tail}),
              HasSubstr("array 'w'"));
  EXPECT_THAT(ErrorOf({head(1), graph, array("int8", "row_sparse", {}), tail}),
              HasSubstr("no array of type row_sparse has shape ()"));
  EXPECT_THAT(ErrorOf({head(1), graph, array("int8", "csr", {3}), tail}),
              HasSubstr("no array of type csr has shape (3,)"));
  EXPECT_THAT(ErrorOf({head(1), graph, array("int7", "dense", {1}), tail}),
              AllOf(HasSubstr("array 'w'"), HasSubstr("int7")));
  EXPECT_THAT(ErrorOf({head(1), graph, array("int8", "thick", {1}), tail}),
              AllOf(HasSubstr("array 'w'"), HasSubstr("thick")));
  EXPECT_THAT(ErrorOf({head(1),
                       graph,
                       array("int8", "row_sparse", {9}, 2),
                       {"DATA", zeros},
                       {"DATA", "ab"},
                       tail}),
              AllOf(HasSubstr("array 'w'"), HasSubstr("indices[1]")));
  EXPECT_THAT(ErrorOf({head(1),
                       graph,
                       array("bool", "dense", {2}),
                       {"DATA", "\x01\x02"},
                       tail}),
              HasSubstr("bools of 0 or 1"));
  EXPECT_THAT(
      ErrorOf(
          {head(1), graph, array("int8", "dense", {2}), {"DATA", "abc"}, tail}),
      HasSubstr("at most 2 bytes of 'DATA', found 3"));
  EXPECT_THAT(ErrorOf({head(2), graph, array("int8", "dense", {0}),
                       array("int8", "dense", {0}), tail}),
              HasSubstr("two arrays are named 'w'"));
}

TEST_F(CheckpointTest, WritingRefusesWhatCannotBeRead) {
  Checkpoint twice;
  twice.arrays = {{"w", Counting({1}, DType::kInt8)},
                  {"w", Counting({1}, DType::kInt8)}};
  EXPECT_THAT(WriteCheckpoint(path_, twice).message(),
              HasSubstr("two arrays are named 'w'"));
  Checkpoint none;
  none.arrays = {{"w", NDArray()}};
  EXPECT_THAT(WriteCheckpoint(path_, none).message(),
              HasSubstr("array 'w': found none"));
  Checkpoint bad_utf8;
  bad_utf8.metadata = {{"note", "\xff"}};
  EXPECT_THAT(WriteCheckpoint(path_, bad_utf8).message(),
              AllOf(HasSubstr("metadata 'note'"), HasSubstr("UTF-8")));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

// Lets files of this process grow to `bytes` only, as on a full disk.
class ScopedFileLimit {
 public:
  explicit ScopedFileLimit(rlim_t bytes)
      : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit = {bytes, old_limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~ScopedFileLimit() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  void (*old_handler_)(int);
  rlimit old_limit_;
};

TEST_F(CheckpointTest, AFullDiskLeavesThePreviousCheckpoint) {
  Checkpoint old;
  old.step = 1;
  ASSERT_EQ(WriteCheckpoint(path_, old), absl::OkStatus());
  Checkpoint next;
  next.step = 2;
  next.arrays = {{"w", Counting({200000}, DType::kFloat32)}};
  // Full at once, in the middle of an array, and just before the end.
  for (rlim_t limit : {0, 1000, 300000, 800000}) {
    absl::Status status;
    {
      const ScopedFileLimit full(limit);
      status = WriteCheckpoint(path_, next);
    }
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr(path_), HasSubstr("cannot write")))
        << limit;
    const absl::StatusOr<Checkpoint> read = ReadCheckpoint(path_, BuiltinOps());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->step, 1);
  }
  // Nothing is left behind.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
  ASSERT_EQ(WriteCheckpoint(path_, next), absl::OkStatus());
  EXPECT_EQ(ReadCheckpoint(path_, BuiltinOps())->step, 2);
}

TEST_F(CheckpointTest, ErrorsOfTheSystemNameTheFile) {
  EXPECT_THAT(ReadError(), AllOf(HasSubstr(path_), HasSubstr("No such file")));
  EXPECT_THAT(ReadCheckpoint(folder_, BuiltinOps()).status().message(),
              HasSubstr("directory"));
  EXPECT_THAT(WriteCheckpoint("/dev/full", {}).message(),
              HasSubstr("No space left"));
  EXPECT_THAT(WriteCheckpoint(folder_ + "/none/x.ckpt", {}).message(),
              HasSubstr("No such file"));
}

TEST_F(CheckpointTest, FilesOfOtherKindsAreRecognised) {
  EXPECT_THAT(
      ErrorOf("PK\x03\x04 something else"),
      AllOf(HasSubstr("byte 0"), HasSubstr("minnow"), HasSubstr("PK\\x03")));
  EXPECT_THAT(ErrorOf(""), HasSubstr("found 0 bytes"));
}

}  // namespace
}  // namespace minnow
