// e^x, e^x - 1, tanh(x) and log(x) of vectors of floats without their special
// cases, in half of the instructions that Highway's need. For core/
// vector_math.cc, which includes this file again for each instruction set:
//
//   const auto inside = hn::Le(hn::Abs(x), hn::Set(d, kExpLimit));
//   const V y = hn::IfThenElse(inside, FloatExp(d, x), hn::Exp(d, x));
#if defined(MINNOW_CORE_FLOAT_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_CORE_FLOAT_MATH_INL_H_
#undef MINNOW_CORE_FLOAT_MATH_INL_H_
#else
#define MINNOW_CORE_FLOAT_MATH_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace minnow {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// e^x of |x| up to here is a normal number.
constexpr float kExpLimit = 87;

// e^x = scale + scale * fraction, where scale is a power of two and fraction is
// e^r - 1 of an |r| <= log(2) / 2. Returns the fraction. |x| <= kExpLimit.
template <class D, class V>
HWY_INLINE V SplitExp(D d, V x, V& scale) {
  // A sum with 1.5 * 2^23 is rounded to an integer, the lowest bits of its
  // representation; 127 is the bias of exponents.
  const V shift = hn::Set(d, 12582912 + 127);
  const V shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), shift);
  const hn::Rebind<int32_t, D> bits;
  scale = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(bits, shifted)));
  // log(2) in two parts, of which the products with the first are exact.
  const V n = hn::Sub(shifted, shift);
  V r = hn::MulAdd(n, hn::Set(d, -0.693145752f), x);
  r = hn::MulAdd(n, hn::Set(d, -1.42860677e-6f), r);
  // The coefficients of Highway's Exp, in three pairs for the sake of latency.
  const V r2 = hn::Mul(r, r);
  const V p5 =
      hn::MulAdd(hn::Set(d, 1.98527618e-4f), r, hn::Set(d, 1.39304355e-3f));
  const V p3 =
      hn::MulAdd(hn::Set(d, 8.33336078e-3f), r, hn::Set(d, 4.16664854e-2f));
  const V p1 = hn::MulAdd(hn::Set(d, 1.66666672e-1f), r, hn::Set(d, 0.5f));
  return hn::MulAdd(hn::MulAdd(hn::MulAdd(p5, r2, p3), r2, p1), r2, r);
}

// |x| <= kExpLimit.
template <class D, class V>
HWY_INLINE V FloatExp(D d, V x) {
  V scale;
  const V fraction = SplitExp(d, x, scale);
  return hn::MulAdd(fraction, scale, scale);
}

// |x| <= kExpLimit. Of -0 it is 0.
template <class D, class V>
HWY_INLINE V FloatExpm1(D d, V x) {
  V scale;
  const V fraction = SplitExp(d, x, scale);
  return hn::MulAdd(fraction, scale, hn::Sub(scale, hn::Set(d, 1)));
}

// With e = e^2|x| - 1 it is e / (e + 2). Of all numbers, NaN too.
template <class D, class V>
HWY_INLINE V FloatTanh(D d, V x) {
  // From 9.02 on it is 1. A comparison rather than Min keeps NaN.
  const V limit = hn::Set(d, 9.1f);
  V a = hn::Abs(x);
  a = hn::IfThenElse(hn::Gt(a, limit), limit, a);
  const V e = FloatExpm1(d, hn::Add(a, a));
  return hn::CopySignToAbs(hn::Div(e, hn::Add(e, hn::Set(d, 2))), x);
}

// Of positive finite numbers that are not subnormal. N. Juffa's minimax
// approximation of log(1 + m), https://stackoverflow.com/a/39822314.
template <class D, class V>
HWY_INLINE V FloatLog(D d, V x) {
  // x = 2^n (1 + m) with m from -1/3 to 1/3.
  const hn::Rebind<int32_t, D> di;
  const auto bits = hn::BitCast(di, x);
  const auto two_thirds = hn::BitCast(di, hn::Set(d, 0.666666667f));
  const auto exponent =
      hn::ShiftLeft<23>(hn::ShiftRight<23>(hn::Sub(bits, two_thirds)));
  const V n = hn::Mul(hn::ConvertTo(d, exponent), hn::Set(d, 0x1p-23f));
  const V m = hn::Sub(hn::BitCast(d, hn::Sub(bits, exponent)), hn::Set(d, 1));
  // Even and odd powers by themselves, for the sake of latency.
  const V m2 = hn::Mul(m, m);
  V odd = hn::MulAdd(hn::Set(d, 0.140869141f), m2, hn::Set(d, 0.139814854f));
  odd = hn::MulAdd(odd, m2, hn::Set(d, 0.200120345f));
  V p = hn::MulAdd(hn::Set(d, -0.130310059f), m2, hn::Set(d, -0.121483512f));
  p = hn::MulAdd(p, m2, hn::Set(d, -0.166846126f));
  p = hn::MulAdd(p, m2, hn::Set(d, -0.249996200f));
  p = hn::MulAdd(hn::MulAdd(odd, m, p), m, hn::Set(d, 0.333331972f));
  p = hn::MulAdd(hn::MulAdd(p, m, hn::Set(d, -0.5f)), m2, m);
  return hn::MulAdd(n, hn::Set(d, 0.693147182f), p);
}

}  // namespace HWY_NAMESPACE
}  // namespace minnow
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_CORE_FLOAT_MATH_INL_H_
