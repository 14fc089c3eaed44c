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

// Runs of so many elements, whatever their size, fill lines of the cache.
constexpr int64_t kLineElements = 16;

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
  // Neighbours in the source one after the other, unless their runs share
  // lines of the cache in the result.
  if (copy.cols.size >= kLineElements) {
    std::stable_sort(copy.others.begin(), copy.others.end(),
                     [](const Axis& a, const Axis& b) {
                       return std::abs(a.from) > std::abs(b.from);
                     });
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
// Elements of a run of the source that are transposed together: few pages.
template <typename T>
constexpr int64_t kTransposed = 256 / sizeof(T);
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
    case 2:  // Known, it is a shuffle of whole vectors.
      for (int64_t i = 0; i < n; ++i) to[i] = from[i * 2];
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

// Elements of a lane of 16 bytes, two of which are a vector: kLane columns of
// the source and 2 kLane of its rows are two squares next to one another.
template <typename T>
constexpr size_t kLane = 16 / sizeof(T);
template <typename T>
using Lane [[gnu::vector_size(16)]] = T;
template <typename T>
using TwoLanes [[gnu::vector_size(32)]] = T;

template <typename T, size_t... k>
MINNOW_INLINE inline void LoadLanes(const T* low, const T* high,
                                    TwoLanes<T>& to,
                                    std::index_sequence<k...>) {
  Lane<T> a, b;
  std::memcpy(&a, low, sizeof(a));
  std::memcpy(&b, high, sizeof(b));
  to = __builtin_shufflevector(a, b, k...);
}

// In each lane, elements of a and of b in turn, from the `begin`th on.
template <typename T, size_t begin, size_t... k>
MINNOW_INLINE inline void Interleave(const TwoLanes<T>& a, const TwoLanes<T>& b,
                                     TwoLanes<T>& to,
                                     std::index_sequence<k...>) {
  to = __builtin_shufflevector(a, b,
                               (k / kLane<T> * kLane<T> + begin +
                                k % kLane<T> / 2 + k % 2 * 2 * kLane<T>)...);
}

// to[i * to_stride + j] = from[j * from_stride + i] of kLane i and 2 kLane j.
template <typename T>
MINNOW_INLINE inline void TransposeSquares(const T* from, int64_t from_stride,
                                           T* to, int64_t to_stride) {
  constexpr auto n = static_cast<int64_t>(kLane<T>);
  constexpr auto kAll = std::make_index_sequence<2 * n>();
  TwoLanes<T> x[n], y[n];
  for (int64_t j = 0; j < n; ++j) {
    LoadLanes<T>(from + j * from_stride, from + (j + n) * from_stride, x[j],
                 kAll);
  }
  // Each round doubles the distance of what were neighbours.
  for (int64_t round = 1; round < n; round *= 2) {
    for (int64_t i = 0; i < n / 2; ++i) {
      Interleave<T, 0>(x[i], x[i + n / 2], y[2 * i], kAll);
      Interleave<T, n / 2>(x[i], x[i + n / 2], y[2 * i + 1], kAll);
    }
    std::copy_n(y, n, x);
  }
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(to + i * to_stride, &x[i], sizeof(x[i]));
  }
}

// A tile whose runs are columns in the source and rows in the result. A line of
// the cache is read as a whole and written as a whole before the next one, as
// lines that lie a power of two apart push one another out of the cache.
template <typename T>
MINNOW_INLINE inline void TransposeTile(const Axis& rows, const Axis& cols,
                                        const T* from, T* to) {
  constexpr int64_t kLine = 64 / sizeof(T);
  constexpr auto kRows = static_cast<int64_t>(kLane<T>);
  constexpr int64_t kCols = 2 * kRows;
  const int64_t whole_rows = rows.size / kRows * kRows;
  const int64_t whole_cols = cols.size / kCols * kCols;
  for (int64_t j = 0; j < whole_cols; j += kLine) {
    const int64_t j_end = std::min(j + kLine, whole_cols);
    for (int64_t i = 0; i < whole_rows; i += kLine) {
      const int64_t i_end = std::min(i + kLine, whole_rows);
      for (int64_t k = j; k < j_end; k += kCols) {
        for (int64_t l = i; l < i_end; l += kRows) {
          TransposeSquares(from + k * cols.from + l, cols.from,
                           to + l * rows.to + k, rows.to);
        }
      }
    }
  }
  for (int64_t i = 0; i < rows.size; ++i) {
    for (int64_t j = i < whole_rows ? whole_cols : 0; j < cols.size; ++j) {
      to[i * rows.to + j] = from[j * cols.from + i];
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
  if (rows.from == 1 && cols.to == 1 && rows.size >= kShort &&
      cols.size >= kShort) {
    return TransposeTile(rows, cols, from, to);
  }
  const int64_t tile_cols =
      std::max(kTile, kTile * kTile / std::min(rows.size, kTile));
  const int64_t tile_rows =
      std::max(kTile, kTile * kTile / std::min(cols.size, kTile));
  for (int64_t i = 0; i < rows.size; i += tile_rows) {
    const Axis tile = {std::min(tile_rows, rows.size - i), rows.from, rows.to};
    for (int64_t j = 0; j < cols.size; j += tile_cols) {
      const Axis run = {std::min(tile_cols, cols.size - j), cols.from, cols.to};
      CopyTile(tile, run, from + i * rows.from + j * cols.from,
               to + i * rows.to + j * cols.to);
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
      std::min(copy.rows.size, std::max(kTransposed<T>, kBlock / part_cols));
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
