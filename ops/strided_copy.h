// Copies between arrays whose elements lie at regular distances: what slices,
// transposes, broadcasts, reversals, concatenations and paddings all are.
//
//   // The columns 1 and 2 of a (100,5) array, as an array of (100,2).
//   StridedLayout x = StridedLayout::Of({100, 5});
//   x.Slice(1, {.begin = 1, .step = 1, .size = 2});
//   StridedCopy copy = PlanCopy({100, 2}, x, StridedLayout::Of({100, 2}));
//   CopyElements(threads, copy, from, to);
//
// A plan is made at bind. It has few axes, since those that stay together are
// one, and the loops over it are compiled for each size of element, not type.
#ifndef MINNOW_OPS_STRIDED_COPY_H_
#define MINNOW_OPS_STRIDED_COPY_H_

#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "minnow/core/shape.h"
#include "minnow/core/thread_pool.h"

namespace minnow {

// Indices of an axis: begin, begin + step, ...; `size` of them.
struct AxisRange {
  int64_t begin = 0;
  int64_t step = 1;
  int64_t size = 0;
};

// Where the elements of an array lie, as distances in elements. It describes
// views of an array: a part, axes in another order, repeated elements.
struct StridedLayout {
  using Dims = absl::InlinedVector<int64_t, 6>;

  Dims strides;
  int64_t offset = 0;

  // One element after the other.
  // REQUIRES: `shape` is known, and its size has been checked.
  static StridedLayout Of(const Shape& shape);

  // Looks at these indices of an axis.
  void Slice(size_t axis, const AxisRange& range) {
    offset += range.begin * strides[axis];
    strides[axis] *= range.step;
  }
  // Reads an axis in which the array has one element again and again.
  void Repeat(size_t axis) { strides[axis] = 0; }
  void Insert(size_t axis, int64_t stride) {
    strides.insert(strides.begin() + static_cast<int64_t>(axis), stride);
  }
};

// How elements move: the ones at `from` to those at `to`.
struct StridedCopy {
  struct Axis {
    int64_t size = 1;
    int64_t from = 0, to = 0;  // Strides.
  };
  // A matrix is copied by one loop in another, a tile at a time; `cols` is the
  // axis in which neighbours lie next to one another in the result. All other
  // axes number the matrices.
  Axis rows, cols;
  std::vector<Axis> others;
  int64_t num_matrices = 1;  // 0: there is nothing to copy.
  int64_t from_offset = 0, to_offset = 0;
};

// The copy of an array of shape `shape` from one layout to the other.
// REQUIRES: the layouts have its rank, and no two elements share a place in
// `to`.
StridedCopy PlanCopy(const Shape& shape, const StridedLayout& from,
                     const StridedLayout& to);

// Copies elements of any type of this size: 1, 2, 4 or 8 bytes.
void CopyBytes(ThreadPool& threads, const StridedCopy& copy, size_t size,
               const void* from, void* to);

template <typename T>
void CopyElements(ThreadPool& threads, const StridedCopy& copy, const T* from,
                  T* to) {
  CopyBytes(threads, copy, sizeof(T), from, to);
}

}  // namespace minnow

#endif  // MINNOW_OPS_STRIDED_COPY_H_
