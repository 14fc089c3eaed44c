#include "minnow/train/gz_reader.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "minnow/core/status.h"

namespace minnow {

void GzReader::Close::operator()(gzFile_s* file) const { gzclose_r(file); }

absl::StatusOr<GzReader> GzReader::Open(const std::string& path) {
  errno = 0;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    // zlib leaves errno alone when memory runs out.
    return absl::ErrnoToStatus(errno == 0 ? ENOMEM : errno,
                               absl::StrCat(path, ": cannot open"));
  }
  gzbuffer(file, 1 << 17);
  return GzReader(path, file);
}

absl::StatusOr<size_t> GzReader::Read(absl::Span<char> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    constexpr size_t kMost = size_t{1} << 30;  // gzread counts in int.
    const size_t wanted = std::min(bytes.size() - done, kMost);
    const int found =
        gzread(file_.get(), bytes.data() + done, static_cast<unsigned>(wanted));
    if (found > 0) {
      done += static_cast<size_t>(found);
      position_ += found;
    }
    if (found < 0 || static_cast<size_t>(found) < wanted) break;
  }
  // A truncated stream is a short read, without another sign than this.
  int code = Z_OK;
  absl::string_view message = gzerror(file_.get(), &code);
  switch (code) {
    case Z_OK:
    case Z_STREAM_END:
      return done;
    case Z_ERRNO:
      return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": cannot read"));
    case Z_BUF_ERROR:
      return ErrorAt(
          position_,
          "the gzip stream ends before its end: the file is truncated");
    default:
      absl::ConsumePrefix(&message, absl::StrCat(path_, ": "));
      return ErrorAt(position_,
                     absl::StrCat("the gzip stream is corrupt: ", message));
  }
}

absl::Status GzReader::ErrorAt(int64_t position,
                               absl::string_view message) const {
  return absl::InvalidArgumentError(
      absl::StrCat(path_, ": byte ", position, ": ", message));
}

}  // namespace minnow
