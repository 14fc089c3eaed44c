#include "minnow/train/idx_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "minnow/core/status.h"
#include "minnow/train/gz_reader.h"

namespace minnow {
namespace {

constexpr size_t kMaxRank = 8;

// Reads all of `bytes`, which the file says are `what`.
absl::Status ReadExactly(GzReader& reader, absl::Span<char> bytes,
                         absl::string_view what) {
  MINNOW_ASSIGN_OR_RETURN(const size_t found, reader.Read(bytes));
  if (found == bytes.size()) return absl::OkStatus();
  return reader.ErrorAt(
      reader.position(),
      absl::StrCat("the file ends inside ", what, ": expected ", bytes.size(),
                   " bytes of it, found ", found));
}

absl::StatusOr<DType> ReadType(const GzReader& reader, uint8_t code) {
  switch (code) {
    case 0x08:
      return DType::kUInt8;
    case 0x09:
      return DType::kInt8;
    case 0x0C:
      return DType::kInt32;
    case 0x0D:
      return DType::kFloat32;
    case 0x0E:
      return DType::kFloat64;
    default:
      return reader.ErrorAt(
          2, absl::StrFormat("type: expected 0x08 (uint8), 0x09 (int8), 0x0C "
                             "(int32), 0x0D (float32) or 0x0E (float64), found "
                             "0x%02X",
                             code));
  }
}

absl::StatusOr<Shape> ReadShape(GzReader& reader, size_t rank) {
  std::array<char, 4 * kMaxRank> dims;
  MINNOW_RETURN_IF_ERROR(ReadExactly(
      reader, absl::MakeSpan(dims).first(4 * rank), "the dimensions"));
  Shape shape = Shape::OfRank(rank);
  for (size_t axis = 0; axis < rank; ++axis) {
    int64_t dim = 0;
    for (size_t i = 0; i < 4; ++i) {
      dim = dim << 8 | static_cast<uint8_t>(dims[4 * axis + i]);
    }
    shape.set(axis, dim);
  }
  return shape;
}

void BigEndianToNative(absl::Span<char> bytes, size_t element_size) {
  if (std::endian::native == std::endian::big) return;
  for (size_t i = 0; i < bytes.size(); i += element_size) {
    std::reverse(bytes.begin() + i, bytes.begin() + i + element_size);
  }
}

}  // namespace

absl::StatusOr<NDArray> ReadIdx(const std::string& path,
                                const IdxOptions& options) {
  MINNOW_ASSIGN_OR_RETURN(GzReader reader, GzReader::Open(path));
  std::array<char, 4> magic;
  MINNOW_RETURN_IF_ERROR(
      ReadExactly(reader, absl::MakeSpan(magic), "the magic number"));
  if (magic[0] != 0 || magic[1] != 0) {
    return reader.ErrorAt(
        0, absl::StrFormat("not an IDX file: expected the bytes 00 00, found "
                           "%02X %02X",
                           static_cast<uint8_t>(magic[0]),
                           static_cast<uint8_t>(magic[1])));
  }
  MINNOW_ASSIGN_OR_RETURN(const DType dtype,
                          ReadType(reader, static_cast<uint8_t>(magic[2])));
  const size_t rank = static_cast<uint8_t>(magic[3]);
  if (rank < 1 || rank > kMaxRank) {
    return reader.ErrorAt(
        3, absl::StrCat("rank: expected 1 to ", kMaxRank, ", found ", rank));
  }
  MINNOW_ASSIGN_OR_RETURN(const Shape shape, ReadShape(reader, rank));
  const absl::StatusOr<int64_t> bytes = shape.CheckedBytes(dtype);
  if (!bytes.ok() || *bytes > options.max_bytes) {
    return reader.ErrorAt(
        4,
        absl::StrCat("dimensions ", shape.ToString(), " of ", DTypeName(dtype),
                     ": expected at most ", options.max_bytes, " bytes, found ",
                     bytes.ok() ? absl::StrCat(*bytes) : "an overflow"));
  }
  MINNOW_ASSIGN_OR_RETURN(NDArray array, NDArray::Zeros(shape, dtype));
  const absl::Span<char> values(reinterpret_cast<char*>(array.raw()),
                                static_cast<size_t>(*bytes));
  MINNOW_RETURN_IF_ERROR(ReadExactly(reader, values, "the elements"));
  BigEndianToNative(values, DTypeSize(dtype));

  const int64_t end = reader.position();
  char extra;
  MINNOW_ASSIGN_OR_RETURN(const size_t found,
                          reader.Read(absl::MakeSpan(&extra, 1)));
  if (found > 0) {
    return reader.ErrorAt(end,
                          absl::StrCat("expected the end of the file after ",
                                       array.Describe(), ", found more bytes"));
  }
  return array;
}

}  // namespace minnow
