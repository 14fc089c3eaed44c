#include "minnow/ops/strided_copy.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "minnow/core/simd.h"

namespace minnow {

StridedLayout StridedLayout::Of(const Shape& shape) {
  StridedLayout layout;
  layout.strides.assign(shape.rank(), 1);
  for (size_t i = shape.rank(); i-- > 1;) {
    layout.strides[i - 1] = layout.strides[i] * shape[i];
  }
  return layout;
}

namespace {

using Axis = StridedCopy::Axis;

// Fills in rows, cols and others; any axis may come in any order.
StridedCopy PlanAxes(std::vector<Axis> axes, int64_t from_offset,
                     int64_t to_offset) {
  StridedCopy copy;
  copy.from_offset = from_offset;
  copy.to_offset = to_offset;
  for (Axis& axis : axes) {
    if (axis.size == 0) {
      copy.num_matrices = 0;
      return copy;
    }
    if (axis.to >= 0) continue;
    // Walk forwards in the result.
    copy.from_offset += (axis.size - 1) * axis.from;
    copy.to_offset += (axis.size - 1) * axis.to;
    axis.from = -axis.from;
    axis.to = -axis.to;
  }
  std::erase_if(axes, [](const Axis& axis) { return axis.size == 1; });
  // From the innermost one on.
  std::stable_sort(axes.begin(), axes.end(),
                   [](const Axis& a, const Axis& b) { return a.to < b.to; });
  std::vector<Axis> merged;
  for (const Axis& axis : axes) {
    if (!merged.empty() &&
        axis.from == merged.back().from * merged.back().size &&
        axis.to == merged.back().to * merged.back().size) {
      merged.back().size *= axis.size;
    } else {
      merged.push_back(axis);
    }
  }
  if (merged.empty()) return copy;
  copy.cols = merged[0];
  // Neighbours of the source are neighbours in `rows`, unless they are in
  // `cols`; if there are none, the axis that comes next in the result.
  size_t rows = 1;
  if (copy.cols.from != 1) {
    for (size_t i = merged.size(); i-- > 1;) {
      if (std::abs(merged[i].from) == 1) rows = i;
    }
  }
  for (size_t i = merged.size(); i-- > 1;) {
    if (i == rows) {
      copy.rows = merged[i];
    } else {
      copy.others.push_back(merged[i]);
      copy.num_matrices *= merged[i].size;
    }
  }
  return copy;
}

}  // namespace

StridedCopy PlanCopy(const Shape& shape, const StridedLayout& from,
                     const StridedLayout& to) {
  std::vector<Axis> axes;
  for (size_t i = 0; i < shape.rank(); ++i) {
    axes.push_back({shape[i], from.strides[i], to.strides[i]});
  }
  return PlanAxes(std::move(axes), from.offset, to.offset);
}

namespace {

// Elements of a block of work, as in elementwise.h.
constexpr int64_t kBlock = int64_t{1} << 15;
// Square tiles use all of the cache lines that they touch.
constexpr int64_t kTile = 32;
// Longer runs cost fewer pages and lines where the tile goes through a buffer.
template <typename T>
constexpr int64_t kBufferTile = sizeof(T) < 8 ? 64 : 32;
// A shorter loop is not worth its start: the other one is the inner one.
constexpr int64_t kShort = 8;

// to[i] = from[i * stride]
template <typename T>
MINNOW_INLINE inline void CopyRun(const T* from, int64_t stride, int64_t n,
                                  T* to) {
  switch (stride) {
    case 1:
      std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
      return;
    case 0:
      std::fill_n(to, n, *from);
      return;
    case -1:
      for (int64_t i = 0; i < n; ++i) to[i] = from[-i];
      return;
    default:
      for (int64_t i = 0; i < n; ++i) to[i] = from[i * stride];
  }
}

// One part of a matrix, small enough for the cache where it is not contiguous.
template <typename T>
MINNOW_INLINE inline void CopyTile(const Axis& rows, const Axis& cols,
                                   const T* from, T* to) {
  const bool along_rows = cols.size < kShort && rows.size > cols.size;
  const Axis& outer = along_rows ? cols : rows;
  const Axis& inner = along_rows ? rows : cols;
  if (inner.to == 1) {
    for (int64_t i = 0; i < outer.size; ++i) {
      CopyRun(from + i * outer.from, inner.from, inner.size, to + i * outer.to);
    }
    return;
  }
  for (int64_t i = 0; i < outer.size; ++i) {
    const T* x = from + i * outer.from;
    T* y = to + i * outer.to;
    for (int64_t j = 0; j < inner.size; ++j)
      y[j * inner.to] = x[j * inner.from];
  }
}

typedef uint32_t Quad __attribute__((vector_size(16)));

// to[i * to_stride + j] = from[j * from_stride + i], of a square that is as
// wide as 16 bytes.
template <typename T>
MINNOW_INLINE inline void TransposeSquare(const T* from, int64_t from_stride,
                                          T* to, int64_t to_stride) {
  constexpr int64_t kSide = 16 / sizeof(T);
  if constexpr (kSide == 4) {
    Quad x[4];
    for (int64_t j = 0; j < 4; ++j) {
      std::memcpy(&x[j], from + j * from_stride, sizeof(Quad));
    }
    const Quad low01 = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5);
    const Quad high01 = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
    const Quad low23 = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5);
    const Quad high23 = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
    x[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    x[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    x[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    x[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
    for (int64_t i = 0; i < 4; ++i) {
      std::memcpy(to + i * to_stride, &x[i], sizeof(Quad));
    }
  } else {
    for (int64_t i = 0; i < kSide; ++i) {
      for (int64_t j = 0; j < kSide; ++j) {
        to[i * to_stride + j] = from[j * from_stride + i];
      }
    }
  }
}

// A tile whose runs are columns in the source and rows in the result. Through a
// buffer both are read and written in whole runs, and lines of the source that
// lie a power of two apart do not push one another out of the cache. `has_next`
// says that there is another such tile behind the columns.
template <typename T>
MINNOW_INLINE inline void TransposeTile(const Axis& rows, const Axis& cols,
                                        bool has_next, const T* from, T* to) {
  constexpr int64_t kSide = 16 / sizeof(T);
  constexpr int64_t kStride = kBufferTile<T> + kSide;
  T buffer[kBufferTile<T>][kStride];
  for (int64_t j = 0; j < cols.size; ++j) {
    std::memcpy(buffer[j], from + j * cols.from,
                static_cast<size_t>(rows.size) * sizeof(T));
  }
  // The next tile of the row comes from memory meanwhile.
  const T* const next = from + cols.size * cols.from;
  constexpr int64_t kLine = 64 / sizeof(T);
  const int64_t whole_cols = cols.size / kSide * kSide;
  const int64_t whole_rows = rows.size / kSide * kSide;
  for (int64_t i = 0; i < whole_rows; i += kSide) {
    for (int64_t j = i; has_next && j < i + kSide && j < cols.size; ++j) {
      for (int64_t k = 0; k < rows.size; k += kLine) {
        __builtin_prefetch(next + j * cols.from + k);
      }
    }
    for (int64_t j = 0; j < whole_cols; j += kSide) {
      TransposeSquare(&buffer[j][i], kStride, to + i * rows.to + j, rows.to);
    }
  }
  for (int64_t i = 0; i < rows.size; ++i) {
    T* const run = to + i * rows.to;
    for (int64_t j = i < whole_rows ? whole_cols : 0; j < cols.size; ++j) {
      run[j] = buffer[j][i];
    }
  }
}

// A part of a matrix. Runs of the result stay whole where they are runs of the
// source, too.
template <typename T>
MINNOW_INLINE inline void CopyMatrix(const Axis& rows, const Axis& cols,
                                     const T* from, T* to) {
  if (rows.size == 1 || std::abs(cols.from) <= std::abs(rows.from) ||
      cols.from == 0 || rows.from == 0) {
    return CopyTile(rows, cols, from, to);
  }
  const bool transpose = rows.from == 1 && cols.to == 1 &&
                         rows.size >= kShort && cols.size >= kShort;
  const int64_t tile_cols =
      transpose ? kBufferTile<T>
                : std::max(kTile, kTile * kTile / std::min(rows.size, kTile));
  const int64_t tile_rows =
      transpose ? kBufferTile<T>
                : std::max(kTile, kTile * kTile / std::min(cols.size, kTile));
  for (int64_t i = 0; i < rows.size; i += tile_rows) {
    const Axis tile = {std::min(tile_rows, rows.size - i), rows.from, rows.to};
    for (int64_t j = 0; j < cols.size; j += tile_cols) {
      const Axis run = {std::min(tile_cols, cols.size - j), cols.from, cols.to};
      const T* const x = from + i * rows.from + j * cols.from;
      T* const y = to + i * rows.to + j * cols.to;
      if (transpose) {
        TransposeTile(tile, run, j + 2 * tile_cols <= cols.size, x, y);
      } else {
        CopyTile(tile, run, x, y);
      }
    }
  }
}

// Numbers the matrices one after the other, without a division for each.
class MatrixCounter {
 public:
  MatrixCounter(const StridedCopy& copy, int64_t matrix) : copy_(copy) {
    index_.resize(copy.others.size());
    for (size_t k = index_.size(); k-- > 0;) {
      const Axis& axis = copy.others[k];
      index_[k] = matrix % axis.size;
      matrix /= axis.size;
      from_ += index_[k] * axis.from;
      to_ += index_[k] * axis.to;
    }
  }

  int64_t from() const { return from_; }
  int64_t to() const { return to_; }

  void Next() {
    for (size_t k = index_.size(); k-- > 0;) {
      const Axis& axis = copy_.others[k];
      from_ += axis.from;
      to_ += axis.to;
      if (++index_[k] < axis.size) return;
      from_ -= axis.size * axis.from;
      to_ -= axis.size * axis.to;
      index_[k] = 0;
    }
  }

 private:
  const StridedCopy& copy_;
  StridedLayout::Dims index_;
  int64_t from_ = 0, to_ = 0;
};

template <typename T>
void Copy(ThreadPool& threads, const StridedCopy& copy, const T* from, T* to) {
  if (copy.num_matrices == 0) return;
  from += copy.from_offset;
  to += copy.to_offset;
  // A part of a matrix is `part_rows` times `part_cols`.
  const int64_t part_cols = std::min(copy.cols.size, kBlock);
  const int64_t part_rows =
      std::min(copy.rows.size, std::max(kBufferTile<T>, kBlock / part_cols));
  const int64_t row_parts = (copy.rows.size + part_rows - 1) / part_rows;
  const int64_t col_parts = (copy.cols.size + part_cols - 1) / part_cols;
  const int64_t parts = row_parts * col_parts;
  const int64_t grain = std::max<int64_t>(1, kBlock / (part_rows * part_cols));
  ParallelFor(threads, copy.num_matrices * parts, grain,
              [&](int64_t begin, int64_t end) {
                MatrixCounter matrix(copy, begin / parts);
                Vectorize([&]() MINNOW_INLINE {
                  int64_t part = begin % parts;
                  for (int64_t i = begin; i < end; ++i) {
                    const int64_t row = part / col_parts * part_rows;
                    const int64_t col = part % col_parts * part_cols;
                    CopyMatrix<T>({std::min(part_rows, copy.rows.size - row),
                                   copy.rows.from, copy.rows.to},
                                  {std::min(part_cols, copy.cols.size - col),
                                   copy.cols.from, copy.cols.to},
                                  from + matrix.from() + row * copy.rows.from +
                                      col * copy.cols.from,
                                  to + matrix.to() + row * copy.rows.to +
                                      col * copy.cols.to);
                    if (++part < parts) continue;
                    part = 0;
                    matrix.Next();
                  }
                });
              });
}

}  // namespace

void CopyBytes(ThreadPool& threads, const StridedCopy& copy, size_t size,
               const void* from, void* to) {
  const auto copy_as = [&]<typename T>(T) {
    Copy(threads, copy, static_cast<const T*>(from), static_cast<T*>(to));
  };
  switch (size) {
    case 1:
      return copy_as(uint8_t{});
    case 2:
      return copy_as(uint16_t{});
    case 4:
      return copy_as(uint32_t{});
    default:
      return copy_as(uint64_t{});
  }
}

}  // namespace minnow
