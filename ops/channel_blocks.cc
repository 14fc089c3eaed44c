#include "minnow/ops/channel_blocks.h"

#include "minnow/core/round_up.h"

namespace minnow {
namespace {

// Elements of a task, if there are enough.
constexpr int64_t kTaskElements = 1 << 15;
// Elements of a unit of which a second-level cache keeps most.
constexpr int64_t kUnitElements = 1 << 17;

// The place of a piece among the elements of each channel.
int64_t PlaceOf(const ChannelBlocks& blocks, int64_t piece) {
  if (blocks.columns) {
    return std::min(piece * blocks.rows, blocks.outer) * blocks.inner;
  }
  return piece / blocks.pieces_per_line * blocks.inner +
         piece % blocks.pieces_per_line * kMaxPiece;
}

// Whether pieces are columns. Short lines would be little work for each loop,
// and little memory at a time; but for few rows columns are not worth the
// values that are made for each place.
bool TakeColumns(const ChannelBlocks& blocks) {
  return blocks.inner < 64 ||
         (blocks.inner < kMaxPiece / 2 && blocks.outer > 8);
}

}  // namespace

ChannelBlock ChannelBlocks::BlockOf(int64_t unit_index,
                                    int64_t segment_index) const {
  ChannelBlock block = {.first_channel = unit_index * unit,
                        .num_channels = 0,
                        .first_piece = segment_index * segment,
                        .num_pieces = 0,
                        .segment = segment_index,
                        .count = 0};
  block.num_channels = std::min(unit, channels - block.first_channel);
  block.num_pieces = std::min(segment, num_pieces - block.first_piece);
  if (block.num_pieces > 0) {
    block.count = PlaceOf(*this, block.first_piece + block.num_pieces) -
                  PlaceOf(*this, block.first_piece);
  }
  return block;
}

ChannelBlocks CutChannels(const Shape& shape, size_t axis) {
  ChannelBlocks blocks = {};
  blocks.outer = shape.num_elements(0, axis);
  blocks.channels = shape[axis];
  blocks.inner = shape.num_elements(axis + 1, shape.rank());
  blocks.columns = TakeColumns(blocks);
  int64_t piece;
  if (blocks.columns) {
    const int64_t inner = std::max<int64_t>(blocks.inner, 1);
    blocks.unit = std::clamp<int64_t>(blocks.channels, 1, kMaxPiece / inner);
    // Rows that are all in one unit follow one another.
    blocks.rows =
        blocks.unit == blocks.channels
            ? std::clamp<int64_t>(kMaxPiece / (blocks.unit * inner), 1,
                                  std::max<int64_t>(blocks.outer, 1))
            : 1;
    blocks.pieces_per_line = 1;
    blocks.num_pieces =
        blocks.inner == 0 ? 0 : DivideUp(blocks.outer, blocks.rows);
    piece = blocks.rows * blocks.unit * inner;
  } else {
    blocks.unit = 1;
    blocks.rows = 1;
    blocks.pieces_per_line = DivideUp(blocks.inner, kMaxPiece);
    blocks.num_pieces = blocks.outer * blocks.pieces_per_line;
    piece = std::min(blocks.inner, kMaxPiece);
  }
  blocks.num_units = DivideUp(blocks.channels, blocks.unit);
  blocks.segment = std::max<int64_t>(kTaskElements / piece, 1);
  blocks.num_segments = DivideUp(blocks.num_pieces, blocks.segment);
  const int64_t unit_elements =
      std::max<int64_t>(blocks.count() * blocks.unit, 1);
  blocks.whole_units = unit_elements <= kUnitElements &&
                       (blocks.num_units >= 16 ||
                        blocks.num_units * unit_elements <= kTaskElements);
  blocks.units_per_task = std::max<int64_t>(kTaskElements / unit_elements, 1);
  blocks.blocks_per_task = std::max<int64_t>(
      kTaskElements /
          (piece * std::clamp<int64_t>(blocks.num_pieces, 1, blocks.segment)),
      1);
  return blocks;
}

}  // namespace minnow
