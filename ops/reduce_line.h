// Reductions of one line, and sums of values that are computed where they are
// added:
//
//   const float dot = SumLine<float>(n, [=](int64_t i) MINNOW_INLINE {
//     return x[i] * y[i];
//   });
//
// To be called within Vectorize. Rules and order are those of ops/reduction.h.
#ifndef MINNOW_OPS_REDUCE_LINE_H_
#define MINNOW_OPS_REDUCE_LINE_H_

#include <algorithm>
#include <cstdint>

#include "minnow/core/simd.h"
#include "minnow/ops/reduction.h"

namespace minnow {

// Of x[0] to x[n - 1]; `empty` changes nothing. A line shorter than the lanes
// is reduced in order: filling them would cost more than they save.
template <typename Rule, typename T, typename X>
MINNOW_INLINE inline T ReduceLine(const Rule& rule, T empty, const X& x,
                                  int64_t n) {
  using internal::kLanes;
  if (n < kLanes) {
    T result = empty;
    for (int64_t i = 0; i < n; ++i) {
      result = rule.Combine(result, rule.Map(x[i]));
    }
    return result;
  }
  T lanes[kLanes];
  std::fill_n(lanes, kLanes, empty);
  internal::AddToLanes(rule, x, n, lanes);
  return internal::CombineLanes(rule, lanes);
}

namespace internal {

template <typename T>
struct AddRule {
  MINNOW_INLINE T Map(T x) const { return x; }
  MINNOW_INLINE T Combine(T x, T y) const { return x + y; }
};

// An array of which the elements are computed.
template <typename F>
struct ComputedLine {
  const F& value;
  MINNOW_INLINE auto operator[](int64_t i) const { return value(i); }
};

}  // namespace internal

template <typename T>
MINNOW_INLINE inline T SumLine(const T* x, int64_t n) {
  return ReduceLine(internal::AddRule<T>(), T{0}, x, n);
}

// Of value(0) to value(n - 1).
template <typename T, typename F>
MINNOW_INLINE inline T SumLine(int64_t n, const F& value) {
  return ReduceLine(internal::AddRule<T>(), T{0},
                    internal::ComputedLine<F>{value}, n);
}

}  // namespace minnow

#endif  // MINNOW_OPS_REDUCE_LINE_H_
