#include "minnow/proto/record_file.h"

#include <filesystem>
#include <new>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "xxhash.h"

namespace minnow {
namespace {

constexpr size_t kMagicSize = 8, kTypeSize = 4, kNumberSize = 8;
constexpr size_t kCheckedSize = kTypeSize + kNumberSize;
constexpr size_t kHeadSize = kCheckedSize + kNumberSize;

std::string LittleEndian(uint64_t value) {
  std::string bytes;
  for (size_t i = 0; i < kNumberSize; ++i) {
    bytes += static_cast<char>(value >> (8 * i));
  }
  return bytes;
}

uint64_t FromLittleEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < kNumberSize; ++i) {
    value |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  }
  return value;
}

uint64_t Checksum(uint64_t offset, absl::string_view checked,
                  absl::string_view payload) {
  const uint64_t hash =
      XXH3_64bits_withSeed(payload.data(), payload.size(), offset);
  return XXH3_64bits_withSeed(checked.data(), checked.size(), hash);
}

}  // namespace

absl::StatusOr<RecordWriter> RecordWriter::Create(const std::string& path,
                                                  absl::string_view magic) {
  MINNOW_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  RecordWriter writer(std::move(file));
  MINNOW_RETURN_IF_ERROR(writer.file_.Write(magic));
  writer.offset_ = magic.size();
  return writer;
}

absl::Status RecordWriter::Write(absl::string_view type,
                                 absl::string_view payload) {
  const std::string checked = absl::StrCat(type, LittleEndian(payload.size()));
  const uint64_t checksum = Checksum(offset_, checked, payload);
  MINNOW_RETURN_IF_ERROR(
      file_.Write(absl::StrCat(checked, LittleEndian(checksum))));
  offset_ += kHeadSize + payload.size();
  return file_.Write(payload);
}

absl::StatusOr<RecordReader> RecordReader::Open(const std::string& path,
                                                absl::string_view magic) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(), "cannot read the file");
  }
  RecordReader reader(std::ifstream(path, std::ios::binary),
                      static_cast<int64_t>(size));
  if (!reader.file_.is_open()) {
    return absl::PermissionDeniedError("cannot open the file");
  }
  char found[kMagicSize] = {};
  const bool whole = reader.bytes_left() >= static_cast<int64_t>(kMagicSize);
  if (whole) MINNOW_RETURN_IF_ERROR(reader.ReadBytes(absl::MakeSpan(found)));
  if (absl::string_view(found, kMagicSize) != magic) {
    return absl::DataLossError(absl::StrCat(
        "byte 0: expected a file that begins with '", absl::CHexEscape(magic),
        "', found ",
        whole ? absl::StrCat(
                    "'", absl::CHexEscape(absl::string_view(found, kMagicSize)),
                    "'")
              : absl::StrCat(size, " bytes")));
  }
  return reader;
}

absl::Status RecordReader::Error(absl::string_view what) const {
  return absl::DataLossError(
      absl::StrCat("record ", number_, " at byte ", start_, ": ", what));
}

absl::Status RecordReader::ReadBytes(absl::Span<char> to) {
  file_.read(to.data(), static_cast<std::streamsize>(to.size()));
  offset_ += file_.gcount();
  if (file_.good()) return absl::OkStatus();
  return Error(absl::StrCat("the file cannot be read after byte ", offset_));
}

absl::StatusOr<RecordReader::Head> RecordReader::ReadHead(
    absl::string_view type, int64_t max_bytes) {
  if (offset_ > static_cast<int64_t>(kMagicSize)) ++number_;
  start_ = offset_;
  if (bytes_left() < static_cast<int64_t>(kHeadSize)) {
    return Error(absl::StrCat("expected a record '", type, "', found ",
                              bytes_left(), " bytes: the file was cut off"));
  }
  char bytes[kHeadSize];
  MINNOW_RETURN_IF_ERROR(ReadBytes(absl::MakeSpan(bytes)));
  const absl::string_view head(bytes, kHeadSize);
  const absl::string_view found = head.substr(0, kTypeSize);
  if (found != type) {
    return Error(absl::StrCat("expected a record '", type, "', found '",
                              absl::CHexEscape(found), "'"));
  }
  const uint64_t length = FromLittleEndian(head.substr(kTypeSize));
  if (length > static_cast<uint64_t>(bytes_left())) {
    return Error(absl::StrCat("expected ", length, " bytes of '", type,
                              "', found ", bytes_left(),
                              ": the file was cut off or damaged"));
  }
  if (length > static_cast<uint64_t>(max_bytes)) {
    return Error(absl::StrCat("expected at most ", max_bytes, " bytes of '",
                              type, "', found ", length));
  }
  return Head{static_cast<int64_t>(length),
              FromLittleEndian(head.substr(kCheckedSize)),
              std::string(head.substr(0, kCheckedSize))};
}

absl::Status RecordReader::ReadPayload(const Head& head, absl::Span<char> to) {
  MINNOW_RETURN_IF_ERROR(ReadBytes(to));
  const uint64_t checksum =
      Checksum(static_cast<uint64_t>(start_), head.checked,
               absl::string_view(to.data(), to.size()));
  if (checksum == head.checksum) return absl::OkStatus();
  return Error(absl::StrCat("expected the checksum ", absl::Hex(head.checksum),
                            ", found ", absl::Hex(checksum),
                            ": the file was damaged"));
}

absl::StatusOr<std::string> RecordReader::Read(absl::string_view type,
                                               int64_t max_bytes) {
  MINNOW_ASSIGN_OR_RETURN(const Head head, ReadHead(type, max_bytes));
  std::string payload;
  try {
    payload.resize(static_cast<size_t>(head.length));
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", head.length, " bytes"));
  }
  MINNOW_RETURN_IF_ERROR(ReadPayload(head, absl::MakeSpan(payload)));
  return payload;
}

absl::StatusOr<int64_t> RecordReader::ReadInto(absl::string_view type,
                                               absl::Span<std::byte> to) {
  MINNOW_ASSIGN_OR_RETURN(const Head head,
                          ReadHead(type, static_cast<int64_t>(to.size())));
  const absl::Span<char> place(reinterpret_cast<char*>(to.data()),
                               static_cast<size_t>(head.length));
  MINNOW_RETURN_IF_ERROR(ReadPayload(head, place));
  return head.length;
}

absl::Status RecordReader::ExpectEnd() const {
  if (bytes_left() == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("byte ", offset_,
                                          ": expected the end of the file, "
                                          "found ",
                                          bytes_left(), " bytes more"));
}

}  // namespace minnow
