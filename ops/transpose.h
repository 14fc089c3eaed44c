// Copies of an array with its axes in another order.
//
//   TransposePlan plan = PlanTranspose({2, 3, 4}, {2, 0, 1});
//   Transpose(threads, plan, x, y);  // y has the shape (4,2,3).
#ifndef MINNOW_OPS_TRANSPOSE_H_
#define MINNOW_OPS_TRANSPOSE_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "minnow/core/shape.h"
#include "minnow/core/thread_pool.h"

namespace minnow {

// The copy is made of matrices: `cols` walks along the result, `rows` along the
// input, so that one of them has stride 1 on either side. All other axes number
// the matrices. Axes that stay together are one axis.
struct TransposePlan {
  struct Axis {
    int64_t size = 1;
    int64_t from = 0, to = 0;  // Strides.
  };
  Axis rows, cols;
  std::vector<Axis> others;
  int64_t num_matrices = 1;
};

// Axis i of the result is axis axes[i] of x: a permutation.
TransposePlan PlanTranspose(const Shape& x, const std::vector<size_t>& axes);

template <typename T>
void Transpose(ThreadPool& threads, const TransposePlan& plan, const T* x,
               T* y) {
  // Square tiles use all of the cache lines that they touch.
  constexpr int64_t kTile = 32;
  const int64_t bands = (plan.rows.size + kTile - 1) / kTile;
  const int64_t grain = std::max<int64_t>(
      1, (1 << 15) / (kTile * std::max<int64_t>(1, plan.cols.size)));
  ParallelFor(
      threads, plan.num_matrices * bands, grain,
      [&](int64_t begin, int64_t end) {
        for (int64_t band = begin; band < end; ++band) {
          const T* from = x;
          T* to = y;
          int64_t matrix = band / bands;
          for (const TransposePlan::Axis& axis : plan.others) {
            from += matrix % axis.size * axis.from;
            to += matrix % axis.size * axis.to;
            matrix /= axis.size;
          }
          const int64_t row_begin = band % bands * kTile;
          const int64_t row_end = std::min(row_begin + kTile, plan.rows.size);
          for (int64_t tile = 0; tile < plan.cols.size; tile += kTile) {
            const int64_t col_end = std::min(tile + kTile, plan.cols.size);
            for (int64_t i = row_begin; i < row_end; ++i) {
              const T* const row = from + i * plan.rows.from;
              if (plan.cols.from == 1) {
                std::copy(row + tile, row + col_end,
                          to + i * plan.rows.to + tile);
                continue;
              }
              for (int64_t j = tile; j < col_end; ++j) {
                to[i * plan.rows.to + j] = row[j * plan.cols.from];
              }
            }
          }
        }
      });
}

}  // namespace minnow

#endif  // MINNOW_OPS_TRANSPOSE_H_
