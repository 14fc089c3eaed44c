#include "minnow/interop/mxnet_params.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

// The file is little endian, and so is all that is copied out of it.
static_assert(std::endian::native == std::endian::little);

constexpr uint64_t kListMagic = 0x112;
constexpr uint32_t kV1 = 0xF993FAC8;
constexpr uint32_t kV2 = 0xF993FAC9;
constexpr uint32_t kV3 = 0xF993FACA;
constexpr int32_t kCpu = 1;
// Of row numbers, columns and row starts.
constexpr int32_t kIndexDType = static_cast<int32_t>(DType::kInt64);
// More than any array has; a larger rank is damage.
constexpr int64_t kMaxRank = 64;

// Bytes of an element by MXNet's dtype number: also of those that minnow has
// not, since the names, which an error needs, stand behind the arrays.
constexpr std::array<int64_t, 13> kElementBytes = {4, 8, 2, 1, 4, 1, 8,
                                                   1, 2, 2, 4, 8, 2};

// The number of index arrays of a sparse array.
size_t NumAux(StorageType storage) {
  switch (storage) {
    case StorageType::kRowSparse:
      return 1;  // Rows.
    case StorageType::kCsr:
      return 2;  // Row starts, columns.
    case StorageType::kDense:
      break;
  }
  return 0;
}

// The part of the file that is not read yet.
class Cursor {
 public:
  explicit Cursor(absl::string_view bytes) : bytes_(bytes) {}

  size_t offset() const { return offset_; }
  uint64_t left() const { return bytes_.size() - offset_; }

  // A problem with what was read last.
  absl::Status Error(absl::string_view problem) const {
    return absl::InvalidArgumentError(
        absl::StrCat("at byte ", last_, ": ", problem));
  }

  absl::StatusOr<absl::string_view> Bytes(uint64_t count,
                                          absl::string_view what) {
    last_ = offset_;
    if (count > left()) {
      return Error(absl::StrCat("expected ", count, " bytes of ", what,
                                ", found ", left()));
    }
    const absl::string_view result = bytes_.substr(offset_, count);
    offset_ += count;
    return result;
  }

  template <typename T>
  absl::StatusOr<T> Number(absl::string_view what) {
    MINNOW_ASSIGN_OR_RETURN(absl::string_view bytes, Bytes(sizeof(T), what));
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

 private:
  absl::string_view bytes_;
  size_t offset_ = 0;
  size_t last_ = 0;
};

// An array as it lies in the file.
struct Record {
  size_t offset = 0;
  bool none = false;
  StorageType storage = StorageType::kDense;
  int32_t dtype = 0;
  Shape shape;
  Shape values_shape;
  absl::string_view values;
  std::array<absl::string_view, 2> aux;
};

// A rank that is `none_rank` means that there is no array: unknown rank.
template <typename Dim>
absl::StatusOr<Shape> ReadDims(Cursor& cursor, int64_t rank,
                               int64_t none_rank) {
  if (rank == none_rank) return Shape();
  if (rank < 0 || rank > kMaxRank) {
    return cursor.Error(
        absl::StrCat("expected a rank in [0,", kMaxRank, "], found ", rank));
  }
  Shape shape = Shape::Scalar();
  for (int64_t i = 0; i < rank; ++i) {
    MINNOW_ASSIGN_OR_RETURN(Dim dim, cursor.Number<Dim>("a dimension"));
    if (static_cast<int64_t>(dim) < 0) {
      return cursor.Error(
          absl::StrCat("expected a dimension of 0 or more, found ", dim));
    }
    shape.push_back(static_cast<int64_t>(dim));
  }
  return shape;
}

absl::StatusOr<Shape> ReadShape(Cursor& cursor, int64_t none_rank) {
  MINNOW_ASSIGN_OR_RETURN(int32_t rank, cursor.Number<int32_t>("a rank"));
  return ReadDims<int64_t>(cursor, rank, none_rank);
}

absl::StatusOr<StorageType> ReadStorage(Cursor& cursor, uint32_t version) {
  MINNOW_ASSIGN_OR_RETURN(int32_t storage,
                          cursor.Number<int32_t>("a storage type"));
  const int32_t last = version == kV2 ? 2 : 0;
  if (storage < 0 || storage > last) {
    return cursor.Error(absl::StrCat("expected a storage type in [0,", last,
                                     "], found ", storage));
  }
  return static_cast<StorageType>(storage);
}

absl::StatusOr<absl::string_view> ReadValues(Cursor& cursor, const Shape& shape,
                                             int32_t dtype,
                                             absl::string_view what) {
  // As many bytes as elements, checked; then times the size of one.
  absl::StatusOr<int64_t> bytes = shape.CheckedBytes(DType::kUInt8);
  if (!bytes.ok()) return cursor.Error(bytes.status().message());
  if (__builtin_mul_overflow(*bytes, kElementBytes[static_cast<size_t>(dtype)],
                             &*bytes)) {
    return cursor.Error(absl::StrCat("shape ", shape.ToString(),
                                     " is too large: its bytes overflow"));
  }
  return cursor.Bytes(static_cast<uint64_t>(*bytes), what);
}

absl::StatusOr<int32_t> ReadDType(Cursor& cursor) {
  MINNOW_ASSIGN_OR_RETURN(int32_t dtype, cursor.Number<int32_t>("a dtype"));
  if (dtype < 0 || static_cast<size_t>(dtype) >= kElementBytes.size()) {
    return cursor.Error(absl::StrCat("expected a dtype number in [0,",
                                     kElementBytes.size() - 1, "], found ",
                                     dtype));
  }
  return dtype;
}

// What follows the shapes.
absl::Status ReadContents(Cursor& cursor, Record& record) {
  MINNOW_RETURN_IF_ERROR(cursor.Number<int32_t>("a device type").status());
  MINNOW_RETURN_IF_ERROR(cursor.Number<int32_t>("a device number").status());
  MINNOW_ASSIGN_OR_RETURN(record.dtype, ReadDType(cursor));
  std::array<Shape, 2> aux_shapes;
  for (size_t i = 0; i < NumAux(record.storage); ++i) {
    MINNOW_ASSIGN_OR_RETURN(int32_t dtype, ReadDType(cursor));
    if (dtype != kIndexDType) {
      return cursor.Error(absl::StrCat("expected indices of dtype number ",
                                       kIndexDType, " (int64), found ", dtype));
    }
    MINNOW_ASSIGN_OR_RETURN(aux_shapes[i], ReadShape(cursor, -1));
    if (!aux_shapes[i].known_rank() || aux_shapes[i].rank() != 1) {
      return cursor.Error(absl::StrCat("expected indices of rank 1, found ",
                                       aux_shapes[i].ToString()));
    }
  }
  MINNOW_ASSIGN_OR_RETURN(record.values, ReadValues(cursor, record.values_shape,
                                                    record.dtype, "values"));
  for (size_t i = 0; i < NumAux(record.storage); ++i) {
    MINNOW_ASSIGN_OR_RETURN(record.aux[i], ReadValues(cursor, aux_shapes[i],
                                                      kIndexDType, "indices"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Record> ReadRecord(Cursor& cursor) {
  Record record;
  record.offset = cursor.offset();
  MINNOW_ASSIGN_OR_RETURN(uint32_t version,
                          cursor.Number<uint32_t>("an array"));
  // Where a scalar can be said, -1 is no array; elsewhere 0 is.
  const int64_t none_rank = version == kV3 ? -1 : 0;
  if (version == kV2 || version == kV3) {
    MINNOW_ASSIGN_OR_RETURN(record.storage, ReadStorage(cursor, version));
    if (record.storage != StorageType::kDense) {
      MINNOW_ASSIGN_OR_RETURN(record.values_shape,
                              ReadShape(cursor, none_rank));
    }
  }
  if (version == kV1 || version == kV2 || version == kV3) {
    MINNOW_ASSIGN_OR_RETURN(record.shape, ReadShape(cursor, none_rank));
  } else {  // The oldest version has no number: this is the rank.
    MINNOW_ASSIGN_OR_RETURN(record.shape,
                            ReadDims<uint32_t>(cursor, version, none_rank));
  }
  if (record.storage == StorageType::kDense) record.values_shape = record.shape;
  record.none = !record.shape.known_rank();
  if (!record.none) MINNOW_RETURN_IF_ERROR(ReadContents(cursor, record));
  return record;
}

std::vector<int64_t> ToIndices(absl::string_view bytes) {
  std::vector<int64_t> indices(bytes.size() / sizeof(int64_t));
  // memcpy takes no null pointer, not even for nothing.
  if (!bytes.empty()) std::memcpy(indices.data(), bytes.data(), bytes.size());
  return indices;
}

absl::StatusOr<NDArray> ToDenseArray(const Shape& shape, DType dtype,
                                     absl::string_view bytes) {
  MINNOW_ASSIGN_OR_RETURN(NDArray array, NDArray::Zeros(shape, dtype));
  char* to = reinterpret_cast<char*>(array.raw());
  if (dtype == DType::kBool) {  // Any byte but 0 is true; a bool is 0 or 1.
    std::transform(bytes.begin(), bytes.end(), to,
                   [](char byte) { return static_cast<char>(byte != 0); });
  } else if (!bytes.empty()) {
    std::memcpy(to, bytes.data(), bytes.size());
  }
  return array;
}

absl::StatusOr<NDArray> ToArray(Record& record) {
  if (record.none) return NDArray();
  MINNOW_ASSIGN_OR_RETURN(DType dtype, DTypeFromFlag(record.dtype));
  std::vector<int64_t> indptr;
  if (record.storage == StorageType::kCsr) {
    indptr = ToIndices(record.aux[0]);
    // MXNet may leave a tail behind the last row: values of no meaning.
    const size_t stored = record.aux[1].size() / sizeof(int64_t);
    if (!indptr.empty() && indptr.back() >= 0 &&
        static_cast<uint64_t>(indptr.back()) < stored &&
        record.values_shape == Shape{static_cast<int64_t>(stored)}) {
      const size_t used = static_cast<size_t>(indptr.back());
      record.values_shape = Shape{indptr.back()};
      record.values = record.values.substr(0, used * DTypeSize(dtype));
      record.aux[1] = record.aux[1].substr(0, used * sizeof(int64_t));
    }
  }
  MINNOW_ASSIGN_OR_RETURN(
      NDArray values, ToDenseArray(record.values_shape, dtype, record.values));
  switch (record.storage) {
    case StorageType::kRowSparse:
      return NDArray::RowSparse(record.shape, values, ToIndices(record.aux[0]));
    case StorageType::kCsr:
      return NDArray::Csr(record.shape, values, std::move(indptr),
                          ToIndices(record.aux[1]));
    case StorageType::kDense:
      break;
  }
  return values;
}

absl::StatusOr<std::vector<std::string>> ReadNames(Cursor& cursor,
                                                   uint64_t num_arrays) {
  MINNOW_ASSIGN_OR_RETURN(uint64_t count,
                          cursor.Number<uint64_t>("the number of names"));
  if (count != 0 && count != num_arrays) {
    return cursor.Error(absl::StrCat("expected ", num_arrays,
                                     " names, or none, found ", count));
  }
  std::vector<std::string> names;
  for (uint64_t i = 0; i < count; ++i) {
    MINNOW_ASSIGN_OR_RETURN(uint64_t size,
                            cursor.Number<uint64_t>("the length of a name"));
    MINNOW_ASSIGN_OR_RETURN(absl::string_view name,
                            cursor.Bytes(size, "a name"));
    names.emplace_back(name);
  }
  names.resize(num_arrays);
  return names;
}

// Where the bytes of a file go, piece by piece.
using Sink = absl::FunctionRef<absl::Status(absl::string_view)>;

template <typename T>
absl::string_view BytesOf(absl::Span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(T)};
}

template <typename T>
void Append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void AppendShape(std::string& bytes, absl::Span<const int64_t> dims) {
  Append(bytes, static_cast<int32_t>(dims.size()));
  for (int64_t dim : dims) Append(bytes, dim);
}

absl::Status WriteArray(const NDArray& array, uint32_t dense_version,
                        Sink sink) {
  std::string header;
  if (!array) {
    Append(header, dense_version);
    Append(header, static_cast<int32_t>(StorageType::kDense));
    Append(header, int32_t{dense_version == kV3 ? -1 : 0});
    return sink(header);
  }
  const StorageType storage = array.storage();
  // In the order of the file.
  std::array<absl::Span<const int64_t>, 2> aux;
  if (storage == StorageType::kRowSparse) aux = {array.indices(), {}};
  if (storage == StorageType::kCsr) aux = {array.indptr(), array.indices()};

  Append(header, storage == StorageType::kDense ? dense_version : kV2);
  Append(header, static_cast<int32_t>(storage));
  if (storage != StorageType::kDense) {
    std::vector<int64_t> values_dims = {
        static_cast<int64_t>(array.indices().size())};
    if (storage == StorageType::kRowSparse) {
      const absl::Span<const int64_t> dims = array.shape().dims();
      values_dims.insert(values_dims.end(), dims.begin() + 1, dims.end());
    }
    AppendShape(header, values_dims);
  }
  AppendShape(header, array.shape().dims());
  Append(header, kCpu);
  Append(header, int32_t{0});  // The device's number.
  Append(header, static_cast<int32_t>(array.dtype()));
  for (size_t i = 0; i < NumAux(storage); ++i) {
    Append(header, kIndexDType);
    AppendShape(header, {static_cast<int64_t>(aux[i].size())});
  }
  MINNOW_RETURN_IF_ERROR(sink(header));
  MINNOW_RETURN_IF_ERROR(sink(BytesOf(absl::Span<const std::byte>(
      array.raw(), static_cast<size_t>(array.num_bytes())))));
  for (size_t i = 0; i < NumAux(storage); ++i) {
    MINNOW_RETURN_IF_ERROR(sink(BytesOf(aux[i])));
  }
  return absl::OkStatus();
}

bool NeedsV3(const NDArray& array) {
  if (!array || array.storage() != StorageType::kDense) return false;
  const absl::Span<const int64_t> dims = array.shape().dims();
  return dims.empty() || std::find(dims.begin(), dims.end(), 0) != dims.end();
}

absl::Status WriteParams(absl::Span<const NamedArray> arrays, Sink sink) {
  bool v3 = false;
  bool named = false;
  for (const NamedArray& named_array : arrays) {
    v3 |= NeedsV3(named_array.array);
    named |= !named_array.name.empty();
  }
  std::string header;
  Append(header, kListMagic);
  Append(header, uint64_t{0});
  Append(header, uint64_t{arrays.size()});
  MINNOW_RETURN_IF_ERROR(sink(header));
  for (const NamedArray& named_array : arrays) {
    MINNOW_RETURN_IF_ERROR(WriteArray(named_array.array, v3 ? kV3 : kV2, sink));
  }
  std::string names;
  Append(names, uint64_t{named ? arrays.size() : 0});
  for (const NamedArray& named_array : arrays) {
    if (!named) break;
    Append(names, uint64_t{named_array.name.size()});
    names += named_array.name;
  }
  return sink(names);
}

}  // namespace

absl::StatusOr<std::vector<NamedArray>> ParseParams(absl::string_view bytes) {
  Cursor cursor(bytes);
  MINNOW_ASSIGN_OR_RETURN(uint64_t magic, cursor.Number<uint64_t>("a list"));
  if (magic != kListMagic) {
    return absl::InvalidArgumentError(
        absl::StrCat("at byte 0: expected a list of arrays (0x",
                     absl::Hex(kListMagic), "), found 0x", absl::Hex(magic)));
  }
  MINNOW_RETURN_IF_ERROR(cursor.Number<uint64_t>("a reserved word").status());
  MINNOW_ASSIGN_OR_RETURN(uint64_t count,
                          cursor.Number<uint64_t>("the number of arrays"));
  // The smallest record is one number.
  if (count > cursor.left() / sizeof(uint32_t)) {
    return cursor.Error(absl::StrCat("expected ", count, " arrays, found ",
                                     cursor.left(), " bytes"));
  }
  // Names come last. Arrays are made after them, for errors to name them.
  std::vector<Record> records;
  for (uint64_t i = 0; i < count; ++i) {
    absl::StatusOr<Record> record = ReadRecord(cursor);
    if (!record.ok()) {
      return Annotate(record.status(), absl::StrCat("array ", i));
    }
    records.push_back(*std::move(record));
  }
  MINNOW_ASSIGN_OR_RETURN(std::vector<std::string> names,
                          ReadNames(cursor, count));
  if (cursor.left() != 0) {
    return cursor.Error(absl::StrCat("expected the end of the file, found ",
                                     cursor.left(), " bytes more"));
  }
  std::vector<NamedArray> arrays;
  for (uint64_t i = 0; i < count; ++i) {
    absl::StatusOr<NDArray> array = ToArray(records[i]);
    if (!array.ok()) {
      return Annotate(array.status(),
                      absl::StrCat("array ", i, " '", names[i], "' at byte ",
                                   records[i].offset));
    }
    arrays.push_back({std::move(names[i]), *std::move(array)});
  }
  return arrays;
}

absl::StatusOr<std::string> SerializeParams(
    absl::Span<const NamedArray> arrays) {
  std::string bytes;
  MINNOW_RETURN_IF_ERROR(WriteParams(arrays, [&bytes](absl::string_view piece) {
    bytes.append(piece.data(), piece.size());
    return absl::OkStatus();
  }));
  return bytes;
}

absl::StatusOr<std::vector<NamedArray>> ReadParamsFile(const std::string& path,
                                                       int64_t max_bytes) {
  MINNOW_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, max_bytes));
  absl::StatusOr<std::vector<NamedArray>> arrays = ParseParams(bytes);
  if (!arrays.ok()) return Annotate(arrays.status(), path);
  return arrays;
}

absl::Status WriteParamsFile(const std::string& path,
                             absl::Span<const NamedArray> arrays) {
  MINNOW_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  MINNOW_RETURN_IF_ERROR(WriteParams(
      arrays, [&file](absl::string_view piece) { return file.Write(piece); }));
  return file.Commit();
}

}  // namespace minnow
