// Whole files: read with a limit, and written so that a failure at any moment
// leaves the previous file as it was.
//
//   absl::StatusOr<std::string> bytes = ReadFile("step.pb");
//   absl::Status status = WriteFileAtomically("step.pb", *bytes);
//
//   absl::StatusOr<AtomicFile> file = AtomicFile::Create("big.ckpt");
//   MINNOW_RETURN_IF_ERROR(file->Write(header));  // As often as needed.
//   MINNOW_RETURN_IF_ERROR(file->Write(payload));
//   MINNOW_RETURN_IF_ERROR(file->Commit());       // Now, and only now, it is
//                                                 // there under its name.
#ifndef MINNOW_CORE_FILE_H_
#define MINNOW_CORE_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace minnow {

inline constexpr int64_t kMaxFileBytes = int64_t{8} << 30;

// All bytes of the file, or pipe. RESOURCE_EXHAUSTED if there are more than
// `max_bytes`, or more than there is memory for. Errors name the path.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     int64_t max_bytes = kMaxFileBytes);

// An error leaves the file at `path` as it was.
absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view bytes);

// A file that is written under a temporary name in the folder of `path`, and
// takes the name `path` when it is complete and on the disk. Without Commit()
// it vanishes. A path that exists and is no regular file (a pipe, a device) is
// written directly.
//
// Not thread-safe; two of them for one path do not disturb each other.
class AtomicFile {
 public:
  static absl::StatusOr<AtomicFile> Create(const std::string& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  // Appends. Small writes are collected. After an error all that follows, and
  // Commit(), returns the same error.
  absl::Status Write(absl::string_view bytes);

  // Writes what is left, makes sure that it is on the disk, and renames.
  // REQUIRES: not called before.
  absl::Status Commit();

 private:
  AtomicFile(std::string path, std::string temporary, int descriptor);

  absl::Status WriteOut(absl::string_view bytes);
  absl::Status Finish();
  absl::Status Error(absl::string_view action) const;
  void Abandon();

  std::string path_;
  std::string temporary_;  // Empty if `path_` is written directly.
  int descriptor_ = -1;
  std::string pending_;
  absl::Status status_;
};

}  // namespace minnow

#endif  // MINNOW_CORE_FILE_H_
