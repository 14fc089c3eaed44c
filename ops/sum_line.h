// Sums over a line, of values that are computed where they are added:
//
//   const float dot = SumLine<float>(n, [=](int64_t i) MINNOW_INLINE {
//     return x[i] * y[i];
//   });
//
// To be called within Vectorize. The order is that of ops/reduction.h.
#ifndef MINNOW_OPS_SUM_LINE_H_
#define MINNOW_OPS_SUM_LINE_H_

#include <cstdint>

#include "minnow/core/simd.h"
#include "minnow/ops/reduction.h"

namespace minnow {

template <typename T, typename F>
MINNOW_INLINE inline T SumLine(int64_t n, const F& value) {
  constexpr int64_t kLanes = internal::kLanes;
  // Filling the lanes would cost more than they save.
  if (n < kLanes) {
    T sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += value(i);
    return sum;
  }
  T lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += value(i + l);
  }
  const int64_t rest = n % kLanes;
  for (int64_t l = 0; l < rest; ++l) lanes[l] += value(i + l);
  for (int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (int64_t l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  }
  return lanes[0];
}

}  // namespace minnow

#endif  // MINNOW_OPS_SUM_LINE_H_
