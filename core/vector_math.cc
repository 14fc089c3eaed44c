#include "minnow/core/vector_math.h"

#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

#include "minnow/core/highway_targets.h"

// Highway includes this file again for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "minnow/core/vector_math.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h.
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "minnow/core/float_math-inl.h"

#ifndef MINNOW_CORE_VECTOR_MATH_FUNCTION_
#define MINNOW_CORE_VECTOR_MATH_FUNCTION_
namespace minnow {

enum class Function {
  kExp,
  kExpm1,
  kLog,
  kLog10,
  kLog1p,
  kLog2,
  kSin,
  kCos,
  kSinh,
  kCosh,
  kTanh,
  kAsin,
  kAcos,
  kAtan,
  kAsinh,
  kAcosh,
  kAtanh,
  kErf,
  kSigmoid,
  kSoftrelu
};

}  // namespace minnow
#endif  // MINNOW_CORE_VECTOR_MATH_FUNCTION_

HWY_BEFORE_NAMESPACE();
namespace minnow {
namespace HWY_NAMESPACE {

template <class D>
constexpr bool kIsFloat = sizeof(hn::TFromD<D>) == 4;

template <class D>
HWY_INLINE hn::Vec<D> Infinity(D d) {
  return hn::Set(d, std::numeric_limits<hn::TFromD<D>>::infinity());
}

// Highway's Exp and Expm1 convert x / log(2) to an integer, which works up to
// somewhat beyond the overflow.
template <class D, class V>
HWY_INLINE V ClampForExp(D d, V x) {
  return hn::Min(x, hn::Set(d, kIsFloat<D> ? 100 : 720));
}

// F::Short where F::Inside holds, F::Whole elsewhere, for floats; F::Whole for
// doubles, which have no short form.
template <class F>
struct ShortForFloats {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    if constexpr (kIsFloat<D>) {
      const auto inside = F::Inside(d, x);
      const V y = F::Short(d, x);
      if (HWY_LIKELY(hn::AllTrue(d, inside))) return y;
      return hn::IfThenElse(inside, y, F::Whole(d, x));
    } else {
      return F::Whole(d, x);
    }
  }
};

template <class D, class V>
HWY_INLINE auto IsWithin(D d, V x, double bound) {
  return hn::Le(hn::Abs(x), hn::Set(d, static_cast<hn::TFromD<D>>(bound)));
}

struct WithinExpLimit {
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    return IsWithin(d, x, kExpLimit);
  }
};

struct ExpFunction : WithinExpLimit {
  template <class D, class V>
  static HWY_INLINE V Short(D d, V x) {
    return FloatExp(d, x);
  }
  template <class D, class V>
  static HWY_INLINE V Whole(D d, V x) {
    return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, ClampForExp(d, x)));
  }
};

struct Expm1Function : WithinExpLimit {
  template <class D, class V>
  static HWY_INLINE V Short(D d, V x) {
    return hn::CopySign(FloatExpm1(d, x), x);
  }
  template <class D, class V>
  static HWY_INLINE V Whole(D d, V x) {
    // A sum in the polynomial loses the sign of -0.
    const auto is_itself = hn::Or(hn::IsNaN(x), hn::Eq(x, hn::Zero(d)));
    return hn::IfThenElse(is_itself, x, hn::Expm1(d, ClampForExp(d, x)));
  }
};

// `inside`, the value of a logarithm with a pole at `pole`, where that is
// finite.
template <class D, class V>
HWY_INLINE V CompleteLog(D d, V x, V pole, V inside) {
  const V nan = hn::Set(d, std::numeric_limits<hn::TFromD<D>>::quiet_NaN());
  const V infinity = Infinity(d);
  // Infinity and NaN are their own logarithm.
  V y = hn::IfThenElse(hn::Lt(x, infinity), inside, x);
  y = hn::IfThenElse(hn::Lt(x, pole), nan, y);
  return hn::IfThenElse(hn::Eq(x, pole), hn::Neg(infinity), y);
}

struct LogFunction {
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    using T = hn::TFromD<D>;
    return hn::And(hn::Ge(x, hn::Set(d, std::numeric_limits<T>::min())),
                   hn::Lt(x, Infinity(d)));
  }
  template <class D, class V>
  static HWY_INLINE V Short(D d, V x) {
    return FloatLog(d, x);
  }
  template <class D, class V>
  static HWY_INLINE V Whole(D d, V x) {
    return CompleteLog(d, x, hn::Zero(d), hn::Log(d, x));
  }
};

struct Log1pFunction {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return CompleteLog(d, x, hn::Set(d, -1), hn::Log1p(d, x));
  }
};

// y with F::Scalar(x) in place of zeros. Those that are right stay what they
// are.
template <class F, class D, class V>
HWY_NOINLINE V ScalarWhereZero(D d, V x, V y) {
  using T = hn::TFromD<D>;
  HWY_ALIGN T from[hn::MaxLanes(d)];
  HWY_ALIGN T to[hn::MaxLanes(d)];
  hn::Store(x, d, from);
  hn::Store(y, d, to);
  for (size_t i = 0; i < hn::Lanes(d); ++i) {
    if (to[i] == 0) to[i] = F::Scalar(from[i]);
  }
  return hn::Load(d, to);
}

// The vector function F::Vector where F::Inside holds, the C library's
// elsewhere.
template <class F>
struct Completed {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V y = F::Vector(d, x);
    const auto inside = F::Inside(d, x);
    if (HWY_LIKELY(hn::AllTrue(d, inside))) return y;
    return ScalarWhereZero<F>(d, x, hn::IfThenElseZero(inside, y));
  }
};

// A logarithm that is exact where it is an integer, as those of the C library
// are: what is close to one is left to them.
template <class F>
struct LogToBase {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    const V y = CompleteLog(d, x, hn::Zero(d), F::Vector(d, x));
    const V integer = hn::Round(y);
    const V close = hn::Mul(hn::Abs(integer),
                            hn::Set(d, 8 * std::numeric_limits<T>::epsilon()));
    const auto is_close = hn::Lt(hn::Abs(hn::Sub(y, integer)), close);
    if (HWY_LIKELY(hn::AllFalse(d, is_close))) return y;
    return ScalarWhereZero<F>(d, x, hn::IfThenZeroElse(is_close, y));
  }
};

struct Log2Function {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    return hn::Log2(d, x);
  }
  template <typename T>
  static T Scalar(T x) {
    return std::log2(x);
  }
};

struct Log10Function {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    return hn::Log10(d, x);
  }
  template <typename T>
  static T Scalar(T x) {
    return std::log10(x);
  }
};

template <class D, class V>
HWY_INLINE auto IsFinite(D d, V x) {
  return hn::Lt(hn::Abs(x), Infinity(d));
}

struct SinFunction {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, hn::Sin(d, x));
  }
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    return IsWithin(d, x, 39000);
  }
  template <typename T>
  static T Scalar(T x) {
    return std::sin(x);
  }
};

struct CosFunction {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    // Exactly 1, which integers would drop to 0.
    const auto is_zero = hn::Eq(x, hn::Zero(d));
    return hn::IfThenElse(is_zero, hn::Set(d, 1), hn::Cos(d, x));
  }
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    return IsWithin(d, x, 39000);
  }
  template <typename T>
  static T Scalar(T x) {
    return std::cos(x);
  }
};

struct SinhFunction {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, hn::Sinh(d, x));
  }
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    return IsWithin(d, x, kIsFloat<D> ? 88 : 709);
  }
  template <typename T>
  static T Scalar(T x) {
    return std::sinh(x);
  }
};

// (e^x + e^-x) / 2
struct CoshFunction {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    const V half = hn::Set(d, static_cast<hn::TFromD<D>>(0.5));
    const V e = hn::Exp(d, ClampForExp(d, hn::Abs(x)));
    return hn::Add(hn::Mul(half, e), hn::Div(half, e));
  }
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    return IsWithin(d, x, kIsFloat<D> ? 88 : 709);
  }
  template <typename T>
  static T Scalar(T x) {
    return std::cosh(x);
  }
};

struct AsinFunction {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    return hn::Asin(d, x);
  }
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    return IsWithin(d, x, 1);
  }
  template <typename T>
  static T Scalar(T x) {
    return std::asin(x);
  }
};

struct AcosFunction {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    return hn::Acos(d, x);
  }
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    return IsWithin(d, x, 1);
  }
  template <typename T>
  static T Scalar(T x) {
    return std::acos(x);
  }
};

struct AtanFunction {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::IfThenElse(hn::IsNaN(x), x, hn::Atan(d, x));
  }
};

struct AsinhFunction {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    return hn::Asinh(d, x);
  }
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    return IsFinite(d, x);
  }
  template <typename T>
  static T Scalar(T x) {
    return std::asinh(x);
  }
};

struct AcoshFunction {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    return hn::Acosh(d, x);
  }
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    return hn::And(IsFinite(d, x), hn::Ge(x, hn::Set(d, 1)));
  }
  template <typename T>
  static T Scalar(T x) {
    return std::acosh(x);
  }
};

struct AtanhFunction {
  template <class D, class V>
  static HWY_INLINE V Vector(D d, V x) {
    return hn::Atanh(d, x);
  }
  template <class D, class V>
  static HWY_INLINE auto Inside(D d, V x) {
    return hn::Lt(hn::Abs(x), hn::Set(d, 1));
  }
  template <typename T>
  static T Scalar(T x) {
    return std::atanh(x);
  }
};

struct TanhFunction {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    if constexpr (kIsFloat<D>) {
      return FloatTanh(d, x);
    } else {
      return hn::Tanh(d, x);
    }
  }
};

// y = c[0] * x^(n-1) + ... + c[n-1].
template <class D, class V, size_t n>
HWY_INLINE V Polynomial(D d, V x, const float (&c)[n]) {
  V y = hn::Set(d, c[0]);
  for (size_t i = 1; i < n; ++i) y = hn::MulAdd(y, x, hn::Set(d, c[i]));
  return y;
}

// N. Juffa's minimax approximations, "Fast, accurate erff" (2015),
// https://stackoverflow.com/a/35148199: x + x * p(x^2) near 0, elsewhere
// 1 - exp(-|x| - |x| * q(|x|)).
struct ErfFunction {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    if constexpr (kIsFloat<D>) {
      constexpr float kNear[] = {-5.96761703e-4f, 4.99119423e-3f,
                                 -2.67681349e-2f, 1.12819925e-1f,
                                 -3.76125336e-1f, 1.28379166e-1f};
      constexpr float kFar[] = {
          -1.72853470e-5f, 3.83197126e-4f,  -3.88396438e-3f, 2.42546219e-2f,
          -1.06777877e-1f, -6.34846687e-1f, -1.28717512e-1f};
      const V near = hn::MulAdd(Polynomial(d, hn::Mul(x, x), kNear), x, x);
      // Beyond 4 the result is 1.
      const V t = hn::Min(hn::Abs(x), hn::Set(d, 4));
      const V exponent = hn::MulSub(Polynomial(d, t, kFar), t, t);
      const V far = hn::Neg(FloatExpm1(d, exponent));
      return hn::IfThenElse(hn::Gt(hn::Abs(x), hn::Set(d, 0.921875f)),
                            hn::CopySign(far, x), near);
    } else {
      HWY_ALIGN hn::TFromD<D> values[hn::MaxLanes(d)];
      hn::Store(x, d, values);
      for (size_t i = 0; i < hn::Lanes(d); ++i) values[i] = std::erf(values[i]);
      return hn::Load(d, values);
    }
  }
};

// exp(-|x|), which does not overflow.
template <class D, class V>
HWY_INLINE V ExpOfMinusAbs(D d, V x) {
  return ShortForFloats<ExpFunction>()(d, hn::Neg(hn::Abs(x)));
}

struct SigmoidFunction {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V one = hn::Set(d, 1);
    const V e = ExpOfMinusAbs(d, x);
    const V numerator = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one);
    return hn::Div(numerator, hn::Add(one, e));
  }
};

struct SoftreluFunction {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V positive = hn::IfThenElseZero(hn::Gt(x, hn::Zero(d)), x);
    return hn::Add(positive, Log1pFunction()(d, ExpOfMinusAbs(d, x)));
  }
};

template <class F, typename T>
void Transform(const T* x, T* y, size_t n) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  const F f;
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(f(d, hn::LoadU(d, x + i)), d, y + i);
  }
  if (i == n) return;
  // The rest goes through the same vector code, by way of a full vector.
  HWY_ALIGN T rest[hn::MaxLanes(d)] = {};
  std::memcpy(rest, x + i, (n - i) * sizeof(T));
  hn::Store(f(d, hn::Load(d, rest)), d, rest);
  std::memcpy(y + i, rest, (n - i) * sizeof(T));
}

template <typename T>
void Apply(Function function, const T* x, T* y, size_t n) {
  switch (function) {
    case Function::kExp:
      return Transform<ShortForFloats<ExpFunction>>(x, y, n);
    case Function::kExpm1:
      return Transform<ShortForFloats<Expm1Function>>(x, y, n);
    case Function::kLog:
      return Transform<ShortForFloats<LogFunction>>(x, y, n);
    case Function::kLog1p:
      return Transform<Log1pFunction>(x, y, n);
    case Function::kLog10:
      return Transform<LogToBase<Log10Function>>(x, y, n);
    case Function::kLog2:
      return Transform<LogToBase<Log2Function>>(x, y, n);
    case Function::kSin:
      return Transform<Completed<SinFunction>>(x, y, n);
    case Function::kCos:
      return Transform<Completed<CosFunction>>(x, y, n);
    case Function::kSinh:
      return Transform<Completed<SinhFunction>>(x, y, n);
    case Function::kCosh:
      return Transform<Completed<CoshFunction>>(x, y, n);
    case Function::kAsin:
      return Transform<Completed<AsinFunction>>(x, y, n);
    case Function::kAcos:
      return Transform<Completed<AcosFunction>>(x, y, n);
    case Function::kAtan:
      return Transform<AtanFunction>(x, y, n);
    case Function::kAsinh:
      return Transform<Completed<AsinhFunction>>(x, y, n);
    case Function::kAcosh:
      return Transform<Completed<AcoshFunction>>(x, y, n);
    case Function::kAtanh:
      return Transform<Completed<AtanhFunction>>(x, y, n);
    case Function::kTanh:
      return Transform<TanhFunction>(x, y, n);
    case Function::kErf:
      return Transform<ErfFunction>(x, y, n);
    case Function::kSigmoid:
      return Transform<SigmoidFunction>(x, y, n);
    case Function::kSoftrelu:
      return Transform<SoftreluFunction>(x, y, n);
  }
}

void ApplyFloat(Function function, const float* x, float* y, size_t n) {
  Apply(function, x, y, n);
}
void ApplyDouble(Function function, const double* x, double* y, size_t n) {
  Apply(function, x, y, n);
}

}  // namespace HWY_NAMESPACE
}  // namespace minnow
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow {
namespace {

HWY_EXPORT(ApplyFloat);
HWY_EXPORT(ApplyDouble);

void Dispatch(Function f, absl::Span<const float> x, absl::Span<float> y) {
  HWY_DYNAMIC_DISPATCH(ApplyFloat)(f, x.data(), y.data(), y.size());
}
void Dispatch(Function f, absl::Span<const double> x, absl::Span<double> y) {
  HWY_DYNAMIC_DISPATCH(ApplyDouble)(f, x.data(), y.data(), y.size());
}

}  // namespace

#define MINNOW_DEFINE_FUNCTION(name)                            \
  void name(absl::Span<const float> x, absl::Span<float> y) {   \
    Dispatch(Function::k##name, x, y);                          \
  }                                                             \
  void name(absl::Span<const double> x, absl::Span<double> y) { \
    Dispatch(Function::k##name, x, y);                          \
  }

MINNOW_DEFINE_FUNCTION(Exp)
MINNOW_DEFINE_FUNCTION(Expm1)
MINNOW_DEFINE_FUNCTION(Log)
MINNOW_DEFINE_FUNCTION(Log10)
MINNOW_DEFINE_FUNCTION(Log1p)
MINNOW_DEFINE_FUNCTION(Log2)
MINNOW_DEFINE_FUNCTION(Sin)
MINNOW_DEFINE_FUNCTION(Cos)
MINNOW_DEFINE_FUNCTION(Sinh)
MINNOW_DEFINE_FUNCTION(Cosh)
MINNOW_DEFINE_FUNCTION(Tanh)
MINNOW_DEFINE_FUNCTION(Asin)
MINNOW_DEFINE_FUNCTION(Acos)
MINNOW_DEFINE_FUNCTION(Atan)
MINNOW_DEFINE_FUNCTION(Asinh)
MINNOW_DEFINE_FUNCTION(Acosh)
MINNOW_DEFINE_FUNCTION(Atanh)
MINNOW_DEFINE_FUNCTION(Erf)
MINNOW_DEFINE_FUNCTION(Sigmoid)
MINNOW_DEFINE_FUNCTION(Softrelu)

#undef MINNOW_DEFINE_FUNCTION

}  // namespace minnow
#endif  // HWY_ONCE
