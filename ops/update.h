// Rules of operators that update a weight from a gradient, one element at a
// time.
//
// An operator of this kind is a rule: a struct template over the type that is
// computed with. It is made from the attributes; called with a weight, a
// gradient and the states, it changes the states and returns the new weight:
//
//   template <typename T>
//   struct SgdRule {
//     using Attrs = SgdAttrs;
//     explicit SgdRule(const SgdAttrs& attrs);
//     MINNOW_INLINE T operator()(T weight, T grad) const;
//   };
//
//   .kernels = UpdateKernels<SgdRule, 0>()  // See update_kernels.h.
//
// The loops around it are the same for all rules: here over all elements of
// dense arrays, in row_update.h over rows, in multi_update.h over many weights.
// In mixed precision they are the same as well: see Mixed.
#ifndef MINNOW_OPS_UPDATE_H_
#define MINNOW_OPS_UPDATE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "absl/status/status.h"
#include "minnow/core/half.h"
#include "minnow/core/simd.h"
#include "minnow/core/thread_pool.h"
#include "minnow/core/view.h"

namespace minnow {

// Clips to [-bound, bound]; a bound of 0 or less means not at all. A NaN stays.
template <typename T>
struct Clip {
  explicit Clip(float bound)
      : bound(bound > 0 ? static_cast<T>(bound)
                        : std::numeric_limits<T>::infinity()) {}

  MINNOW_INLINE T operator()(T x) const {
    return x > bound ? bound : x < -bound ? -bound : x;
  }

  T bound;
};

// g = clip(rescale * grad), as most optimizers of MXNet begin.
template <typename T>
struct ScaleAndClip {
  ScaleAndClip(float rescale, float clip) : rescale(rescale), clip(clip) {}

  MINNOW_INLINE T operator()(T grad) const { return clip(rescale * grad); }

  T rescale;
  Clip<T> clip;
};

// 1, -1 or 0; of a NaN it is 0.
template <typename T>
MINNOW_INLINE inline T SignOf(T x) {
  return static_cast<T>(x > 0) - static_cast<T>(x < 0);
}

// 1 - base^exponent: what a moving average has gathered after that many steps.
template <typename T>
T OneMinusPower(float base, int64_t exponent) {
  return static_cast<T>(1 -
                        std::pow(double{base}, static_cast<double>(exponent)));
}

namespace internal {

// Elements of a block: it costs far more than its dispatch, and the weight of a
// layer has enough of them that threads end at about the same time.
inline constexpr int64_t kUpdateGrain = 1 << 14;

// The gradient of a row that has none.
struct NoGradient {
  float operator[](int64_t) const { return 0; }
  NoGradient operator+(int64_t) const { return {}; }
};

// A weight in mixed precision: rules work on `master`, a state in float32, and
// what they make is rounded to the weight. Both are views, or pointers.
template <typename Weight, typename Master>
struct Mixed {
  Weight weight;
  Master master;
};
template <typename Weight, typename Master>
Mixed(Weight, Master) -> Mixed<Weight, Master>;

// Pointers to the element i.
template <typename T>
MINNOW_INLINE inline T* At(const Dense<T>& array, int64_t i) {
  return array.data() + i;
}
template <typename W, typename M>
MINNOW_INLINE inline auto At(const Mixed<W, M>& mixed, int64_t i) {
  return Mixed{At(mixed.weight, i), At(mixed.master, i)};
}

// `grad` is a pointer or NoGradient. Belongs into Vectorize.
template <typename Rule, typename T, typename Grad, typename... State>
MINNOW_INLINE inline void UpdateElements(const Rule& rule, int64_t n,
                                         T* __restrict weight, Grad grad,
                                         State* __restrict... state) {
  using C = ComputeType<T>;
  for (int64_t i = 0; i < n; ++i) {
    [&](std::conditional_t<true, C, State>... s) MINNOW_INLINE {
      weight[i] = static_cast<T>(
          rule(static_cast<C>(weight[i]), static_cast<C>(grad[i]), s...));
      ((state[i] = static_cast<State>(s)), ...);
    }(static_cast<C>(state[i])...);
  }
}

template <typename Rule, typename T, typename Grad, typename... State>
MINNOW_INLINE inline void UpdateElements(const Rule& rule, int64_t n,
                                         Mixed<T*, float*> weight, Grad grad,
                                         State*... state) {
  // By tiles, so that what is rounded is still in the cache.
  constexpr int64_t kTile = 512;
  for (int64_t begin = 0; begin < n; begin += kTile) {
    const int64_t count = std::min(kTile, n - begin);
    T* __restrict rounded = weight.weight + begin;
    float* __restrict master = weight.master + begin;
    UpdateElements(rule, count, master, grad + begin, (state + begin)...);
    for (int64_t i = 0; i < count; ++i) rounded[i] = static_cast<T>(master[i]);
  }
}

// Each element of a dense weight, by a dense gradient.
template <typename Rule, typename Weight, typename T, typename... State>
absl::Status UpdateDense(ThreadPool& threads, const Rule& rule, Weight weight,
                         Dense<const T> grad, State... state) {
  ParallelFor(threads, grad.size(), kUpdateGrain,
              [&](int64_t begin, int64_t end) {
                Vectorize([=]() MINNOW_INLINE {
                  UpdateElements(rule, end - begin, At(weight, begin),
                                 grad.data() + begin, state.data() + begin...);
                });
              });
  return absl::OkStatus();
}

}  // namespace internal
}  // namespace minnow

#endif  // MINNOW_OPS_UPDATE_H_
