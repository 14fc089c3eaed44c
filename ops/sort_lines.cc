#include "minnow/ops/sort_lines.h"

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "hwy/contrib/sort/vqsort.h"
#include "minnow/core/simd.h"

namespace minnow {
namespace {

// Keys from which on threads are worth it, and the blocks that are sorted then.
constexpr int64_t kMinParallel = 1 << 16;
constexpr int64_t kBlocks = 4;
constexpr int64_t kMergeGrain = 1 << 15;

template <typename Key>
void SortBlock(Key* keys, int64_t n) {
  // Below this, it is not worth the sorter's memory. Without vectors of AVX2
  // Highway's sorter may end the program.
  constexpr int64_t kMinVector = 64;
  if (n < kMinVector || ActiveIsa() == Isa::kBaseline) {
    std::sort(keys, keys + n);
    return;
  }
  const hwy::Sorter sorter;
  if constexpr (std::is_same_v<Key, WideKey>) {
    static_assert(sizeof(WideKey) == sizeof(hwy::uint128_t));
    sorter(reinterpret_cast<hwy::uint128_t*>(keys), static_cast<size_t>(n),
           hwy::SortAscending());
  } else {
    sorter(keys, static_cast<size_t>(n), hwy::SortAscending());
  }
}

// How many of the first `count` keys of the merged ranges are from `a`.
template <typename Key>
int64_t CountFromFirst(const Key* a, int64_t na, const Key* b, int64_t nb,
                       int64_t count) {
  int64_t low = std::max<int64_t>(0, count - nb), high = std::min(count, na);
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (b[count - middle - 1] < a[middle]) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// The elements [begin, end) of the merged ranges.
template <typename Key>
void MergePart(const Key* a, int64_t na, const Key* b, int64_t nb,
               int64_t begin, int64_t end, Key* out) {
  int64_t i = CountFromFirst(a, na, b, nb, begin);
  int64_t j = begin - i;
  int64_t k = begin;
  while (k < end && i < na && j < nb) {
    const bool second = b[j] < a[i];
    out[k++] = second ? b[j] : a[i];
    i += !second;
    j += second;
  }
  // One of the ranges is at its end, or the part is.
  const int64_t rest = std::min(na - i, end - k);
  std::copy_n(a + i, rest, out + k);
  std::copy_n(b + j, end - k - rest, out + k + rest);
}

// Merges the sorted blocks of `size` keys pairwise.
template <typename Key>
void MergePairs(ThreadPool& threads, const Key* from, int64_t n, int64_t size,
                Key* to) {
  ParallelFor(threads, n, kMergeGrain, [&](int64_t begin, int64_t end) {
    // A part may lie in two pairs.
    while (begin < end) {
      const int64_t first = begin / (2 * size) * (2 * size);
      const int64_t last = std::min(first + 2 * size, n);
      const int64_t middle = std::min(first + size, n);
      const int64_t stop = std::min(end, last);
      MergePart(from + first, middle - first, from + middle, last - middle,
                begin - first, stop - first, to + first);
      begin = stop;
    }
  });
}

}  // namespace

template <typename Key>
void SortKeys(ThreadPool* threads, Key* keys, int64_t n, Key* spare) {
  if (threads == nullptr || n < kMinParallel) {
    SortBlock(keys, n);
    return;
  }
  const int64_t block = (n + kBlocks - 1) / kBlocks;
  ParallelFor(*threads, n, block, [&](int64_t begin, int64_t end) {
    SortBlock(keys + begin, end - begin);
  });
  static_assert(kBlocks == 4);
  MergePairs(*threads, keys, n, block, spare);
  MergePairs(*threads, spare, n, 2 * block, keys);
}

template <typename Key>
void SmallestKeys<Key>::Add(const Key* keys, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    if (bound_.has_value() && !(keys[i] < *bound_)) continue;
    if (count_ == capacity_) Shrink();
    keys_[count_++] = keys[i];
  }
}

template <typename Key>
void SmallestKeys<Key>::Shrink() {
  std::nth_element(keys_, keys_ + (k_ - 1), keys_ + count_);
  count_ = k_;
  bound_ = keys_[k_ - 1];
}

template <typename Key>
int64_t SmallestKeys<Key>::Finish() {
  if (count_ > k_) Shrink();
  return count_;
}

template void SortKeys<uint16_t>(ThreadPool*, uint16_t*, int64_t, uint16_t*);
template void SortKeys<uint32_t>(ThreadPool*, uint32_t*, int64_t, uint32_t*);
template void SortKeys<uint64_t>(ThreadPool*, uint64_t*, int64_t, uint64_t*);
template void SortKeys<WideKey>(ThreadPool*, WideKey*, int64_t, WideKey*);
template class SmallestKeys<uint64_t>;
template class SmallestKeys<WideKey>;

}  // namespace minnow
