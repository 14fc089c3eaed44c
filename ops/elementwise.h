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

#include "absl/types/span.h"
#include "minnow/core/half.h"
#include "minnow/core/simd.h"
#include "minnow/graph/elementwise_kernel.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/stored_values.h"

namespace minnow {

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

template <auto f, typename C, typename T>
void Unary(const NoAttrs&, int64_t n, const T* data, T* out) {
  ApplyUnaryIn<f, C>(data, out, n);
}

// Of a function that depends on attributes: Function<C> is made from them.
template <template <typename> class Function, typename C, typename T>
void UnaryWith(const typename Function<C>::Attrs& attrs, int64_t n,
               const T* data, T* out) {
  ApplyUnaryIn<C>(Function<C>(attrs), data, out, n);
}

}  // namespace internal

// The kernels of f for these types.
template <auto f, typename TypeList>
std::vector<Kernel> UnaryKernels(TypeList types) {
  return KernelsFor(types, []<typename T>() {
    return ElementwiseKernelOf<internal::Unary<f, MathType<T>, T>>();
  });
}

// The same for a function that is exact on integers, and so computes with them
// as they are.
template <auto f, typename TypeList>
std::vector<Kernel> ExactUnaryKernels(TypeList types) {
  return KernelsFor(types, []<typename T>() {
    return ElementwiseKernelOf<internal::Unary<f, ComputeType<T>, T>>();
  });
}

// Both, for functions with f(0) = 0, which keep sparse arrays sparse.
template <auto f, typename TypeList>
std::vector<Kernel> ZeroUnaryKernels(TypeList types) {
  return WithStoredValues(UnaryKernels<f>(types));
}

template <auto f, typename TypeList>
std::vector<Kernel> ZeroExactUnaryKernels(TypeList types) {
  return WithStoredValues(ExactUnaryKernels<f>(types));
}

}  // namespace minnow

#endif  // MINNOW_OPS_ELEMENTWISE_H_
