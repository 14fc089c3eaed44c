// Kernels of operators that update a weight from a gradient, one element at a
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
//   .kernels = UpdateKernels<SgdRule, 0>()  // See row_update.h.
//
// The loops around it are the same for all rules: here over all elements of
// dense arrays, in row_update.h over rows.
#ifndef MINNOW_OPS_UPDATE_H_
#define MINNOW_OPS_UPDATE_H_

#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "minnow/core/half.h"
#include "minnow/core/simd.h"
#include "minnow/core/thread_pool.h"
#include "minnow/core/view.h"
#include "minnow/graph/kernel.h"

namespace minnow {

// g = clip(rescale * grad), as all optimizers of MXNet begin. A NaN stays NaN.
template <typename T>
struct ScaleAndClip {
  // A `clip` of 0 or less means none.
  ScaleAndClip(float rescale, float clip)
      : rescale(rescale),
        clip(clip > 0 ? static_cast<T>(clip)
                      : std::numeric_limits<T>::infinity()) {}

  MINNOW_INLINE T operator()(T grad) const {
    const T g = rescale * grad;
    return g > clip ? clip : g < -clip ? -clip : g;
  }

  T rescale, clip;
};

namespace internal {

// Elements of a block: it costs far more than its dispatch, and the weight of a
// layer has enough of them that threads end at about the same time.
inline constexpr int64_t kUpdateGrain = 1 << 14;

// The gradient of a row that has none.
struct NoGradient {
  float operator[](int64_t) const { return 0; }
};

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

template <template <typename> class Rule, typename T, typename... State>
absl::Status UpdateDense(const RunContext& context,
                         const typename Rule<ComputeType<T>>::Attrs& attrs,
                         Dense<T> weight, Dense<const T> grad, State... state) {
  const Rule<ComputeType<T>> rule(attrs);
  ParallelFor(*context.threads, weight.size(), kUpdateGrain,
              [&](int64_t begin, int64_t end) {
                Vectorize([=]() MINNOW_INLINE {
                  UpdateElements(rule, end - begin, weight.data() + begin,
                                 grad.data() + begin, state.data() + begin...);
                });
              });
  return absl::OkStatus();
}

template <typename T, size_t>
using StateView = Dense<T>;

}  // namespace internal

// The dense kernels of a rule with `num_states` states, for all floating types;
// those of 16 bits are computed in float32 and rounded once.
template <template <typename> class Rule, size_t num_states>
std::vector<Kernel> DenseUpdateKernels() {
  return KernelsFor(FloatTypes(), []<typename T>() {
    return []<size_t... i>(std::index_sequence<i...>) {
      return KernelOf<
          internal::UpdateDense<Rule, T, internal::StateView<T, i>...>>();
    }
    (std::make_index_sequence<num_states>());
  });
}

}  // namespace minnow

#endif  // MINNOW_OPS_UPDATE_H_
