#include "minnow/ops/leaky_relu.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "minnow/core/distributions.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/leaky_functions.h"
#include "minnow/ops/prelu.h"

namespace minnow {
namespace {

bool IsRrelu(const Attrs& attrs) {
  return attrs.As<LeakyReluAttrs>().act_type == LeakyReluType::kRrelu;
}

bool IsFunctionOfData(const Attrs& attrs) {
  return !IsPrelu(attrs) && !IsRrelu(attrs);
}

// With these numbers selu keeps mean 0 and variance 1.
constexpr double kSeluScale = 1.0507009873554804934;
constexpr double kSeluAlpha = 1.6732632423543772848;

// elu and selu.
template <typename C>
ExpBelow<C> ExpBelowOf(const LeakyReluAttrs& a) {
  if (a.act_type == LeakyReluType::kElu) {
    return {.above = 1, .below = static_cast<C>(a.slope)};
  }
  return {.above = static_cast<C>(kSeluScale),
          .below = static_cast<C>(kSeluScale * kSeluAlpha)};
}

template <typename T>
void Activate(const LeakyReluAttrs& a, int64_t n, const T* data, T* out) {
  using C = MathType<T>;
  switch (a.act_type) {
    case LeakyReluType::kElu:
    case LeakyReluType::kSelu:
      return ApplyUnaryIn<C>(ExpBelowOf<C>(a), data, out, n);
    case LeakyReluType::kGelu:
      return ApplyUnaryIn<C>(Gelu<C>(), data, out, n);
    default: {
      const auto leaky = [slope = static_cast<C>(a.slope)](C x)
                             MINNOW_INLINE { return x > 0 ? x : slope * x; };
      return ApplyUnaryIn<C>(leaky, data, out, n);
    }
  }
}

// Whether the slopes follow from data only. Otherwise from the result, so that
// data need not be kept: where x is negative, the result is.
bool NeedsData(const LeakyReluAttrs& a) {
  switch (a.act_type) {
    case LeakyReluType::kElu:
    case LeakyReluType::kLeaky:
      return !(a.slope >= 0);
    case LeakyReluType::kRrelu:
      return !(a.lower_bound >= 0 && a.upper_bound >= 0);
    case LeakyReluType::kSelu:
      return false;
    case LeakyReluType::kGelu:
    case LeakyReluType::kPrelu:
      break;
  }
  return true;
}

// The derivatives at at most kTile places, from data or from the result.
template <typename C>
void Slopes(const LeakyReluAttrs& a, const C* value, C* slopes, int64_t n) {
  switch (a.act_type) {
    case LeakyReluType::kElu: {
      // exp(x) = (exp(x) - 1) + 1
      const ExpBelow<C> f = ExpBelowOf<C>(a);
      const C* y = value;
      if (NeedsData(a)) {
        ApplyUnary(f, value, slopes, n);
        y = slopes;
      }
      return Vectorize([=]() MINNOW_INLINE {
        for (int64_t i = 0; i < n; ++i) {
          slopes[i] = value[i] > 0 ? f.above : y[i] + f.below;
        }
      });
    }
    case LeakyReluType::kSelu:
      // As MXNet has it, where networks were trained with it. The derivative
      // would be kSeluScale * kSeluAlpha + value.
      return Vectorize([=]() MINNOW_INLINE {
        constexpr C kScale = static_cast<C>(kSeluScale);
        constexpr C kAlpha = static_cast<C>(kSeluAlpha);
        for (int64_t i = 0; i < n; ++i) {
          slopes[i] = kScale * (value[i] > 0 ? C{1} : kAlpha + value[i]);
        }
      });
    case LeakyReluType::kGelu:
      return ApplyUnary(GeluSlope<C>(), value, slopes, n);
    default:
      return Vectorize([=, slope = static_cast<C>(a.slope)]() MINNOW_INLINE {
        for (int64_t i = 0; i < n; ++i) slopes[i] = value[i] > 0 ? C{1} : slope;
      });
  }
}

template <typename T>
void ActivateBackward(const LeakyReluAttrs& a, int64_t n, const T* head,
                      const T* value, T* grad) {
  using C = ComputeType<T>;
  for (; n > 0; n -= kTile, head += kTile, value += kTile, grad += kTile) {
    const int64_t count = std::min(kTile, n);
    C slopes[kTile];
    if constexpr (std::is_same_v<C, T>) {
      Slopes(a, value, +slopes, count);
    } else {
      C values[kTile];
      ConvertElements(value, +values, count);
      Slopes(a, +values, +slopes, count);
    }
    Vectorize([=, slopes = +slopes]() MINNOW_INLINE {
      for (int64_t i = 0; i < count; ++i) {
        grad[i] = static_cast<T>(static_cast<C>(head[i]) * slopes[i]);
      }
    });
  }
}

// rrelu -----------------------------------------------------------------------

// The slopes are uniform in [lower, upper), their mean outside of training.
template <typename T>
void FillSlopes(const RunContext& context, const LeakyReluAttrs& a,
                Dense<T> slopes) {
  static_assert(kElementwiseGrain % kRandomTile == 0);
  using C = ComputeType<T>;
  const C lower = static_cast<C>(a.lower_bound);
  const C upper = static_cast<C>(a.upper_bound);
  const PhiloxGenerator random(context.random);
  ParallelFor(*context.threads, slopes.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                if (!context.training) {
                  std::fill(slopes.data() + begin, slopes.data() + end,
                            static_cast<T>((lower + upper) / 2));
                  return;
                }
                C tile[kRandomTile];
                for (; begin < end; begin += kRandomTile) {
                  FillUniform(random,
                              static_cast<uint64_t>(begin / kRandomTile),
                              +tile);
                  Vectorize([=, t = +tile]() MINNOW_INLINE {
                    for (int64_t i = 0; i < kRandomTile; ++i) {
                      t[i] = t[i] * (upper - lower) + lower;
                    }
                  });
                  ConvertElements(+tile, slopes.data() + begin,
                                  std::min(kRandomTile, end - begin));
                }
              });
}

template <typename T>
absl::Status Rrelu(const RunContext& context, const LeakyReluAttrs& attrs,
                   Dense<const T> data, Dense<T> out, Dense<T> slopes) {
  FillSlopes(context, attrs, slopes);
  ParallelFor(*context.threads, data.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                const T* const x = data.data() + begin;
                ScaleBelow(x, x, slopes.data() + begin, /*one_slope=*/false,
                           end - begin, out.data() + begin);
              });
  return absl::OkStatus();
}

template <typename T>
void RreluBackward(const LeakyReluAttrs&, int64_t n, const T* head,
                   const T* value, const T* slopes, T* grad) {
  ScaleBelow(value, head, slopes, /*one_slope=*/false, n, grad);
}

// The operators ---------------------------------------------------------------

constexpr char kBackward[] = "_backward_LeakyReLU";
constexpr char kBackwardGamma[] = "_backward_LeakyReLU_gamma";

std::vector<Kernel> LeakyKernels() {
  return Joined(
      {KernelsWhen(IsFunctionOfData,
                   KernelsFor(FloatTypes(),
                              []<typename T>() {
                                return ElementwiseKernelOf<Activate<T>>();
                              })),
       PreluKernels(),
       KernelsWhen(IsRrelu, KernelsFor(FloatTypes(), []<typename T>() {
                     return KernelOf<Rrelu<T>>();
                   }))});
}

std::vector<Kernel> LeakyBackwardKernels() {
  return Joined(
      {KernelsWhen(
           IsFunctionOfData,
           KernelsFor(FloatTypes(),
                      []<typename T>() {
                        return ElementwiseKernelOf<ActivateBackward<T>>();
                      })),
       PreluBackwardKernels(),
       KernelsWhen(IsRrelu, KernelsFor(FloatTypes(), []<typename T>() {
                     return ElementwiseKernelOf<RreluBackward<T>>();
                   }))});
}

absl::Status InferLeaky(ShapeInference& node) {
  for (size_t i = 0; i < node.num_outputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(i)));
  }
  for (size_t i = 0; i < node.num_outputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(i, node.input(0)));
  }
  return node.num_inputs() == 2 ? InferGamma(node, 0, 1) : absl::OkStatus();
}

// Of (head, value), and the slopes where these are an array.
absl::Status InferLeakyBackward(ShapeInference& node) {
  const bool has_gamma = IsPrelu(node.untyped_attrs());
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < (has_gamma ? 2 : node.num_inputs()); ++i) {
      MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(i)));
      MINNOW_RETURN_IF_ERROR(node.MergeInput(i, node.output(0)));
    }
  }
  return has_gamma ? InferGamma(node, 1, 2) : absl::OkStatus();
}

// Of (head, data, gamma).
absl::Status InferGammaGradient(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(2, node.output(0)));
  MINNOW_RETURN_IF_ERROR(InferGamma(node, 1, 2));
  return node.MergeOutput(0, node.input(2));
}

std::vector<Symbol> LeakyGradient(const GradientContext& node) {
  // Nothing flows through the slopes that rrelu drew.
  const Symbol head = node.head(0);
  if (head.omitted()) return std::vector<Symbol>(node.num_inputs());
  const auto& attrs = node.attrs<LeakyReluAttrs>();
  const Symbol value = NeedsData(attrs) ? node.input(0) : node.output(0);
  switch (attrs.act_type) {
    case LeakyReluType::kPrelu: {
      const Symbol inputs[] = {head, node.input(0), node.input(1)};
      return {
          node.wanted(0) ? Compose(kBackward, inputs, attrs) : Symbol{},
          node.wanted(1) ? Compose(kBackwardGamma, inputs, attrs) : Symbol{}};
    }
    case LeakyReluType::kRrelu:
      return {Compose(kBackward, {head, value, node.output(1)}, attrs)};
    default:
      return {Compose(kBackward, {head, value}, attrs)};
  }
}

std::vector<InputDef> LeakyInputs(const Attrs& attrs) {
  if (IsPrelu(attrs)) return {"data", "gamma"};
  return {"data"};
}

std::vector<std::string> LeakyOutputs(const Attrs& attrs) {
  if (IsRrelu(attrs)) return {"out", "mask"};
  return {"out"};
}

std::vector<InputDef> LeakyBackwardInputs(const Attrs& attrs) {
  if (IsPrelu(attrs)) return {"head", "value", "gamma"};
  if (IsRrelu(attrs)) return {"head", "value", "mask"};
  return {"head", "value"};
}

OpDef LeakyReluOp() {
  return {
      .name = "LeakyReLU",
      .aliases = {"_npx_leaky_relu"},
      .doc = R"(out = data where data is positive, else f(data), where f is
leaky: slope * x
prelu: gamma * x, where gamma broadcasts to the first two axes of data
rrelu: mask * x, where each element of mask is drawn from [lower_bound,
       upper_bound) in training, and else is their mean
elu:   slope * (exp(x) - 1)
selu:  1.6733 * (exp(x) - 1), and all is multiplied by 1.0507
gelu:  0.5 * x * (1 + erf(x / sqrt(2))), which holds for all x
NaN stays NaN. The gradient of selu is the one that MXNet has: below 0 it is
1.0507 * (1.6733 + out), not the derivative, 1.0507 * 1.6733 + out.)",
      .attrs = AttrsTypeOf<LeakyReluAttrs>(),
      .inputs = LeakyInputs,
      .outputs = LeakyOutputs,
      .shape = InferLeaky,
      .gradient = LeakyGradient,
      .inplace = {{0, 0}},
      .kernels = LeakyKernels(),
      .random = true,
  };
}

OpDef LeakyReluBackwardOp() {
  return {
      .name = kBackward,
      .doc = R"(grad = head * f'(data)
for the function f of a LeakyReLU; `value` is its result or, where the sign of
that does not tell the one of data, data.)",
      .attrs = AttrsTypeOf<LeakyReluAttrs>(),
      .inputs = LeakyBackwardInputs,
      .outputs = {"grad"},
      .shape = InferLeakyBackward,
      .inplace = {{0, 0}, {1, 0}},
      .kernels = LeakyBackwardKernels(),
  };
}

OpDef PreluGammaOp() {
  return {
      .name = kBackwardGamma,
      .doc = "grad = the sum of head * min(data, 0) over what has one gamma",
      .attrs = AttrsTypeOf<LeakyReluAttrs>(),
      .inputs = {"head", "data", {"gamma", Access::kUnread}},
      .outputs = {"grad"},
      .shape = InferGammaGradient,
      .kernels = PreluGammaKernels(),
  };
}

}  // namespace

namespace op {

Symbol LeakyReLU(Symbol data, const LeakyReluAttrs& attrs,
                 NodeOptions options) {
  return Compose("LeakyReLU", {data}, attrs, std::move(options));
}

Symbol LeakyReLU(Symbol data, Symbol gamma, const LeakyReluAttrs& attrs,
                 NodeOptions options) {
  return Compose("LeakyReLU", {data, gamma}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> LeakyReluOps() {
  return {LeakyReluOp(), LeakyReluBackwardOp(), PreluGammaOp()};
}

}  // namespace minnow
