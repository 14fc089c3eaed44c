// Rules of operators that update a weight from a gradient, one element at a
// time.
//
// An operator of this kind is a rule: a struct template over the type that is
// computed with, float or double. It is made from the attributes; called with a
// weight, a gradient and the states, it changes the states and returns the new
// weight:
//
//   template <typename T>
//   struct SgdRule {
//     using Attrs = SgdAttrs;
//     explicit SgdRule(const SgdAttrs& attrs);
//     MINNOW_INLINE T operator()(T weight, T grad) const;
//   };
//
//   .kernels = UpdateKernels<SgdRule>()  // See update_kernels.h.
//
// Only the loop of a rule over elements is compiled for each. What is around it
// is the same for all: dense arrays, rows, many weights, elements of 16 bits,
// mixed precision; see update_arrays.h.
#ifndef MINNOW_OPS_UPDATE_H_
#define MINNOW_OPS_UPDATE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include "minnow/core/dtype.h"
#include "minnow/core/prefetch.h"
#include "minnow/core/simd.h"

namespace minnow {

// Clips to [-bound, bound]; a bound of 0 or less means not at all. A NaN stays.
template <typename T>
struct Clip {
  explicit Clip(float bound)
      : bound(bound > 0 ? static_cast<T>(bound)
                        : std::numeric_limits<T>::infinity()) {}

  MINNOW_INLINE T operator()(T x) const {
    // A maximum and a minimum, one instruction each.
    const T above = x < -bound ? -bound : x;
    return above > bound ? bound : above;
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

// Elements of a block: it costs far more than its dispatch, and the weight of a
// layer has enough of them that threads end at about the same time.
inline constexpr int64_t kUpdateGrain = 1 << 14;

// Stretches of `size` elements. Those of stretch i begin at at[i * stride], of
// the weight; then come those of the gradient and of each state.
struct UpdateRuns {
  int64_t count, size, stride;
  std::byte* const* at;
  // While a stretch is updated, the one that is so many further is fetched, if
  // it is among those of which `at` has the places.
  int64_t ahead = 0, num_places = 0;
};

namespace internal {

// Belongs into Vectorize.
template <typename Rule, typename T, typename... State>
MINNOW_INLINE inline void UpdateElements(const Rule& rule, int64_t n,
                                         T* __restrict weight, const T* grad,
                                         State* __restrict... state) {
  for (int64_t i = 0; i < n; ++i) {
    [&](State... s) MINNOW_INLINE {
      weight[i] = rule(weight[i], grad[i], s...);
      ((state[i] = s), ...);
    }(state[i]...);
  }
}

// The number of states, from the signature of a rule.
template <typename Rule, typename T, typename... State>
constexpr size_t CountStates(T (Rule::*)(T, T, State&...) const) {
  return sizeof...(State);
}
template <typename Rule>
inline constexpr size_t kNumStates = CountStates(&Rule::operator());

template <template <typename> class Rule, typename T>
void RunUpdate(const void* rule, const UpdateRuns& runs) {
  Vectorize([runs, rule = *static_cast<const Rule<T>*>(rule)]() MINNOW_INLINE {
    const int64_t bytes = runs.size * static_cast<int64_t>(sizeof(T));
    for (int64_t i = 0; i < runs.count; ++i) {
      std::byte* const* const at = runs.at + i * runs.stride;
      std::byte* const* const next = at + runs.ahead * runs.stride;
      [&]<size_t... k>(std::index_sequence<k...>) MINNOW_INLINE {
        if (i + runs.ahead < runs.num_places) {
          Prefetch(next[0], bytes);
          (Prefetch(next[2 + k], bytes), ...);
        }
        UpdateElements(rule, runs.size, reinterpret_cast<T*>(at[0]),
                       reinterpret_cast<const T*>(at[1]),
                       reinterpret_cast<T*>(at[2 + k])...);
      }
      (std::make_index_sequence<kNumStates<Rule<T>>>());
    }
  });
}

}  // namespace internal

// Any rule.
class UpdateRule {
 public:
  template <template <typename> class Rule, typename T>
  explicit UpdateRule(const Rule<T>& rule)
      : run_(internal::RunUpdate<Rule, T>),
        dtype_(DTypeOf<T>),
        num_states_(internal::kNumStates<Rule<T>>) {
    static_assert(std::is_trivially_copyable_v<Rule<T>> &&
                  sizeof(Rule<T>) <= sizeof(values_));
    new (values_) Rule<T>(rule);
  }

  // The type that it computes with.
  DType dtype() const { return dtype_; }
  size_t num_states() const { return num_states_; }

  // Updates elements of that type.
  void operator()(const UpdateRuns& runs) const { run_(values_, runs); }

 private:
  void (*run_)(const void* rule, const UpdateRuns& runs);
  DType dtype_;
  size_t num_states_;
  alignas(double) std::byte values_[96];
};

}  // namespace minnow

#endif  // MINNOW_OPS_UPDATE_H_
