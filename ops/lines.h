// An array as lines along one axis, for functions of whole lines.
//
//   LinePlan plan = PlanLines(LinesAlong(shape, axis), /*tiles=*/1, size);
//   ForEachTile(threads, plan, workspace, [&](LineTile tile) {
//     LoadLines<float>(plan.lines, tile, x, memory);  // One line after
//     another.
//     ...
//     StoreLines(plan.lines, tile, memory, y);
//   });
//
// Lines whose elements lie apart are brought together; so functions of lines
// have one form.
#ifndef MINNOW_OPS_LINES_H_
#define MINNOW_OPS_LINES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "absl/types/span.h"
#include "minnow/core/dtype.h"
#include "minnow/core/round_up.h"
#include "minnow/core/shape.h"
#include "minnow/core/thread_pool.h"
#include "minnow/ops/compute_bytes.h"
#include "minnow/ops/convert_elements.h"

namespace minnow {

// Element i of line l is at (l / inner * size + i) * inner + l % inner.
struct Lines {
  int64_t outer, size, inner;

  int64_t count() const { return outer * inner; }
  int64_t First(int64_t line) const {
    return line / inner * size * inner + line % inner;
  }
};

// REQUIRES: axis < shape.rank(). So for all shapes that are known.
inline Lines LinesAlong(const Shape& shape, size_t axis) {
  return {shape.num_elements(0, axis), shape[axis],
          shape.num_elements(axis + 1, shape.rank())};
}

struct LinePlan {
  Lines lines;
  // The lines of a block, and of a tile: as many short ones as one call of a
  // vector function is worth.
  int64_t block, tile;
  // Bytes of workspace for a block.
  int64_t block_bytes;
  int64_t workspace_bytes;
};

// A tile has at most so many elements, and so lines, unless it is one line.
inline constexpr int64_t kMaxTileLines = 1024;

// Each block has memory for `tiles` tiles of elements of so many bytes. There
// are few blocks, so that this is little next to a large array.
inline LinePlan PlanLines(const Lines& lines, int64_t tiles,
                          int64_t element_bytes) {
  constexpr int64_t kBlockElements = 1 << 13;
  constexpr int64_t kMaxBlocks = 32;
  const int64_t size = std::max<int64_t>(lines.size, 1);
  LinePlan plan = {.lines = lines,
                   .block = std::max(kBlockElements / size,
                                     DivideUp(lines.count(), kMaxBlocks)),
                   .tile = std::max<int64_t>(kMaxTileLines / size, 1),
                   .block_bytes = 0,
                   .workspace_bytes = 0};
  plan.block = std::max<int64_t>(plan.block, 1);
  // Tiles begin at cache lines.
  plan.block_bytes = tiles * RoundUp(plan.tile * size * element_bytes, 64);
  plan.workspace_bytes = DivideUp(lines.count(), plan.block) * plan.block_bytes;
  return plan;
}

// Some lines that follow one another, and memory for the block.
struct LineTile {
  int64_t first, count;
  std::byte* memory;
};

template <typename F>
void ForEachTile(ThreadPool& threads, const LinePlan& plan,
                 absl::Span<std::byte> workspace, const F& f) {
  ParallelFor(threads, plan.lines.count(), plan.block,
              [&](int64_t begin, int64_t end) {
                std::byte* const memory =
                    workspace.data() + begin / plan.block * plan.block_bytes;
                for (int64_t l = begin; l < end; l += plan.tile) {
                  f(LineTile{l, std::min(plan.tile, end - l), memory});
                }
              });
}

template <typename T, typename C>
void LoadLines(const Lines& lines, const LineTile& tile, const T* x, C* to) {
  if (lines.inner == 1) {
    ConvertElements(x + tile.first * lines.size, to, tile.count * lines.size);
    return;
  }
  for (int64_t l = 0; l < tile.count; ++l) {
    const T* const line = x + lines.First(tile.first + l);
    for (int64_t i = 0; i < lines.size; ++i) {
      to[l * lines.size + i] = static_cast<C>(line[i * lines.inner]);
    }
  }
}

template <typename T, typename C>
void StoreLines(const Lines& lines, const LineTile& tile, const C* from, T* y) {
  if (lines.inner == 1) {
    ConvertElements(from, y + tile.first * lines.size, tile.count * lines.size);
    return;
  }
  for (int64_t l = 0; l < tile.count; ++l) {
    T* const line = y + lines.First(tile.first + l);
    for (int64_t i = 0; i < lines.size; ++i) {
      line[i * lines.inner] = static_cast<T>(from[l * lines.size + i]);
    }
  }
}

// Lines that lie one after the other, in the type that is computed in, can stay
// where they are: ReadLines and WriteLines need no memory for them. Others have
// `tiles` tiles of that type.
inline LinePlan PlanComputedLines(const Lines& lines, int64_t tiles,
                                  DType dtype) {
  const bool stay = lines.inner == 1 && DTypeSize(dtype) > 2;
  return PlanLines(lines, stay ? 0 : tiles, ComputeBytes(dtype));
}

// The lines of a tile, one after the other: where they are, or in `memory`.
template <typename T, typename C>
const C* ReadLines(const Lines& lines, const LineTile& tile, const T* x,
                   C* memory) {
  if constexpr (std::is_same_v<T, C>) {
    if (lines.inner == 1) return x + tile.first * lines.size;
  }
  LoadLines(lines, tile, x, memory);
  return memory;
}

// Calls f(to) to write the lines of a tile, one after the other: where they
// belong, or to `memory`, from where they are stored.
template <typename T, typename C, typename F>
void WriteLines(const Lines& lines, const LineTile& tile, C* memory, T* y,
                const F& f) {
  if constexpr (std::is_same_v<T, C>) {
    if (lines.inner == 1) return f(y + tile.first * lines.size);
  }
  f(memory);
  StoreLines(lines, tile, memory, y);
}

}  // namespace minnow

#endif  // MINNOW_OPS_LINES_H_
