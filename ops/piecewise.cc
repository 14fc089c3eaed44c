#include "minnow/ops/piecewise.h"

#include <cmath>
#include <utility>
#include <vector>

#include "minnow/core/convert.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/logic.h"
#include "minnow/ops/unary.h"
#include "minnow/ops/unary_op.h"

namespace minnow {
namespace {

template <typename T>
struct Clip {
  using Attrs = ClipAttrs;

  explicit Clip(const Attrs& attrs)
      : low(Convert<T>(attrs.a_min.get())),
        high(Convert<T>(attrs.a_max.get())) {}

  MINNOW_INLINE T operator()(T x) const {
    return x > high ? high : x < low ? low : x;  // NaN stays NaN.
  }

  T low, high;
};

template <typename T>
struct HardSigmoid {
  using Attrs = HardSigmoidAttrs;

  explicit HardSigmoid(const Attrs& attrs)
      : alpha(static_cast<T>(attrs.alpha)), beta(static_cast<T>(attrs.beta)) {}

  MINNOW_INLINE T operator()(T x) const {
    const T y = alpha * x + beta;
    return y > 1 ? T{1} : y < 0 ? T{0} : y;
  }

  T alpha, beta;
};

template <typename T>
struct SmoothL1 {
  using Attrs = SmoothL1Attrs;

  explicit SmoothL1(const Attrs& attrs)
      : square(static_cast<T>(attrs.scalar) * static_cast<T>(attrs.scalar)),
        end(1 / square) {}

  MINNOW_INLINE T operator()(T x) const {
    const T magnitude = std::fabs(x);
    // Where the curve has no end, infinity is on it.
    return magnitude > end ? magnitude - T(0.5) * end : Curve(x);
  }

  T square, end;

 private:
  MINNOW_INLINE T Curve(T x) const {
    return square == 0 && x == x ? T{0} : T(0.5) * x * x * square;
  }
};

// Whether absent elements of a sparse array stay absent.
bool ClipsAroundZero(const Attrs& attrs) {
  const auto& clip = attrs.As<ClipAttrs>();
  return clip.a_min.get() <= 0 && 0 <= clip.a_max.get();
}

std::vector<Kernel> ClipKernels() {
  std::vector<Kernel> kernels =
      WithStoredValues(KernelsFor(NumberTypes(), []<typename T>() {
        using C = ComputeType<T>;
        return ElementwiseKernelOf<internal::UnaryWith<Clip, C, T>>();
      }));
  for (Kernel& kernel : kernels) {
    if (kernel.args[0].storage != StorageType::kDense) {
      kernel.when = ClipsAroundZero;
    }
  }
  return kernels;
}

template <template <typename> class Function>
std::vector<Kernel> KernelsWith() {
  return KernelsFor(NumberTypes(), []<typename T>() {
    return ElementwiseKernelOf<internal::UnaryWith<Function, MathType<T>, T>>();
  });
}

Symbols ClipGradient(const GradientContext& node) {
  const auto& attrs = node.attrs<ClipAttrs>();
  const auto number = [](float x) { return ScalarAttrs{x, false}; };
  const Symbol x = node.input(0);
  const Symbol outside = op::LesserScalar(x, number(attrs.a_min.get())) +
                         op::GreaterScalar(x, number(attrs.a_max.get()));
  return {op::Mask(node.head(0), op::LogicalNot(outside))};
}

Symbols HardSigmoidGradient(const GradientContext& node) {
  const Symbol y = node.output(0);
  return {op::Mask(node.attrs<HardSigmoidAttrs>().alpha * node.head(0),
                   op::GreaterScalar(y, {.scalar = 0}) *
                       op::LesserScalar(y, {.scalar = 1}))};
}

Symbols SmoothL1Gradient(const GradientContext& node) {
  const double scalar = node.attrs<SmoothL1Attrs>().scalar;
  return {node.head(0) * op::Clip(scalar * scalar * node.input(0),
                                  {.a_min = -1.0f, .a_max = 1.0f})};
}

template <typename A>
OpDef With(OpDef op) {
  op.attrs = AttrsTypeOf<A>();
  return op;
}

}  // namespace

namespace op {

Symbol Clip(Symbol data, const ClipAttrs& attrs, NodeOptions options) {
  return Compose("clip", {data}, attrs, std::move(options));
}

Symbol HardSigmoid(Symbol data, const HardSigmoidAttrs& attrs,
                   NodeOptions options) {
  return Compose("hard_sigmoid", {data}, attrs, std::move(options));
}

Symbol SmoothL1(Symbol data, const SmoothL1Attrs& attrs, NodeOptions options) {
  return Compose("smooth_l1", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> PiecewiseOps() {
  return {
      With<ClipAttrs>(UnaryOp(
          "clip", {"_npi_clip", "_sparse_clip"},
          "out = max(min(data, a_max), a_min)\nNaN stays NaN. Sparse arrays "
          "stay sparse where a_min <= 0 <= a_max.",
          ClipKernels(), ClipGradient)),
      With<HardSigmoidAttrs>(
          UnaryOp("hard_sigmoid", {},
                  "out = max(min(alpha * data + beta, 1), 0)\nNaN stays NaN.",
                  KernelsWith<HardSigmoid>(), HardSigmoidGradient)),
      With<SmoothL1Attrs>(UnaryOp(
          "smooth_l1", {"_npx_smooth_l1"},
          "out = 0.5 * (scalar * data)^2 where |data| < 1 / scalar^2, else "
          "|data| - 0.5 / scalar^2",
          KernelsWith<SmoothL1>(), SmoothL1Gradient)),
  };
}

}  // namespace minnow
