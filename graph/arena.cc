#include "minnow/graph/arena.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

namespace minnow {
namespace {

// A heap of one arena that is not there yet: best fit, neighbours that are free
// become one.
class OffsetHeap {
 public:
  int64_t Allocate(int64_t bytes) {
    if (bytes == 0) return 0;
    const auto fit = by_size_.lower_bound({bytes, 0});
    if (fit != by_size_.end()) {
      const auto [size, offset] = *fit;
      Erase(offset, size);
      if (size > bytes) Insert(offset + bytes, size - bytes);
      return offset;
    }
    // The arena grows, from a free block at its end if there is one.
    int64_t offset = size_;
    if (!by_offset_.empty()) {
      const auto [last, size] = *by_offset_.rbegin();
      if (last + size == size_) {
        Erase(last, size);
        offset = last;
      }
    }
    size_ = offset + bytes;
    return offset;
  }

  void Free(int64_t offset, int64_t bytes) {
    if (bytes == 0) return;
    const auto next = by_offset_.lower_bound(offset);
    if (next != by_offset_.begin()) {
      const auto [before, size] = *std::prev(next);
      if (before + size == offset) {
        Erase(before, size);
        offset = before;
        bytes += size;
      }
    }
    const auto behind = by_offset_.find(offset + bytes);
    if (behind != by_offset_.end()) {
      const int64_t size = behind->second;
      Erase(behind->first, size);
      bytes += size;
    }
    Insert(offset, bytes);
  }

  int64_t size() const { return size_; }

 private:
  void Insert(int64_t offset, int64_t size) {
    by_offset_[offset] = size;
    by_size_.insert({size, offset});
  }
  void Erase(int64_t offset, int64_t size) {
    by_offset_.erase(offset);
    by_size_.erase({size, offset});
  }

  std::map<int64_t, int64_t> by_offset_;           // To the size.
  std::set<std::pair<int64_t, int64_t>> by_size_;  // Size, offset.
  int64_t size_ = 0;
};

// Calls begin(block) for each block and end(block) when its last step is over,
// in the order of time.
template <typename Begin, typename End>
void InOrderOfTime(absl::Span<const ArenaBlock> blocks, const Begin& begin,
                   const End& end) {
  std::vector<size_t> by_end(blocks.size());
  std::iota(by_end.begin(), by_end.end(), size_t{0});
  std::stable_sort(by_end.begin(), by_end.end(), [&](size_t x, size_t y) {
    return blocks[x].last < blocks[y].last;
  });
  size_t ended = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    while (blocks[by_end[ended]].last < blocks[i].first) end(by_end[ended++]);
    begin(i);
  }
  while (ended < blocks.size()) end(by_end[ended++]);
}

// Each block when it begins to live, where it fits best.
int64_t PlaceInOrderOfTime(absl::Span<ArenaBlock> blocks) {
  OffsetHeap heap;
  InOrderOfTime(
      blocks,
      [&](size_t i) { blocks[i].offset = heap.Allocate(blocks[i].bytes); },
      [&](size_t i) { heap.Free(blocks[i].offset, blocks[i].bytes); });
  return heap.size();
}

// The largest blocks first, each as low as it can lie. This takes the square of
// the number of blocks.
int64_t PlaceInOrderOfSize(absl::Span<ArenaBlock> blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) {
    return blocks[x].bytes > blocks[y].bytes;
  });
  std::vector<size_t> placed;  // By offset.
  int64_t size = 0;
  for (const size_t i : order) {
    ArenaBlock& block = blocks[i];
    block.offset = 0;
    for (const size_t other_i : placed) {
      const ArenaBlock& other = blocks[other_i];
      if (other.first > block.last || block.first > other.last) continue;
      if (block.offset + block.bytes <= other.offset) break;
      block.offset = std::max(block.offset, other.offset + other.bytes);
    }
    placed.insert(std::upper_bound(placed.begin(), placed.end(), i,
                                   [&](size_t x, size_t y) {
                                     return blocks[x].offset < blocks[y].offset;
                                   }),
                  i);
    size = std::max(size, block.offset + block.bytes);
  }
  return size;
}

}  // namespace

int64_t LargestLiveSet(absl::Span<const ArenaBlock> blocks) {
  int64_t live = 0, largest = 0;
  InOrderOfTime(
      blocks,
      [&](size_t i) { largest = std::max(largest, live += blocks[i].bytes); },
      [&](size_t i) { live -= blocks[i].bytes; });
  return largest;
}

int64_t PlaceBlocks(absl::Span<ArenaBlock> blocks) {
  // Of more blocks the second way would take too long.
  constexpr size_t kMaxBlocks = 4096;
  const int64_t size = PlaceInOrderOfTime(blocks);
  if (blocks.size() > kMaxBlocks || size == LargestLiveSet(blocks)) return size;
  std::vector<ArenaBlock> other(blocks.begin(), blocks.end());
  const int64_t other_size = PlaceInOrderOfSize(absl::MakeSpan(other));
  if (other_size >= size) return size;
  std::copy(other.begin(), other.end(), blocks.begin());
  return other_size;
}

}  // namespace minnow
