#include "minnow/core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "minnow/core/status.h"

namespace minnow {
namespace {

// Writes are collected up to this size, and reads begin with it.
constexpr size_t kBlock = size_t{1} << 16;

absl::Status FileError(absl::string_view action, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(action, " '", path, "'"));
}

// Repeats a system call that a signal interrupts.
template <typename Call>
auto Retry(Call&& call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Reads to the end. May throw std::bad_alloc.
absl::Status ReadAll(int fd, const std::string& path, size_t expected,
                     size_t max_bytes, std::string& bytes) {
  size_t size = 0;
  while (true) {
    if (size > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("cannot read '", path, "': expected at most ", max_bytes,
                       " bytes, found more"));
    }
    // One byte more than expected, to see the end without growing.
    const size_t room = std::max({expected + 1, kBlock, size + size / 2});
    if (size == bytes.size()) bytes.resize(std::min(room, max_bytes + 1));
    const ssize_t n = Retry(
        [&] { return read(fd, bytes.data() + size, bytes.size() - size); });
    if (n < 0) return FileError("cannot read", path);
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  bytes.resize(size);
  return absl::OkStatus();
}

// Makes a rename last. Some file systems have no fsync of folders: no error.
void SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder =
      slash == path.npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
  const Descriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) fsync(fd.get());
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     int64_t max_bytes) {
  const Descriptor fd(
      Retry([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (fd.get() < 0) return FileError("cannot open", path);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return FileError("cannot read", path);
  const size_t limit = static_cast<size_t>(std::max<int64_t>(max_bytes, 0));
  const size_t expected =
      S_ISREG(info.st_mode) ? static_cast<size_t>(info.st_size) : 0;
  std::string bytes;
  try {
    MINNOW_RETURN_IF_ERROR(
        ReadAll(fd.get(), path, std::min(expected, limit), limit, bytes));
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot read '", path, "': no memory for its bytes"));
  }
  return bytes;
}

absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view bytes) {
  MINNOW_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  MINNOW_RETURN_IF_ERROR(file.Write(bytes));
  return file.Commit();
}

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& path) {
  struct stat info;
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    const int fd =
        Retry([&] { return open(path.c_str(), O_WRONLY | O_CLOEXEC); });
    if (fd < 0) return FileError("cannot write", path);
    return AtomicFile(path, "", fd);
  }
  // A link stays one: the file that it names is replaced.
  std::string target = path;
  if (exists) {
    const std::unique_ptr<char, decltype(&std::free)> resolved(
        realpath(path.c_str(), nullptr), std::free);
    if (resolved == nullptr) return FileError("cannot write", path);
    target = resolved.get();
  }
  for (int attempt = 0;; ++attempt) {
    std::string temporary =
        absl::StrCat(target, ".tmp-", getpid(), "-", attempt);
    const int fd = Retry([&] {
      return open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                  0666);
    });
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0) return FileError("cannot write", path);
    AtomicFile file(std::move(target), std::move(temporary), fd);
    if (exists && fchmod(fd, info.st_mode & 07777) != 0) {
      return file.Error("cannot set the permissions of");
    }
    return file;
  }
}

AtomicFile::AtomicFile(std::string path, std::string temporary, int descriptor)
    : path_(std::move(path)),
      temporary_(std::move(temporary)),
      descriptor_(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, "")),
      descriptor_(std::exchange(other.descriptor_, -1)),
      pending_(std::move(other.pending_)),
      status_(std::move(other.status_)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this != &other) {
    Abandon();
    path_ = std::move(other.path_);
    temporary_ = std::exchange(other.temporary_, "");
    descriptor_ = std::exchange(other.descriptor_, -1);
    pending_ = std::move(other.pending_);
    status_ = std::move(other.status_);
  }
  return *this;
}

AtomicFile::~AtomicFile() { Abandon(); }

absl::Status AtomicFile::Write(absl::string_view bytes) {
  MINNOW_RETURN_IF_ERROR(status_);
  if (pending_.size() + bytes.size() < kBlock) {
    pending_.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  status_ = WriteOut(pending_);
  pending_.clear();
  if (status_.ok()) status_ = WriteOut(bytes);
  return status_;
}

absl::Status AtomicFile::Commit() {
  MINNOW_RETURN_IF_ERROR(status_);
  status_ = Finish();
  Abandon();
  return status_;
}

absl::Status AtomicFile::Finish() {
  MINNOW_RETURN_IF_ERROR(WriteOut(pending_));
  const bool direct = temporary_.empty();
  // Pipes and devices cannot be synced.
  if (!direct && Retry([&] { return fsync(descriptor_); }) != 0) {
    return Error("cannot write");
  }
  // Linux closes the descriptor also when a signal interrupts it.
  if (close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) {
    return Error("cannot write");
  }
  if (direct) return absl::OkStatus();
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    return Error("cannot write");
  }
  temporary_.clear();
  SyncFolderOf(path_);
  return absl::OkStatus();
}

absl::Status AtomicFile::WriteOut(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n =
        Retry([&] { return write(descriptor_, bytes.data(), bytes.size()); });
    if (n < 0) return Error("cannot write");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Error(absl::string_view action) const {
  return FileError(action, path_);
}

void AtomicFile::Abandon() {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  if (!temporary_.empty()) unlink(std::exchange(temporary_, "").c_str());
}

}  // namespace minnow
