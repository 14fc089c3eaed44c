// An array as (outer, channels, inner), for what has a sum and other values for
// each channel, cut into blocks of few channels and part of their elements.
//
//   const ChannelBlocks blocks = CutChannels(shape, axis);
//   ForEachBlock(threads, blocks, [&](const ChannelBlock& block) {
//     ForEachPiece(blocks, block, [&](const ChannelPiece& piece) {
//       const float* x = data + piece.offset;  // piece.size elements.
//     });
//   });
//
// A piece is elements that follow one another. Where channels are long it is of
// one channel. Where they are short, or the last axis, it is columns of several
// channels, and of several rows: a loop along it then goes through channels,
// over and over. ChannelSums and ChannelValues make both one loop.
//
// Blocks depend on the shape only, and whoever adds their sums in order has the
// same bits for any number of threads.
#ifndef MINNOW_OPS_CHANNEL_BLOCKS_H_
#define MINNOW_OPS_CHANNEL_BLOCKS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "minnow/core/shape.h"
#include "minnow/core/simd.h"
#include "minnow/core/thread_pool.h"
#include "minnow/ops/reduce_line.h"

namespace minnow {

// Elements of a piece, at most: its values for each place lie in a first-level
// cache.
inline constexpr int64_t kMaxPiece = 1024;

// Some channels, and some of the pieces that each of them has.
struct ChannelBlock {
  int64_t first_channel, num_channels;
  int64_t first_piece, num_pieces;
  // The number of the part of the pieces.
  int64_t segment;
  // Elements of each channel.
  int64_t count;
};

struct ChannelPiece {
  int64_t offset, size;
};

struct ChannelBlocks {
  int64_t outer, channels, inner;
  // Pieces are columns: `rows` times the channels of a unit, all of each. Else
  // they are parts of lines, and a unit is one channel.
  bool columns;
  int64_t rows;
  int64_t pieces_per_line;
  // Units are channels that are in one block.
  int64_t unit, num_units;
  // All pieces of a unit are cut into segments.
  int64_t num_pieces, segment, num_segments;
  // Whether all elements of a unit are few enough to stay in a cache, and units
  // are many enough for all threads: then one thread takes all of a unit.
  bool whole_units;
  // What a task of a thread has at least.
  int64_t units_per_task, blocks_per_task;

  // Elements of each channel.
  int64_t count() const { return outer * inner; }
  ChannelBlock BlockOf(int64_t unit_index, int64_t segment_index) const;
};

// REQUIRES: axis < shape.rank().
ChannelBlocks CutChannels(const Shape& shape, size_t axis);

// Calls f(block) for all.
template <typename F>
void ForEachBlock(ThreadPool& threads, const ChannelBlocks& blocks,
                  const F& f) {
  ParallelFor(threads, blocks.num_units * blocks.num_segments,
              blocks.blocks_per_task, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  // Neighbours in memory follow one another.
                  f(blocks.BlockOf(i % blocks.num_units, i / blocks.num_units));
                }
              });
}

// For each unit: before(block) for all its blocks, then between(first channel,
// number of channels), then after(block) for all its blocks.
template <typename Before, typename Between, typename After>
void ForEachUnit(ThreadPool& threads, const ChannelBlocks& blocks,
                 const Before& before, const Between& between,
                 const After& after) {
  const auto between_unit = [&](int64_t unit) {
    const ChannelBlock block = blocks.BlockOf(unit, 0);
    between(block.first_channel, block.num_channels);
  };
  if (!blocks.whole_units) {
    ForEachBlock(threads, blocks, before);
    for (int64_t unit = 0; unit < blocks.num_units; ++unit) between_unit(unit);
    ForEachBlock(threads, blocks, after);
    return;
  }
  ParallelFor(threads, blocks.num_units, blocks.units_per_task,
              [&](int64_t begin, int64_t end) {
                for (int64_t unit = begin; unit < end; ++unit) {
                  for (int64_t s = 0; s < blocks.num_segments; ++s) {
                    before(blocks.BlockOf(unit, s));
                  }
                  between_unit(unit);
                  for (int64_t s = 0; s < blocks.num_segments; ++s) {
                    after(blocks.BlockOf(unit, s));
                  }
                }
              });
}

// Calls f(piece) for all pieces of a block.
template <typename F>
MINNOW_INLINE inline void ForEachPiece(const ChannelBlocks& blocks,
                                       const ChannelBlock& block, const F& f) {
  const int64_t end = block.first_piece + block.num_pieces;
  for (int64_t i = block.first_piece; i < end; ++i) {
    if (blocks.columns) {
      const int64_t row = i * blocks.rows;
      const int64_t rows = std::min(blocks.rows, blocks.outer - row);
      f(ChannelPiece{
          (row * blocks.channels + block.first_channel) * blocks.inner,
          rows * block.num_channels * blocks.inner});
    } else {
      const int64_t line = i / blocks.pieces_per_line;
      const int64_t begin = i % blocks.pieces_per_line * kMaxPiece;
      f(ChannelPiece{
          (line * blocks.channels + block.first_channel) * blocks.inner + begin,
          std::min(kMaxPiece, blocks.inner - begin)});
    }
  }
}

// All of the following are to be called within Vectorize.

// A value for each channel of a block, by the place in a piece.
template <bool columns, typename C>
class ChannelValues {
 public:
  // value(i) is that of the channel i of the block.
  template <typename F>
  MINNOW_INLINE ChannelValues(const ChannelBlocks& blocks,
                              const ChannelBlock& block, const F& value) {
    if constexpr (columns) {
      const int64_t width = block.num_channels * blocks.inner;
      if (blocks.inner == 1) {
        for (int64_t i = 0; i < width; ++i) values_[i] = value(i);
      } else {
        for (int64_t i = 0; i < block.num_channels; ++i) {
          std::fill_n(values_ + i * blocks.inner, blocks.inner, value(i));
        }
      }
      for (int64_t row = 1; row < blocks.rows; ++row) {
        std::copy_n(values_, width, values_ + row * width);
      }
    } else {
      values_[0] = value(0);
    }
  }
  ChannelValues(const ChannelValues&) = delete;
  ChannelValues& operator=(const ChannelValues&) = delete;

  // To be copied into loops: what has x[place].
  struct View {
    const C* values;
    C value;
    MINNOW_INLINE C operator[](int64_t place) const {
      return columns ? values[place] : value;
    }
  };
  MINNOW_INLINE View view() const { return {values_, values_[0]}; }

 private:
  C values_[columns ? kMaxPiece : 1];
};

// A sum for each channel of a block.
template <bool columns, typename C>
class ChannelSums {
 public:
  MINNOW_INLINE ChannelSums() { std::fill_n(lanes_, kLanes, C{0}); }
  ChannelSums(const ChannelSums&) = delete;
  ChannelSums& operator=(const ChannelSums&) = delete;

  // Adds value(0) to value(n - 1), of the places of a piece.
  template <typename F>
  MINNOW_INLINE void Add(int64_t n, const F& value) {
    if constexpr (columns) {
      for (int64_t i = 0; i < n; ++i) lanes_[i] += value(i);
    } else {
      internal::AddToLanes(internal::AddRule<C>(),
                           internal::ComputedLine<F>{value}, n, lanes_);
    }
  }

  // The sums of the channels of the block. Nothing may be added afterwards.
  MINNOW_INLINE void Finish(const ChannelBlocks& blocks,
                            const ChannelBlock& block, C* sums) {
    if constexpr (columns) {
      // The rows become one, then the places of each channel.
      const int64_t width = block.num_channels * blocks.inner;
      for (int64_t row = 1; row < blocks.rows; ++row) {
        for (int64_t i = 0; i < width; ++i)
          lanes_[i] += lanes_[row * width + i];
      }
      if (blocks.inner == 1) {
        std::copy_n(lanes_, width, sums);
        return;
      }
      for (int64_t i = 0; i < block.num_channels; ++i) {
        sums[i] = SumLine(lanes_ + i * blocks.inner, blocks.inner);
      }
    } else {
      *sums = internal::CombineLanes(internal::AddRule<C>(), lanes_);
    }
  }

 private:
  static constexpr int64_t kLanes = columns ? kMaxPiece : internal::kLanes;
  C lanes_[kLanes];
};

}  // namespace minnow

#endif  // MINNOW_OPS_CHANNEL_BLOCKS_H_
