// Files of records, each with a checksum: a file that was cut off or damaged is
// seen, and where.
//
//   MINNOW_ASSIGN_OR_RETURN(RecordWriter out,
//                           RecordWriter::Create("x.ckpt", kMagic));
//   MINNOW_RETURN_IF_ERROR(out.Write("HEAD", payload));
//   MINNOW_RETURN_IF_ERROR(out.Commit());
//
//   MINNOW_ASSIGN_OR_RETURN(RecordReader in,
//                           RecordReader::Open("x.ckpt", kMagic));
//   MINNOW_ASSIGN_OR_RETURN(std::string payload, in.Read("HEAD", 1 << 20));
//   MINNOW_RETURN_IF_ERROR(in.ExpectEnd());
//
// The file begins with 8 bytes that tell its kind. A record is
//
//   4 bytes    type, in letters
//   8 bytes    length of the payload
//   8 bytes    checksum: with h = XXH3-64 of the payload, seeded by the offset
//              of the record in the file, it is XXH3-64 of the 12 bytes above,
//              seeded by h
//   payload
//
// with little-endian numbers. So a record is not taken for another that has the
// same payload, nor for one that lay elsewhere.
#ifndef MINNOW_PROTO_RECORD_FILE_H_
#define MINNOW_PROTO_RECORD_FILE_H_

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/core/file.h"

namespace minnow {

// The file appears under its name, as a whole, at Commit().
class RecordWriter {
 public:
  // REQUIRES: `magic` has 8 bytes.
  static absl::StatusOr<RecordWriter> Create(const std::string& path,
                                             absl::string_view magic);
  // REQUIRES: `type` has 4 bytes.
  absl::Status Write(absl::string_view type, absl::string_view payload);
  absl::Status Commit() { return file_.Commit(); }

 private:
  explicit RecordWriter(AtomicFile file) : file_(std::move(file)) {}

  AtomicFile file_;
  uint64_t offset_ = 0;
};

// Errors in the file are DATA_LOSS, and name record and byte.
class RecordReader {
 public:
  static absl::StatusOr<RecordReader> Open(const std::string& path,
                                           absl::string_view magic);

  // The payload of the next record, which must be of this type and have at most
  // `max_bytes`. Nothing is allocated for more than the file has.
  absl::StatusOr<std::string> Read(absl::string_view type, int64_t max_bytes);
  // The same into the front of `to`. Returns how many bytes it took.
  absl::StatusOr<int64_t> ReadInto(absl::string_view type,
                                   absl::Span<std::byte> to);
  // An error if there are more bytes.
  absl::Status ExpectEnd() const;

  // Of the next record.
  int64_t offset() const { return offset_; }
  // An upper bound of all payload that is still to come.
  int64_t bytes_left() const { return size_ - offset_; }

 private:
  struct Head {
    int64_t length;
    uint64_t checksum;
    std::string checked;  // The bytes that the checksum covers beside payload.
  };

  RecordReader(std::ifstream file, int64_t size)
      : file_(std::move(file)), size_(size) {}

  absl::Status Error(absl::string_view what) const;
  absl::Status ReadBytes(absl::Span<char> to);
  absl::StatusOr<Head> ReadHead(absl::string_view type, int64_t max_bytes);
  absl::Status ReadPayload(const Head& head, absl::Span<char> to);

  std::ifstream file_;
  int64_t size_;
  int64_t offset_ = 0;
  int64_t number_ = 0;  // Of the record that is read.
  int64_t start_ = 0;   // Its offset.
};

}  // namespace minnow

#endif  // MINNOW_PROTO_RECORD_FILE_H_
