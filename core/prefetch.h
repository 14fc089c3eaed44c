// Asks for memory that will be needed soon, where the processor cannot foresee
// it: rows of a table lie anywhere, and so do the tensors of a list.
//
//   Prefetch(row, row_bytes);
#ifndef MINNOW_CORE_PREFETCH_H_
#define MINNOW_CORE_PREFETCH_H_

#include <algorithm>
#include <cstdint>

#include "minnow/core/simd.h"

namespace minnow {

// The first lines of the `bytes` at `at`; processors foresee what follows them.
// That there is memory is not needed.
MINNOW_INLINE inline void Prefetch(const void* at, int64_t bytes) {
  constexpr int64_t kLine = 64, kMost = 8 * kLine;
  for (int64_t i = 0; i < std::min(bytes, kMost); i += kLine) {
    __builtin_prefetch(static_cast<const char*>(at) + i, /*rw=*/1);
  }
}

}  // namespace minnow

#endif  // MINNOW_CORE_PREFETCH_H_
