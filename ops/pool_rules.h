// What pooling takes of a window, and how its gradient is spread.
//
// Elements of a window are combined in any order, from kEmpty on; `Finish` gets
// the result and what a mean counts. For the gradient, `Scale` is applied to
// the head of a window, and `Spread` then to each of its elements, in order.
#ifndef MINNOW_OPS_POOL_RULES_H_
#define MINNOW_OPS_POOL_RULES_H_

#include <cmath>
#include <cstdint>
#include <limits>

#include "minnow/core/simd.h"
#include "minnow/ops/pooling.h"

namespace minnow {

// NaN is larger than any number.
template <typename C>
struct MaxPoolRule {
  using Acc = C;
  static constexpr C kEmpty = -std::numeric_limits<C>::infinity();
  static constexpr bool kReadsData = true;

  MINNOW_INLINE C Map(C x) const { return x; }
  MINNOW_INLINE C Combine(C x, C y) const {
    return ((x > y) | (x != x)) ? x : y;
  }
  MINNOW_INLINE C Finish(C x, C) const { return x; }
  MINNOW_INLINE C Scale(C head, C, C) const { return head; }
  // The first maximum takes all; selects, and so loops become ones over
  // vectors.
  MINNOW_INLINE void Spread(C x, C out, C& head, C& grad) const {
    const bool hit = (x == out) | (x != x);
    grad += hit ? head : C{0};
    head = hit ? C{0} : head;
  }
};

template <typename C>
struct SumPoolRule {
  using Acc = C;
  static constexpr C kEmpty = 0;
  static constexpr bool kReadsData = false;

  MINNOW_INLINE C Map(C x) const { return x; }
  MINNOW_INLINE C Combine(C x, C y) const { return x + y; }
  MINNOW_INLINE C Finish(C sum, C) const { return sum; }
  MINNOW_INLINE C Scale(C head, C, C) const { return head; }
  MINNOW_INLINE void Spread(C, C, C& head, C& grad) const { grad += head; }
};

template <typename C>
struct AvgPoolRule : SumPoolRule<C> {
  MINNOW_INLINE C Finish(C sum, C count) const { return sum / count; }
  MINNOW_INLINE C Scale(C head, C, C count) const { return head / count; }
};

// The root of a sum of powers, of which no absolute values are taken. Where it
// is 0 there is no gradient.
template <typename C, int p>
struct LpPoolRule : SumPoolRule<C> {
  static_assert(p == 2 || p == 3);
  static constexpr bool kReadsData = true;

  MINNOW_INLINE C Map(C x) const { return p == 2 ? x * x : x * x * x; }
  MINNOW_INLINE C Finish(C sum, C) const {
    return p == 2 ? std::sqrt(sum) : std::cbrt(sum);
  }
  MINNOW_INLINE C Scale(C head, C out, C) const {
    if (out == 0) return 0;
    return p == 2 ? head / out : head / out / out;
  }
  MINNOW_INLINE void Spread(C x, C, C& head, C& grad) const {
    grad += head * (p == 2 ? x : x * x);
  }
};

// Whether gradients depend on the elements, and not on where they are alone.
inline bool ReadsPooledData(const PoolingAttrs& attrs) {
  return attrs.pool_type == PoolType::kMax ||
         (attrs.pool_type == PoolType::kLp && attrs.p_value != 1);
}

// Calls f(rule).
// REQUIRES: p_value is 1, 2 or 3 if it is needed.
template <typename C, typename F>
void VisitPoolRule(const PoolingAttrs& attrs, const F& f) {
  switch (attrs.pool_type) {
    case PoolType::kMax:
      return f(MaxPoolRule<C>());
    case PoolType::kAvg:
      return f(AvgPoolRule<C>());
    case PoolType::kSum:
      return f(SumPoolRule<C>());
    case PoolType::kLp:
      if (*attrs.p_value == 3) return f(LpPoolRule<C, 3>());
      if (*attrs.p_value == 2) return f(LpPoolRule<C, 2>());
      return f(SumPoolRule<C>());
  }
}

}  // namespace minnow

#endif  // MINNOW_OPS_POOL_RULES_H_
