// A line with mean 0 and variance 1, and the gradient of that. To be called
// within Vectorize.
#ifndef MINNOW_OPS_NORMALIZE_LINE_H_
#define MINNOW_OPS_NORMALIZE_LINE_H_

#include <cstdint>

#include "minnow/core/simd.h"
#include "minnow/ops/reduce_line.h"

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

// What the gradients of a scale and an offset of the line are.
template <typename T>
struct NormalizeSums {
  T head, product;  // Of head, and of head times the normalized line.
};

// head(i) is the gradient of an element of the normalized line; `grad` becomes
// that of x, times `scale`.
template <typename T, typename F>
MINNOW_INLINE inline NormalizeSums<T> NormalizeGradient(const T* x, int64_t n,
                                                        T mean, T deviation,
                                                        T scale, const F& head,
                                                        T* grad) {
  const T factor = 1 / deviation;
  const auto normal = [=](int64_t i)
                          MINNOW_INLINE { return (x[i] - mean) * factor; };
  const T sum = SumLine<T>(n, head);
  const T product = SumLine<T>(
      n, [=](int64_t i) MINNOW_INLINE { return head(i) * normal(i); });
  const T count = static_cast<T>(n);
  const T head_mean = sum / count;
  const T product_mean = product / count;
  const T outer = factor * scale;
  for (int64_t i = 0; i < n; ++i) {
    grad[i] = (head(i) - head_mean - normal(i) * product_mean) * outer;
  }
  return {sum, product};
}

}  // namespace minnow

#endif  // MINNOW_OPS_NORMALIZE_LINE_H_
