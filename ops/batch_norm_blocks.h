// What BatchNorm does with one block of channels, forwards and backwards, and
// how the sums of blocks become those of channels.
//
//   WithLayout(blocks, [&]<bool columns>() {
//     BlockMoments<columns>(blocks, block, data, sums, squares);
//   });
//
// Arrays of type T, of any floating type; what there is for each channel is of
// the type C in which T is computed.
#ifndef MINNOW_OPS_BATCH_NORM_BLOCKS_H_
#define MINNOW_OPS_BATCH_NORM_BLOCKS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "minnow/core/simd.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/channel_blocks.h"
#include "minnow/ops/convert_elements.h"

namespace minnow {

// The workspace has rows with an element for each channel: two for the sums of
// each segment, and some more.
struct BatchNormPlan {
  ChannelBlocks blocks;
  int64_t workspace_bytes;

  // Elements of each channel. Sums over none are divided by 1: they are 0.
  template <typename C>
  C Count() const {
    return static_cast<C>(std::max<int64_t>(blocks.count(), 1));
  }
  template <typename C>
  C* Row(const RunContext& context, int64_t row) const {
    return reinterpret_cast<C*>(context.workspace.data()) +
           row * blocks.channels;
  }
  // Sum `which` of a segment.
  template <typename C>
  C* Sums(const RunContext& context, int64_t segment, int64_t which) const {
    return Row<C>(context, segment * 2 + which);
  }
  // A row behind the sums.
  template <typename C>
  C* More(const RunContext& context, int64_t row) const {
    return Row<C>(context, blocks.num_segments * 2 + row);
  }
};

// The elements of a piece, where they are, or in `memory`.
template <typename T, typename C>
MINNOW_INLINE inline const C* ReadPiece(const T* data,
                                        const ChannelPiece& piece, C* memory) {
  if constexpr (std::is_same_v<T, C>) {
    return data + piece.offset;
  } else {
    ConvertElements(data + piece.offset, memory, piece.size);
    return memory;
  }
}

// Element i of a piece becomes value(i), maybe by way of `memory`.
template <typename T, typename C, typename F>
MINNOW_INLINE inline void WritePiece(T* data, const ChannelPiece& piece,
                                     C* memory, const F& value) {
  constexpr bool kInPlace = std::is_same_v<T, C>;
  C* to = memory;
  if constexpr (kInPlace) to = data + piece.offset;
  for (int64_t i = 0; i < piece.size; ++i) to[i] = value(i);
  if constexpr (!kInPlace) {
    ConvertElements(memory, data + piece.offset, piece.size);
  }
}

// The sum of each channel of a block, and the sum of its squared distances to
// its own mean in the block.
template <bool columns, typename T, typename C>
void BlockMoments(const ChannelBlocks& blocks, const ChannelBlock& block,
                  const T* data, C* sums, C* squares) {
  Vectorize([=, &blocks, &block]() MINNOW_INLINE {
    C tile[kMaxPiece];
    ChannelSums<columns, C> sum;
    ForEachPiece(blocks, block, [&](const ChannelPiece& piece) MINNOW_INLINE {
      const C* const x = ReadPiece(data, piece, +tile);
      sum.Add(piece.size, [=](int64_t i) MINNOW_INLINE { return x[i]; });
    });
    sum.Finish(blocks, block, sums);
    const C count = static_cast<C>(block.count);
    const ChannelValues<columns, C> means(
        blocks, block,
        [=](int64_t i) MINNOW_INLINE { return sums[i] / count; });
    ChannelSums<columns, C> square;
    ForEachPiece(blocks, block, [&](const ChannelPiece& piece) MINNOW_INLINE {
      const C* const x = ReadPiece(data, piece, +tile);
      square.Add(piece.size, [=, mean = means.view()](int64_t i) MINNOW_INLINE {
        return (x[i] - mean[i]) * (x[i] - mean[i]);
      });
    });
    square.Finish(blocks, block, squares);
  });
}

// The sums `which` of some channels, over all segments.
template <typename C>
void SumSegments(const RunContext& context, const BatchNormPlan& plan,
                 int64_t which, int64_t first, int64_t num_channels, C* to) {
  Vectorize([=, &context, &plan, sums = to + first]() MINNOW_INLINE {
    std::fill_n(sums, num_channels, C{0});
    for (int64_t s = 0; s < plan.blocks.num_segments; ++s) {
      const C* const part = plan.Sums<C>(context, s, which) + first;
      for (int64_t i = 0; i < num_channels; ++i) sums[i] += part[i];
    }
  });
}

// The mean and the inverse deviation of some channels, from the sums of all
// segments.
template <typename C>
void MergeMoments(const RunContext& context, const BatchNormPlan& plan, C eps,
                  int64_t first, int64_t num_channels, C* mean, C* inv_std) {
  const C count = plan.Count<C>();
  SumSegments(context, plan, 0, first, num_channels, mean);
  Vectorize([=, &context, &plan, n = num_channels, m = mean + first,
             squares = inv_std + first]() MINNOW_INLINE {
    for (int64_t i = 0; i < n; ++i) {
      m[i] /= count;
      squares[i] = 0;
    }
    for (int64_t s = 0; s < plan.blocks.num_segments; ++s) {
      const C* const sums = plan.Sums<C>(context, s, 0) + first;
      const C* const own = plan.Sums<C>(context, s, 1) + first;
      const C part = static_cast<C>(plan.blocks.BlockOf(0, s).count);
      for (int64_t i = 0; i < n; ++i) {
        const C distance = sums[i] / part - m[i];
        squares[i] += own[i] + part * distance * distance;
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      // As MXNet: the channel is zeros then, not NaN.
      squares[i] = squares[i] == 0 && eps == 0
                       ? C{0}
                       : 1 / std::sqrt(squares[i] / count + eps);
    }
  });
}

// out = (data - mean) * inv_std * gamma + beta, of a block. A gamma that is
// null is 1.
template <bool columns, typename T, typename C>
void NormalizeBlock(const ChannelBlocks& blocks, const ChannelBlock& block,
                    const T* data, const C* mean, const C* inv_std,
                    const C* gamma, const C* beta, T* out) {
  Vectorize([=, &blocks, &block]() MINNOW_INLINE {
    C tile[kMaxPiece];
    const int64_t first = block.first_channel;
    const ChannelValues<columns, C> means(
        blocks, block,
        [=](int64_t i) MINNOW_INLINE { return mean[first + i]; });
    const ChannelValues<columns, C> factors(
        blocks, block, [=](int64_t i) MINNOW_INLINE {
          return gamma == nullptr ? inv_std[first + i]
                                  : inv_std[first + i] * gamma[first + i];
        });
    const ChannelValues<columns, C> offsets(
        blocks, block,
        [=](int64_t i) MINNOW_INLINE { return beta[first + i]; });
    ForEachPiece(blocks, block, [&](const ChannelPiece& piece) MINNOW_INLINE {
      const C* const x = ReadPiece(data, piece, +tile);
      const auto m = means.view();
      const auto factor = factors.view();
      const auto offset = offsets.view();
      WritePiece(out, piece, +tile, [=](int64_t i) MINNOW_INLINE {
        return (x[i] - m[i]) * factor[i] + offset[i];
      });
    });
  });
}

// The sum of the heads of each channel of a block, and the sum of the heads
// times the distances of data to the mean.
template <bool columns, typename T, typename C>
void BlockHeadSums(const ChannelBlocks& blocks, const ChannelBlock& block,
                   const T* head, const T* data, const C* mean, C* sums,
                   C* products) {
  Vectorize([=, &blocks, &block]() MINNOW_INLINE {
    C tiles[2][kMaxPiece];
    const ChannelValues<columns, C> means(
        blocks, block,
        [=](int64_t i) MINNOW_INLINE { return mean[block.first_channel + i]; });
    ChannelSums<columns, C> sum, product;
    ForEachPiece(blocks, block, [&](const ChannelPiece& piece) MINNOW_INLINE {
      const C* const h = ReadPiece(head, piece, +tiles[0]);
      const C* const x = ReadPiece(data, piece, +tiles[1]);
      sum.Add(piece.size, [=](int64_t i) MINNOW_INLINE { return h[i]; });
      product.Add(piece.size, [=, m = means.view()](int64_t i) MINNOW_INLINE {
        return h[i] * (x[i] - m[i]);
      });
    });
    sum.Finish(blocks, block, sums);
    product.Finish(blocks, block, products);
  });
}

// The gradient of data is (head - offset - (data - mean) * slope) * factor.
template <typename C>
struct GradientTerms {
  const C *mean, *offset, *slope, *factor;
};

template <bool columns, typename T, typename C>
void BlockGradient(const ChannelBlocks& blocks, const ChannelBlock& block,
                   const T* head, const T* data, const GradientTerms<C>& terms,
                   T* grad) {
  Vectorize([=, &blocks, &block]() MINNOW_INLINE {
    C tiles[2][kMaxPiece];
    const auto values = [&](const C* of) MINNOW_INLINE {
      return [from = of + block.first_channel](int64_t i)
                 MINNOW_INLINE { return from[i]; };
    };
    const ChannelValues<columns, C> means(blocks, block, values(terms.mean));
    const ChannelValues<columns, C> offsets(blocks, block,
                                            values(terms.offset));
    const ChannelValues<columns, C> slopes(blocks, block, values(terms.slope));
    const ChannelValues<columns, C> factors(blocks, block,
                                            values(terms.factor));
    ForEachPiece(blocks, block, [&](const ChannelPiece& piece) MINNOW_INLINE {
      const C* const h = ReadPiece(head, piece, +tiles[0]);
      const C* const x = ReadPiece(data, piece, +tiles[1]);
      const auto mean = means.view();
      const auto offset = offsets.view();
      const auto slope = slopes.view();
      const auto factor = factors.view();
      WritePiece(grad, piece, +tiles[0], [=](int64_t i) MINNOW_INLINE {
        return (h[i] - offset[i] - (x[i] - mean[i]) * slope[i]) * factor[i];
      });
    });
  });
}

// The same where the mean does not depend on data: head * factor.
template <bool columns, typename T, typename C>
void BlockScaled(const ChannelBlocks& blocks, const ChannelBlock& block,
                 const T* head, const C* factor, T* grad) {
  Vectorize([=, &blocks, &block]() MINNOW_INLINE {
    C tile[kMaxPiece];
    const ChannelValues<columns, C> factors(
        blocks, block, [=](int64_t i) MINNOW_INLINE {
          return factor[block.first_channel + i];
        });
    ForEachPiece(blocks, block, [&](const ChannelPiece& piece) MINNOW_INLINE {
      const C* const h = ReadPiece(head, piece, +tile);
      WritePiece(grad, piece, +tile,
                 [=, f = factors.view()](int64_t i)
                     MINNOW_INLINE { return h[i] * f[i]; });
    });
  });
}

// Calls f<columns>().
template <typename F>
void WithLayout(const ChannelBlocks& blocks, const F& f) {
  if (blocks.columns) {
    f.template operator()<true>();
  } else {
    f.template operator()<false>();
  }
}

}  // namespace minnow

#endif  // MINNOW_OPS_BATCH_NORM_BLOCKS_H_
