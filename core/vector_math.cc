#include "minnow/core/vector_math.h"

#include <cstddef>
#include <cstring>
#include <limits>

// What is left are the instruction sets of simd.h.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
// Highway includes this file again for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "minnow/core/vector_math.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h.
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

#ifndef MINNOW_CORE_VECTOR_MATH_FUNCTION_
#define MINNOW_CORE_VECTOR_MATH_FUNCTION_
namespace minnow {

enum class Function { kExp, kExpm1, kLog, kLog1p, kTanh, kSigmoid, kSoftrelu };

}  // namespace minnow
#endif  // MINNOW_CORE_VECTOR_MATH_FUNCTION_

HWY_BEFORE_NAMESPACE();
namespace minnow {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

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

struct ExpFunction {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, ClampForExp(d, x)));
  }
};

struct Expm1Function {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
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
  HWY_INLINE V operator()(D d, V x) const {
    return CompleteLog(d, x, hn::Zero(d), hn::Log(d, x));
  }
};

struct Log1pFunction {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return CompleteLog(d, x, hn::Set(d, -1), hn::Log1p(d, x));
  }
};

struct TanhFunction {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Tanh(d, x);
  }
};

// exp(-|x|), which does not overflow.
template <class D, class V>
HWY_INLINE V ExpOfMinusAbs(D d, V x) {
  return ExpFunction()(d, hn::Neg(hn::Abs(x)));
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
      return Transform<ExpFunction>(x, y, n);
    case Function::kExpm1:
      return Transform<Expm1Function>(x, y, n);
    case Function::kLog:
      return Transform<LogFunction>(x, y, n);
    case Function::kLog1p:
      return Transform<Log1pFunction>(x, y, n);
    case Function::kTanh:
      return Transform<TanhFunction>(x, y, n);
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

void Exp(absl::Span<const float> x, absl::Span<float> y) {
  Dispatch(Function::kExp, x, y);
}
void Exp(absl::Span<const double> x, absl::Span<double> y) {
  Dispatch(Function::kExp, x, y);
}

void Expm1(absl::Span<const float> x, absl::Span<float> y) {
  Dispatch(Function::kExpm1, x, y);
}
void Expm1(absl::Span<const double> x, absl::Span<double> y) {
  Dispatch(Function::kExpm1, x, y);
}

void Log(absl::Span<const float> x, absl::Span<float> y) {
  Dispatch(Function::kLog, x, y);
}
void Log(absl::Span<const double> x, absl::Span<double> y) {
  Dispatch(Function::kLog, x, y);
}

void Log1p(absl::Span<const float> x, absl::Span<float> y) {
  Dispatch(Function::kLog1p, x, y);
}
void Log1p(absl::Span<const double> x, absl::Span<double> y) {
  Dispatch(Function::kLog1p, x, y);
}

void Tanh(absl::Span<const float> x, absl::Span<float> y) {
  Dispatch(Function::kTanh, x, y);
}
void Tanh(absl::Span<const double> x, absl::Span<double> y) {
  Dispatch(Function::kTanh, x, y);
}

void Sigmoid(absl::Span<const float> x, absl::Span<float> y) {
  Dispatch(Function::kSigmoid, x, y);
}
void Sigmoid(absl::Span<const double> x, absl::Span<double> y) {
  Dispatch(Function::kSigmoid, x, y);
}

void Softrelu(absl::Span<const float> x, absl::Span<float> y) {
  Dispatch(Function::kSoftrelu, x, y);
}
void Softrelu(absl::Span<const double> x, absl::Span<double> y) {
  Dispatch(Function::kSoftrelu, x, y);
}

}  // namespace minnow
#endif  // HWY_ONCE
