// Kernels of functions of two elements: out[i] = f(lhs[i], rhs[i]), where lhs
// and rhs are broadcast to the shape of out, or one of them is a number.
//
//   BinaryKernels<Plus>(NumberTypes())
//   ScalarKernels<Minus, /*reversed=*/true>()  // scalar - data
//
// `F` is a struct whose operator() takes two elements of any type that is
// computed in: see BinaryMathType.
#ifndef MINNOW_OPS_BINARY_KERNELS_H_
#define MINNOW_OPS_BINARY_KERNELS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/convert.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/broadcast.h"
#include "minnow/ops/elementwise.h"

namespace minnow {

// An F with a type `IntegerMath` computes integers in it.
template <typename F>
concept HasIntegerMath = requires {
  typename F::IntegerMath;
};

// The type that F computes elements of T in: 16-bit floats as float, and small
// integers as int32_t, as C++ does it. Converting the result back wraps, or
// saturates where it is floating.
template <typename F, typename T>
auto BinaryMathTypeOf() {
  if constexpr (std::is_integral_v<T> && HasIntegerMath<F>) {
    return typename F::IntegerMath();
  } else if constexpr (std::is_integral_v<T> && sizeof(T) < sizeof(int32_t)) {
    return int32_t();
  } else {
    return ComputeType<T>();
  }
}
template <typename F, typename T>
using BinaryMathType = decltype(BinaryMathTypeOf<F, T>());

namespace internal {

// What F is on elements of T, if that is an operation of a chain.
template <typename F, typename T>
constexpr Arithmetic ArithmeticOf() {
  if constexpr (std::is_floating_point_v<T> && requires { F::kArithmetic; }) {
    return F::kArithmetic;
  } else {
    return Arithmetic::kNone;
  }
}

// A function of n elements; one operand at most is repeated, unless n = 1.
template <typename C>
using BinaryFunction = void (*)(int64_t n, Operand<C> lhs, Operand<C> rhs,
                                C* out);

template <typename F, typename C>
[[gnu::noinline]] void NativeBinary(int64_t n, Operand<C> lhs, Operand<C> rhs,
                                    C* out) {
  Vectorize([=]() MINNOW_INLINE {
    const F f;
    const C* x = lhs.data;
    const C* y = rhs.data;
    if (rhs.repeated) {
      const C b = *y;
      for (int64_t i = 0; i < n; ++i) out[i] = f(x[i], b);
    } else if (lhs.repeated) {
      const C a = *x;
      for (int64_t i = 0; i < n; ++i) out[i] = f(a, y[i]);
    } else {
      for (int64_t i = 0; i < n; ++i) out[i] = f(x[i], y[i]);
    }
  });
}

// The same function of elements of another type, which are converted to C, and
// back, a tile at a time.
template <typename C>
void ConvertedBinary(BinaryFunction<C> function, DType dtype, int64_t n,
                     ElementsRef lhs, ElementsRef rhs, void* out);

extern template void ConvertedBinary(BinaryFunction<float>, DType, int64_t,
                                     ElementsRef, ElementsRef, void*);
extern template void ConvertedBinary(BinaryFunction<double>, DType, int64_t,
                                     ElementsRef, ElementsRef, void*);
extern template void ConvertedBinary(BinaryFunction<int32_t>, DType, int64_t,
                                     ElementsRef, ElementsRef, void*);

template <typename F, typename T>
void BinaryElements(int64_t n, Operand<T> lhs, Operand<T> rhs, T* out) {
  using C = BinaryMathType<F, T>;
  if constexpr (std::is_same_v<T, C>) {
    NativeBinary<F>(n, lhs, rhs, out);
  } else {
    const auto untyped = [](Operand<T> operand) -> ElementsRef {
      return {const_cast<T*>(operand.data), operand.repeated};
    };
    ConvertedBinary<C>(NativeBinary<F, C>, DTypeOf<T>, n, untyped(lhs),
                       untyped(rhs), out);
  }
}

template <typename F, typename T>
void Binary(const NoAttrs&, int64_t n, Operand<T> lhs, Operand<T> rhs, T* out) {
  BinaryElements<F>(n, lhs, rhs, out);
}

// Kernel::run of Binary; its state is a BroadcastPlan.
absl::Status RunBroadcast(const RunContext& context, const void* attrs,
                          absl::Span<const ArrayRef* const> args);
absl::StatusOr<Prepared> PrepareBroadcast(const Attrs& attrs,
                                          absl::Span<const Shape> shapes,
                                          const ArgTypes& types);

// R is the type of the result, and the one that is computed in; if it is not T,
// the array is converted first.
template <typename F, bool reversed, typename T, typename R>
void Scalar(const ScalarAttrs& attrs, int64_t n, const T* data, R* out) {
  const R number = Convert<R>(attrs.scalar);
  const Operand<R> scalar{&number, true};
  Operand<R> array{out, false};
  if constexpr (std::is_same_v<T, R>) {
    array.data = data;
  } else {
    ConvertElements(data, out, n);
  }
  BinaryElements<F>(n, reversed ? scalar : array, reversed ? array : scalar,
                    out);
}

template <typename F, bool reversed, typename T>
constexpr Kernel ScalarKernel() {
  Kernel kernel = ElementwiseKernelOf<Scalar<F, reversed, T, T>>();
  constexpr Arithmetic op = ArithmeticOf<F, T>();
  kernel.arithmetic = reversed ? Reversed(op) : op;
  kernel.number = [](const void* attrs) {
    return static_cast<const ScalarAttrs*>(attrs)->scalar;
  };
  return kernel;
}

}  // namespace internal

// Inputs of one shape, or of any that broadcast.
template <typename F, typename... T>
std::vector<Kernel> BinaryKernels(Types<T...> types) {
  return KernelsFor(types, []<typename E>() {
    Kernel kernel = ElementwiseKernelOf<internal::Binary<F, E>>();
    kernel.run = internal::RunBroadcast;
    kernel.prepare = internal::PrepareBroadcast;
    kernel.arithmetic = internal::ArithmeticOf<F, E>();
    return kernel;
  });
}

// data op scalar; scalar op data if reversed. Those that give the type of the
// array come first; integers with a number that is none give float64, and bool
// gives int64 or float64, as in MXNet.
template <typename F, bool reversed, bool keeps_zero = false>
std::vector<Kernel> ScalarKernels() {
  std::vector<Kernel> kernels = Joined(
      {KernelsFor(NumberTypes(),
                  []<typename T>() {
                    return internal::ScalarKernel<F, reversed, T>();
                  }),
       KernelsFor(Types<int8_t, uint8_t, int32_t, int64_t, bool>(),
                  []<typename T>() {
                    return ElementwiseKernelOf<
                        internal::Scalar<F, reversed, T, double>>();
                  }),
       {ElementwiseKernelOf<internal::Scalar<F, reversed, bool, int64_t>>()}});
  return keeps_zero ? WithStoredValues(std::move(kernels)) : kernels;
}

}  // namespace minnow

#endif  // MINNOW_OPS_BINARY_KERNELS_H_
