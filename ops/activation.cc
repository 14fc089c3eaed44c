#include "minnow/ops/activation.h"

#include <utility>
#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/activation_functions.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/unary.h"

namespace minnow {
namespace {

// The derivatives, as functions of the output; that of softsign is one of the
// input.
constexpr auto kReluSlope = [](auto y) MINNOW_INLINE {
  using T = decltype(y);
  return y > 0 ? T{1} : y != y ? y : T{0};
};
constexpr auto kSigmoidSlope = [](auto y) MINNOW_INLINE { return y * (1 - y); };
constexpr auto kTanhSlope = [](auto y) MINNOW_INLINE { return 1 - y * y; };
constexpr auto kSoftsignSlope = [](auto x) MINNOW_INLINE {
  const auto d = 1 + (x < 0 ? -x : x);
  return 1 / (d * d);
};
// 1 - exp(-y), also where y is close to 0.
constexpr auto kNegate = [](auto x) MINNOW_INLINE { return -x; };
constexpr auto kSoftreluSlope = [](auto y, auto slope) {
  const int64_t n = static_cast<int64_t>(y.size());
  ApplyUnary<kNegate>(y.data(), slope.data(), n);
  Expm1(slope, slope);
  ApplyUnary<kNegate>(slope.data(), slope.data(), n);
};

// Calls `f.operator()<function, slope>()` for a type of activation.
template <typename F>
auto VisitActivation(ActType type, F&& f) {
  switch (type) {
    case ActType::kSigmoid:
      return f.template operator()<kSigmoid, kSigmoidSlope>();
    case ActType::kTanh:
      return f.template operator()<kTanh, kTanhSlope>();
    case ActType::kSoftrelu:
      return f.template operator()<kSoftrelu, kSoftreluSlope>();
    case ActType::kSoftsign:
      return f.template operator()<kSoftsign, kSoftsignSlope>();
    case ActType::kRelu:
      break;
  }
  return f.template operator()<kRelu, kReluSlope>();
}

template <typename T>
void Activate(const ActivationAttrs& attrs, int64_t n, const T* data, T* out) {
  VisitActivation(
      attrs.act_type, [&]<auto function, auto>() {
        ApplyUnaryIn<function, MathType<T>>(data, out, n);
      });
}

// out[i] = head[i] * slope(value[i]) for at most kTile elements. The arrays may
// be the same memory.
template <auto slope, typename C>
void MultiplyBySlope(const C* head, const C* value, C* out, int64_t n) {
  if constexpr (requires { slope(C{}); }) {
    Vectorize([=]() MINNOW_INLINE {
      for (int64_t i = 0; i < n; ++i) out[i] = head[i] * slope(value[i]);
    });
  } else {
    C slopes[kTile];
    ApplyUnary<slope>(value, +slopes, n);
    Vectorize([=, slopes = +slopes]() MINNOW_INLINE {
      for (int64_t i = 0; i < n; ++i) out[i] = head[i] * slopes[i];
    });
  }
}

template <auto slope, typename T>
void ActivateBackwardTile(const T* head, const T* value, T* out, int64_t n) {
  using C = ComputeType<T>;
  if constexpr (std::is_same_v<C, T>) {
    MultiplyBySlope<slope>(head, value, out, n);
  } else {
    C heads[kTile];
    C values[kTile];
    ConvertElements(head, heads, n);
    ConvertElements(value, values, n);
    MultiplyBySlope<slope, C>(heads, values, values, n);
    ConvertElements(values, out, n);
  }
}

template <typename T>
void ActivateBackward(const ActivationAttrs& attrs, int64_t n, const T* head,
                      const T* value, T* out) {
  VisitActivation(
      attrs.act_type, [&]<auto, auto slope>() {
        for (int64_t i = 0; i < n; i += kTile) {
          ActivateBackwardTile<slope>(head + i, value + i, out + i,
                                      std::min(kTile, n - i));
        }
      });
}

// The derivative of the slope, as a function of what the slope is one of.
Symbol SlopeGradient(Symbol value, ActType type) {
  switch (type) {
    case ActType::kSigmoid:
      return 1 - 2 * value;
    case ActType::kTanh:
      return -2 * value;
    case ActType::kSoftrelu:
      return op::Exp(-value);
    case ActType::kSoftsign: {
      const Symbol r = op::Reciprocal(1 + op::Abs(value));
      return -2 * op::Sign(value) * r * r * r;
    }
    case ActType::kRelu:
      break;
  }
  return Symbol{};  // Zero.
}

OpDef ActivationOp() {
  return {
      .name = "Activation",
      .aliases = {"_npx_activation"},
      .doc = R"(out = f(data), where f is
relu:     max(x, 0)
sigmoid:  1 / (1 + exp(-x))
tanh:     tanh(x)
softrelu: log(1 + exp(x))
softsign: x / (1 + |x|)
NaN stays NaN.)",
      .attrs = AttrsTypeOf<ActivationAttrs>(),
      .inputs = {"data"},
      .shape = SameShape,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const auto& attrs = node.attrs<ActivationAttrs>();
        const bool from_input = attrs.act_type.get() == ActType::kSoftsign;
        return {op::ActivationGradient(
            node.head(0), from_input ? node.input(0) : node.output(0), attrs)};
      },
      .inplace = {{0, 0}},
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() { return ElementwiseKernelOf<Activate<T>>(); }),
  };
}

OpDef ActivationGradientOp() {
  return {
      .name = "_backward_Activation",
      .doc = R"(out = head * f'(data)
for the function f of an Activation; `value` is its output, or, for softsign,
its input.)",
      .attrs = AttrsTypeOf<ActivationAttrs>(),
      .inputs = {"head", "value"},
      .shape = SameShape,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const auto& attrs = node.attrs<ActivationAttrs>();
        const Symbol slope = SlopeGradient(node.input(1), attrs.act_type);
        return {op::ActivationGradient(node.head(0), node.input(1), attrs),
                slope.omitted() ? slope : node.head(0) * node.input(0) * slope};
      },
      .inplace = {{0, 0}, {1, 0}},
      .kernels = KernelsFor(FloatTypes(),
                            []<typename T>() {
                              return ElementwiseKernelOf<ActivateBackward<T>>();
                            }),
  };
}

}  // namespace

namespace op {

Symbol Activation(Symbol data, const ActivationAttrs& attrs,
                  NodeOptions options) {
  return Compose("Activation", {data}, attrs, std::move(options));
}

Symbol ActivationGradient(Symbol head, Symbol value,
                          const ActivationAttrs& attrs, NodeOptions options) {
  return Compose("_backward_Activation", {head, value}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> ActivationOps() {
  return {ActivationOp(), ActivationGradientOp()};
}

}  // namespace minnow
