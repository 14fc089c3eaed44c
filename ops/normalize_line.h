// A line with mean 0 and variance 1, and the gradient of that. To be called
// within Vectorize.
#ifndef MINNOW_OPS_NORMALIZE_LINE_H_
#define MINNOW_OPS_NORMALIZE_LINE_H_

#include <cmath>
#include <cstdint>

#include "minnow/core/simd.h"
#include "minnow/ops/sum_line.h"

namespace minnow {

template <typename T>
struct Moments {
  T mean, variance;
};

template <typename T>
MINNOW_INLINE inline Moments<T> MomentsOf(const T* x, int64_t n) {
  const T count = static_cast<T>(n);
  const T mean =
      SumLine<T>(n, [=](int64_t i) MINNOW_INLINE { return x[i]; }) / count;
  // From the distances to the mean: the difference of two large sums would
  // lose what a small variance is.
  const T squares = SumLine<T>(n, [=](int64_t i) MINNOW_INLINE {
    return (x[i] - mean) * (x[i] - mean);
  });
  return {mean, squares / count};
}

// `normal` is the normalized line, `head` the gradient of its elements; that of
// the elements it was made from replaces `head`.
template <typename T>
MINNOW_INLINE inline void NormalizeGradient(const T* normal, int64_t n,
                                            T deviation, T head_sum,
                                            T product_sum, T* head) {
  const T count = static_cast<T>(n);
  const T mean = head_sum / count;
  const T mean_product = product_sum / count;
  const T factor = 1 / deviation;
  for (int64_t i = 0; i < n; ++i) {
    head[i] = (head[i] - mean - normal[i] * mean_product) * factor;
  }
}

}  // namespace minnow

#endif  // MINNOW_OPS_NORMALIZE_LINE_H_
