#include "minnow/core/arithmetic_chain.h"

#include <utility>

#include "minnow/core/highway_targets.h"

// Highway includes this file again for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "minnow/core/arithmetic_chain.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace minnow {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// All steps on as many vectors as k has numbers.
template <size_t... k, class D, typename T>
HWY_INLINE void RunVectors(std::index_sequence<k...>, D d,
                           absl::Span<const ArithmeticStep<T>> steps,
                           size_t begin, const T* x, T* y) {
  using V = hn::Vec<D>;
  const size_t lanes = hn::Lanes(d);
  V v[] = {hn::LoadU(d, x + begin + k * lanes)...};
  for (const ArithmeticStep<T>& step : steps) {
    const V factor = hn::Set(d, step.factor);
    const V addend = hn::Set(d, step.addend);
    ((v[k] = hn::Add(hn::Mul(v[k], factor), addend)), ...);
    if (step.op == Arithmetic::kNone) continue;
    const auto apply = [&](auto f) HWY_ATTR {
      if (step.array == nullptr) {
        const V number = hn::Set(d, step.number);
        ((v[k] = f(v[k], number)), ...);
      } else {
        const T* const at = step.array + begin;
        ((v[k] = f(v[k], hn::LoadU(d, at + k * lanes))), ...);
      }
    };
    switch (step.op) {
      case Arithmetic::kNone:
        break;
      case Arithmetic::kAdd:
        apply([](V a, V b) HWY_ATTR { return hn::Add(a, b); });
        break;
      case Arithmetic::kSubtract:
        apply([](V a, V b) HWY_ATTR { return hn::Sub(a, b); });
        break;
      case Arithmetic::kSubtractFrom:
        apply([](V a, V b) HWY_ATTR { return hn::Sub(b, a); });
        break;
      case Arithmetic::kMultiply:
        apply([](V a, V b) HWY_ATTR { return hn::Mul(a, b); });
        break;
      case Arithmetic::kDivide:
        apply([](V a, V b) HWY_ATTR { return hn::Div(a, b); });
        break;
      case Arithmetic::kDivideInto:
        apply([](V a, V b) HWY_ATTR { return hn::Div(b, a); });
        break;
    }
  }
  (hn::StoreU(v[k], d, y + begin + k * lanes), ...);
}

template <typename T>
HWY_INLINE void RunAll(absl::Span<const ArithmeticStep<T>> steps, const T* x,
                       T* y, size_t n) {
  // So many that none waits for its result of the step before, and that all
  // have a register.
  constexpr size_t kVectors = 8;
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + kVectors * lanes <= n; i += kVectors * lanes) {
    RunVectors(std::make_index_sequence<kVectors>(), d, steps, i, x, y);
  }
  for (; i + lanes <= n; i += lanes) {
    RunVectors(std::index_sequence<0>(), d, steps, i, x, y);
  }
  for (; i < n; ++i) RunVectors(std::index_sequence<0>(), one, steps, i, x, y);
}

void RunFloat(absl::Span<const ArithmeticStep<float>> steps, const float* x,
              float* y, size_t n) {
  RunAll(steps, x, y, n);
}
void RunDouble(absl::Span<const ArithmeticStep<double>> steps, const double* x,
               double* y, size_t n) {
  RunAll(steps, x, y, n);
}

}  // namespace HWY_NAMESPACE
}  // namespace minnow
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow {
namespace {

HWY_EXPORT(RunFloat);
HWY_EXPORT(RunDouble);

void Dispatch(absl::Span<const ArithmeticStep<float>> steps, const float* x,
              float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(RunFloat)(steps, x, y, static_cast<size_t>(n));
}
void Dispatch(absl::Span<const ArithmeticStep<double>> steps, const double* x,
              double* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(RunDouble)(steps, x, y, static_cast<size_t>(n));
}

}  // namespace

template <typename T>
ArithmeticStep<T>& ArithmeticChain<T>::StepFor(Part part) {
  if (next_ > part) steps_.emplace_back();
  next_ = static_cast<Part>(part + 1);
  return steps_.back();
}

template <typename T>
void ArithmeticChain<T>::Append(Arithmetic op, T number) {
  switch (op) {
    case Arithmetic::kMultiply:
      StepFor(kFactor).factor = number;
      break;
    case Arithmetic::kAdd:
      StepFor(kAddend).addend = number;
      break;
    case Arithmetic::kSubtract:
      StepFor(kAddend).addend = -number;
      break;
    case Arithmetic::kSubtractFrom: {
      ArithmeticStep<T>& step = StepFor(kAddend);
      step.factor = -step.factor;
      step.addend = number;
      break;
    }
    default: {
      ArithmeticStep<T>& step = StepFor(kOperation);
      step.op = op;
      step.number = number;
    }
  }
}

template <typename T>
void ArithmeticChain<T>::Append(Arithmetic op, const T* array) {
  ArithmeticStep<T>& step = StepFor(kOperation);
  step.op = op;
  step.array = array;
}

template <typename T>
void ArithmeticChain<T>::Run(const T* x, T* y, int64_t n) const {
  Dispatch(steps_, x, y, n);
}

template class ArithmeticChain<float>;
template class ArithmeticChain<double>;

}  // namespace minnow
#endif  // HWY_ONCE
