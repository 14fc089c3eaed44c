// Where blocks of memory lie in one arena: those that live at the same time lie
// apart.
//
//   std::vector<ArenaBlock> blocks = {{.bytes = 64, .first = 0, .last = 1},
//                                     {.bytes = 64, .first = 2, .last = 2}};
//   PlaceBlocks(blocks);  // 64: both have the offset 0.
#ifndef MINNOW_GRAPH_ARENA_H_
#define MINNOW_GRAPH_ARENA_H_

#include <cstdint>

#include "absl/types/span.h"

namespace minnow {

struct ArenaBlock {
  int64_t bytes = 0;
  // The first and the last step in which it lives.
  int64_t first = 0, last = 0;
  int64_t offset = -1;
};

// Sets all offsets, and returns the size of the arena. The blocks are in the
// order of their first steps.
int64_t PlaceBlocks(absl::Span<ArenaBlock> blocks);

// The largest sum of blocks that live in one step: no arena is smaller.
int64_t LargestLiveSet(absl::Span<const ArenaBlock> blocks);

}  // namespace minnow

#endif  // MINNOW_GRAPH_ARENA_H_
