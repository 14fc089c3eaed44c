// Kernels of functions of one element: out[i] = f(data[i]).
//
// A function is a value, a template argument. It takes an element:
//
//   UnaryKernels<[](auto x) MINNOW_INLINE { return x * x; }>(FloatTypes())
//
// or, where there is a vector function for it, a whole array:
//
//   UnaryKernels<[](auto x, auto y) { Exp(x, y); }>(FloatTypes())
//
// ZeroUnaryKernels adds kernels for sparse arrays, where f(0) = 0.
//
// Each function is compiled for few types. Elements of 16 bits are computed
// with as float, through a tile on the stack that stays in the cache; so are
// integers, as double, unless the function is said to be exact on them.
#ifndef MINNOW_OPS_ELEMENTWISE_H_
#define MINNOW_OPS_ELEMENTWISE_H_

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/core/half.h"
#include "minnow/core/simd.h"
#include "minnow/core/thread_pool.h"
#include "minnow/core/view.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/stored_values.h"

namespace minnow {

// Elements of a block of work: far more than its dispatch costs, and few enough
// that a handful of streams fit into a second-level cache.
inline constexpr int64_t kElementwiseGrain = 1 << 15;

// Elements of a tile on the stack.
inline constexpr int64_t kTile = 512;

// The type to compute in where T itself is not: float for 16 bits, double for
// integers.
template <typename T>
using MathType =
    std::conditional_t<std::is_integral_v<T>, double, ComputeType<T>>;

// y[i] = f(x[i]); x and y may be the same memory.
template <typename F, typename C>
void ApplyUnary(const F& f, const C* x, C* y, int64_t n) {
  if constexpr (requires { f(C{}); }) {
    Vectorize([=]() MINNOW_INLINE {
      for (int64_t i = 0; i < n; ++i) y[i] = f(x[i]);
    });
  } else {
    f(absl::MakeConstSpan(x, static_cast<size_t>(n)),
      absl::MakeSpan(y, static_cast<size_t>(n)));
  }
}

template <auto f, typename C>
void ApplyUnary(const C* x, C* y, int64_t n) {
  ApplyUnary(f, x, y, n);
}

// The same on elements of any type, computed in C.
template <typename C, typename F, typename T>
void ApplyUnaryIn(const F& f, const T* x, T* y, int64_t n) {
  if constexpr (std::is_same_v<C, T>) {
    ApplyUnary(f, x, y, n);
  } else {
    C tile[kTile];
    for (int64_t begin = 0; begin < n; begin += kTile) {
      const int64_t count = std::min(kTile, n - begin);
      ConvertElements(x + begin, +tile, count);
      ApplyUnary(f, +tile, +tile, count);
      ConvertElements(+tile, y + begin, count);
    }
  }
}

template <auto f, typename C, typename T>
void ApplyUnaryIn(const T* x, T* y, int64_t n) {
  ApplyUnaryIn<C>(f, x, y, n);
}

namespace internal {

template <typename C, typename F, typename T>
absl::Status RunUnary(const RunContext& context, const F& f,
                      Dense<const T> data, Dense<T> out) {
  ParallelFor(*context.threads, data.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                ApplyUnaryIn<C>(f, data.data() + begin, out.data() + begin,
                                end - begin);
              });
  return absl::OkStatus();
}

template <auto f, typename C, typename T>
absl::Status Unary(const RunContext& context, const NoAttrs&,
                   Dense<const T> data, Dense<T> out) {
  return RunUnary<C>(context, f, data, out);
}

// Of a function that depends on attributes: Function<C> is made from them.
template <template <typename> class Function, typename C, typename T>
absl::Status UnaryWith(const RunContext& context,
                       const typename Function<C>::Attrs& attrs,
                       Dense<const T> data, Dense<T> out) {
  return RunUnary<C>(context, Function<C>(attrs), data, out);
}

}  // namespace internal

// The kernels of f for these types.
template <auto f, typename TypeList>
std::vector<Kernel> UnaryKernels(TypeList types) {
  return KernelsFor(types, []<typename T>() {
    return KernelOf<internal::Unary<f, MathType<T>, T>>();
  });
}

// The same for a function that is exact on integers, and so computes with them
// as they are.
template <auto f, typename TypeList>
std::vector<Kernel> ExactUnaryKernels(TypeList types) {
  return KernelsFor(types, []<typename T>() {
    return KernelOf<internal::Unary<f, ComputeType<T>, T>>();
  });
}

// Both, for functions with f(0) = 0, which keep sparse arrays sparse.
template <auto f, typename TypeList>
std::vector<Kernel> ZeroUnaryKernels(TypeList types) {
  return StoredKernelsFor(types, []<typename T>() {
    return StorageKeepingKernels<internal::Unary<f, MathType<T>, T>>();
  });
}

template <auto f, typename TypeList>
std::vector<Kernel> ZeroExactUnaryKernels(TypeList types) {
  return StoredKernelsFor(types, []<typename T>() {
    return StorageKeepingKernels<internal::Unary<f, ComputeType<T>, T>>();
  });
}

}  // namespace minnow

#endif  // MINNOW_OPS_ELEMENTWISE_H_
