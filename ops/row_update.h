// What loops over rows of tables share: see update_arrays.h and deferred.h.
#ifndef MINNOW_OPS_ROW_UPDATE_H_
#define MINNOW_OPS_ROW_UPDATE_H_

#include <algorithm>
#include <cstdint>

#include "minnow/ops/update.h"

namespace minnow {
namespace internal {

// Rows of a block: its elements are those of a block of the dense loop.
inline int64_t RowGrain(int64_t row_size) {
  return std::max<int64_t>(1, kUpdateGrain / std::max<int64_t>(1, row_size));
}

// How many rows ahead one is fetched: a kilobyte and more of each array, if
// rows are not tiny.
inline constexpr int64_t kMostAhead = 64;
inline int64_t PrefetchDistance(int64_t row_size) {
  return std::min(kMostAhead, 4 + 256 / std::max<int64_t>(1, row_size));
}

}  // namespace internal
}  // namespace minnow

#endif  // MINNOW_OPS_ROW_UPDATE_H_
