#include "minnow/core/buffer.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace minnow {

absl::StatusOr<Buffer> Buffer::Allocate(int64_t bytes) {
  if (bytes < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot allocate ", bytes, " bytes"));
  }
  Buffer buffer;
  // calloc, unlike aligned_alloc with memset, gets zeroed pages lazily.
  buffer.memory_.reset(std::calloc(static_cast<size_t>(bytes) + kAlignment, 1));
  if (buffer.memory_ == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", bytes, " bytes"));
  }
  const auto address = reinterpret_cast<uintptr_t>(buffer.memory_.get());
  const size_t offset = (kAlignment - address % kAlignment) % kAlignment;
  buffer.data_ = static_cast<std::byte*>(buffer.memory_.get()) + offset;
  buffer.size_ = bytes;
  return buffer;
}

void Buffer::Free::operator()(void* memory) const { std::free(memory); }

}  // namespace minnow
