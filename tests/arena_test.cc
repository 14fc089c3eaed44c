// The arena: blocks that live at once lie apart, in little more than the
// largest set of them.
#include "minnow/graph/arena.h"

#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace minnow {
namespace {

std::vector<ArenaBlock> RandomBlocks(uint32_t seed, size_t count) {
  std::mt19937 random(seed);
  std::vector<ArenaBlock> blocks(count);
  int64_t step = 0;
  for (ArenaBlock& block : blocks) {
    step += random() % 2;
    block = {.bytes = static_cast<int64_t>(random() % 20) * 64,
             .first = step,
             .last = step + static_cast<int64_t>(random() % 12)};
  }
  return blocks;
}

bool Overlap(int64_t begin, int64_t end, int64_t other_begin,
             int64_t other_end) {
  return begin < other_end && other_begin < end;
}

TEST(ArenaTest, BlocksThatLiveAtOnceLieApart) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::vector<ArenaBlock> blocks = RandomBlocks(seed, 1 + seed * 4);
    const int64_t size = PlaceBlocks(absl::MakeSpan(blocks));
    EXPECT_GE(size, LargestLiveSet(blocks));
    for (const ArenaBlock& x : blocks) {
      EXPECT_GE(x.offset, 0);
      EXPECT_LE(x.offset + x.bytes, size);
      for (const ArenaBlock& y : blocks) {
        if (&x == &y || !Overlap(x.first, x.last + 1, y.first, y.last + 1)) {
          continue;
        }
        EXPECT_FALSE(
            Overlap(x.offset, x.offset + x.bytes, y.offset, y.offset + y.bytes))
            << seed;
      }
    }
  }
}

TEST(ArenaTest, ABlockTakesTheMemoryOfOneThatHasEnded) {
  std::vector<ArenaBlock> blocks = {{.bytes = 64, .first = 0, .last = 1},
                                    {.bytes = 128, .first = 1, .last = 1},
                                    {.bytes = 64, .first = 2, .last = 2}};
  EXPECT_EQ(PlaceBlocks(absl::MakeSpan(blocks)), 192);
  EXPECT_LT(blocks[2].offset, 192);
}

// In the order of time the last block finds two gaps, each too small.
TEST(ArenaTest, LaterBlocksAreForeseen) {
  std::vector<ArenaBlock> blocks = {{.bytes = 64, .first = 0, .last = 0},
                                    {.bytes = 64, .first = 0, .last = 1},
                                    {.bytes = 64, .first = 0, .last = 0},
                                    {.bytes = 128, .first = 1, .last = 1}};
  EXPECT_EQ(PlaceBlocks(absl::MakeSpan(blocks)), LargestLiveSet(blocks));
}

TEST(ArenaTest, NoBlocksTakeNoMemory) {
  EXPECT_EQ(PlaceBlocks({}), 0);
  EXPECT_EQ(LargestLiveSet({}), 0);
}

}  // namespace
}  // namespace minnow
