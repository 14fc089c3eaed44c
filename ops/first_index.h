// The first index that fails a check, found by all threads.
//
//   const int64_t bad = FirstIndex(threads, n, 1 << 14, [&](int64_t i) {
//     return index[i] < 0;
//   });
//   if (bad < n) return absl::InvalidArgumentError(...);
//
// The same for any number of threads.
#ifndef MINNOW_OPS_FIRST_INDEX_H_
#define MINNOW_OPS_FIRST_INDEX_H_

#include <atomic>
#include <cstdint>

#include "minnow/core/thread_pool.h"

namespace minnow {

// The least i in [0, n) for which holds(i), or n.
template <typename F>
int64_t FirstIndex(ThreadPool& threads, int64_t n, int64_t grain,
                   const F& holds) {
  std::atomic<int64_t> first = n;
  ParallelFor(threads, n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (!holds(i)) continue;
      int64_t least = first.load(std::memory_order_relaxed);
      while (i < least && !first.compare_exchange_weak(
                              least, i, std::memory_order_relaxed)) {
      }
      return;
    }
  });
  return first.load(std::memory_order_relaxed);
}

}  // namespace minnow

#endif  // MINNOW_OPS_FIRST_INDEX_H_
