// Memory for arrays: aligned, zeroed, and never an abort when there is none.
//
//   absl::StatusOr<Buffer> buffer = Buffer::Allocate(1 << 20);
//   buffer->data();  // A multiple of 64, filled with zeros.
#ifndef MINNOW_CORE_BUFFER_H_
#define MINNOW_CORE_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"

namespace minnow {

class Buffer {
 public:
  // Of every buffer, and of every array in an arena: a cache line, and the
  // widest vector register.
  static constexpr size_t kAlignment = 64;

  Buffer() = default;

  // Zeroed bytes. Large ones cost no memory before they are touched.
  // RESOURCE_EXHAUSTED if the system has not got them.
  static absl::StatusOr<Buffer> Allocate(int64_t bytes);

  std::byte* data() const { return data_; }
  int64_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<void, Free> memory_;
  std::byte* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace minnow

#endif  // MINNOW_CORE_BUFFER_H_
