// Reads a file that may be compressed by gzip, and says where it went wrong.
//
//   MINNOW_ASSIGN_OR_RETURN(GzReader reader, GzReader::Open("images.gz"));
//   MINNOW_ASSIGN_OR_RETURN(size_t n, reader.Read(bytes));  // 0 at the end.
//
// A file that is not compressed is read as it is.
#ifndef MINNOW_TRAIN_GZ_READER_H_
#define MINNOW_TRAIN_GZ_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

struct gzFile_s;

namespace minnow {

class GzReader {
 public:
  // An error if the file cannot be opened.
  static absl::StatusOr<GzReader> Open(const std::string& path);

  // Fills `bytes`, or as much of it as is left in the file, and returns how
  // many were read. An error if the file is truncated or corrupt.
  absl::StatusOr<size_t> Read(absl::Span<char> bytes);

  // Uncompressed bytes read so far.
  int64_t position() const { return position_; }

  const std::string& path() const { return path_; }

  // InvalidArgument: "PATH: byte POSITION: MESSAGE".
  absl::Status ErrorAt(int64_t position, absl::string_view message) const;

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };

  GzReader(std::string path, gzFile_s* file)
      : path_(std::move(path)), file_(file) {}

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  int64_t position_ = 0;
};

}  // namespace minnow

#endif  // MINNOW_TRAIN_GZ_READER_H_
