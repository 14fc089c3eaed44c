// The activation functions, as ops/elementwise.h takes functions.
#ifndef MINNOW_OPS_ACTIVATION_FUNCTIONS_H_
#define MINNOW_OPS_ACTIVATION_FUNCTIONS_H_

#include "minnow/core/simd.h"
#include "minnow/core/vector_math.h"

namespace minnow {

// max(x, 0), but NaN stays NaN.
inline constexpr auto kRelu = [](auto x) MINNOW_INLINE {
  return x < 0 ? decltype(x){0} : x;
};

inline constexpr auto kSoftsign = [](auto x) MINNOW_INLINE {
  return x / (1 + (x < 0 ? -x : x));
};

inline constexpr auto kSigmoid = [](auto x, auto y) { Sigmoid(x, y); };
inline constexpr auto kTanh = [](auto x, auto y) { Tanh(x, y); };
// log(1 + exp(x))
inline constexpr auto kSoftrelu = [](auto x, auto y) { Softrelu(x, y); };

}  // namespace minnow

#endif  // MINNOW_OPS_ACTIVATION_FUNCTIONS_H_
