#include "minnow/core/buffer.h"

#include <sys/mman.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace minnow {
namespace {

// Asks the system for large pages, where whole ones fit in. A stream through a
// large array then waits less for the translation of addresses, and for
// prefetchers, which stop at the end of a page.
void PreferLargePages(std::byte* data, int64_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr int64_t kLargePage = 1 << 21;
  const auto address = reinterpret_cast<uintptr_t>(data);
  const int64_t skipped = static_cast<int64_t>(-address % kLargePage);
  const int64_t whole = (bytes - skipped) / kLargePage * kLargePage;
  // Advice: where it is not taken, nothing else changes.
  if (whole > 0) madvise(data + skipped, whole, MADV_HUGEPAGE);
#else
  static_cast<void>(data);
  static_cast<void>(bytes);
#endif
}

}  // namespace

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
  PreferLargePages(buffer.data_, bytes);
  return buffer;
}

void Buffer::Free::operator()(void* memory) const { std::free(memory); }

}  // namespace minnow
