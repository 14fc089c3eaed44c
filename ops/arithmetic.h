// Arithmetic on one element, with a result for every value.
//
//   Plus()(int8_t{127}, int8_t{1});  // -128: integers wrap.
//   Divide()(7, 0);                  // 0
//
// Integers wrap modulo 2^bits, where C++ leaves an overflow undefined, and
// divide towards zero; a division by zero gives 0. Floating types follow
// IEEE 754.
#ifndef MINNOW_OPS_ARITHMETIC_H_
#define MINNOW_OPS_ARITHMETIC_H_

#include <type_traits>

#include "minnow/core/arithmetic.h"
#include "minnow/core/simd.h"

namespace minnow {
namespace internal {

// Applies `f` to unsigned integers, which wrap, or to T itself.
template <typename T, typename F>
MINNOW_INLINE constexpr T Wrapping(F f, T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    // Of at least 32 bits: smaller ones would be promoted to a signed type.
    using U = std::make_unsigned_t<decltype(x + y)>;
    return static_cast<T>(f(static_cast<U>(x), static_cast<U>(y)));
  } else {
    return f(x, y);
  }
}

}  // namespace internal

struct Plus {
  static constexpr Arithmetic kArithmetic = Arithmetic::kAdd;

  template <typename T>
  MINNOW_INLINE constexpr T operator()(T x, T y) const {
    return internal::Wrapping(
        [](auto a, auto b) MINNOW_INLINE { return a + b; }, x, y);
  }
};

struct Minus {
  static constexpr Arithmetic kArithmetic = Arithmetic::kSubtract;

  template <typename T>
  MINNOW_INLINE constexpr T operator()(T x, T y) const {
    return internal::Wrapping(
        [](auto a, auto b) MINNOW_INLINE { return a - b; }, x, y);
  }
};

struct Times {
  static constexpr Arithmetic kArithmetic = Arithmetic::kMultiply;

  template <typename T>
  MINNOW_INLINE constexpr T operator()(T x, T y) const {
    return internal::Wrapping(
        [](auto a, auto b) MINNOW_INLINE { return a * b; }, x, y);
  }
};

struct Negate {
  template <typename T>
  MINNOW_INLINE constexpr T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return Minus()(T{0}, x);
    } else {
      return -x;  // Not 0 - x: the negative of 0 is -0.
    }
  }
};

struct Divide {
  static constexpr Arithmetic kArithmetic = Arithmetic::kDivide;

  template <typename T>
  MINNOW_INLINE constexpr T operator()(T x, T y) const {
    if constexpr (std::is_integral_v<T>) {
      if (y == T{0}) return T{0};
      // The smallest integer has no positive counterpart.
      if (std::is_signed_v<T> && y == static_cast<T>(-1)) return Negate()(x);
      return static_cast<T>(x / y);
    } else {
      return x / y;
    }
  }
};

}  // namespace minnow

#endif  // MINNOW_OPS_ARITHMETIC_H_
