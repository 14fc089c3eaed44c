// Sorting of keys in memory (see sort_keys.h), by Highway's vqsort.
//
//   SortKeys(&threads, keys, n, spare);
//
// With threads, blocks that depend on `n` alone are sorted and merged. Keys
// that are equal are the same, so that the result is always the same.
#ifndef MINNOW_OPS_SORT_LINES_H_
#define MINNOW_OPS_SORT_LINES_H_

#include <cstdint>
#include <optional>

#include "minnow/core/thread_pool.h"
#include "minnow/ops/sort_keys.h"

namespace minnow {

// `threads` may be null; `spare` is not needed then, and else has room for `n`
// keys. Key is uint16_t, uint32_t, uint64_t or WideKey.
template <typename Key>
void SortKeys(ThreadPool* threads, Key* keys, int64_t n, Key* spare);

// Collects the smallest `k` of the keys that are given to it, in memory for
// `capacity` of them. With a bound, only those below it.
// REQUIRES: 0 < k < capacity.
template <typename Key>
class SmallestKeys {
 public:
  SmallestKeys(Key* memory, int64_t k, int64_t capacity,
               std::optional<Key> bound = std::nullopt)
      : keys_(memory), k_(k), capacity_(capacity), bound_(bound) {}

  void Add(const Key* keys, int64_t n);
  // Only keys below this one still count.
  const std::optional<Key>& bound() const { return bound_; }
  // The number of keys at the front of the memory, in no order: `k`, or as many
  // as there were.
  int64_t Finish();

 private:
  void Shrink();

  Key* keys_;
  int64_t k_, capacity_;
  int64_t count_ = 0;
  std::optional<Key> bound_;
};

}  // namespace minnow

#endif  // MINNOW_OPS_SORT_LINES_H_
