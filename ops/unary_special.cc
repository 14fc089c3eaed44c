// Logarithms to other bases, cube roots, the error function and the gamma
// function.
#include <cmath>
#include <numbers>
#include <vector>

#include "minnow/core/vector_math.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/special_functions.h"
#include "minnow/ops/unary.h"
#include "minnow/ops/unary_op.h"

namespace minnow {
namespace {

// In gradients MXNet has a float of it for all types.
constexpr double kSqrtPi = 1.7724539041519165;

constexpr auto kExpm1 = [](auto x, auto y) { Expm1(x, y); };
constexpr auto kLog1p = [](auto x, auto y) { Log1p(x, y); };
constexpr auto kLog2 = [](auto x, auto y) { Log2(x, y); };
constexpr auto kLog10 = [](auto x, auto y) { Log10(x, y); };
constexpr auto kCbrt = [](auto x) MINNOW_INLINE { return std::cbrt(x); };
constexpr auto kRcbrt = [](auto x) MINNOW_INLINE { return 1 / std::cbrt(x); };
constexpr auto kErf = [](auto x, auto y) { Erf(x, y); };
constexpr auto kErfinv = [](auto x) MINNOW_INLINE {
  return static_cast<decltype(x)>(Erfinv(x));
};
constexpr auto kGamma = [](auto x) MINNOW_INLINE { return std::tgamma(x); };
constexpr auto kGammaln = [](auto x) MINNOW_INLINE {
  return static_cast<decltype(x)>(LogGamma(x));
};
constexpr auto kDigamma = [](auto x) MINNOW_INLINE {
  return static_cast<decltype(x)>(Digamma(x));
};
constexpr auto kLogicalNot = [](auto x) MINNOW_INLINE {
  return static_cast<decltype(x)>(x == 0);
};

}  // namespace

std::vector<OpDef> UnarySpecialOps() {
  constexpr NumberTypes kNumbers;
  return {
      UnaryOp("expm1", {"_sparse_expm1"},
              "out = exp(data) - 1, also where that is close to 0",
              ZeroUnaryKernels<kExpm1>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) * op::Exp(node.input(0))};
              }),
      UnaryOp("log1p", {"_sparse_log1p"},
              "out = log(1 + data), also where that is close to 0",
              ZeroUnaryKernels<kLog1p>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) / (node.input(0) + 1)};
              }),
      UnaryOp("log2", {"_sparse_log2"},
              "out = log2(data), the logarithm to base 2",
              UnaryKernels<kLog2>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {std::numbers::log2e * node.head(0) / node.input(0)};
              }),
      UnaryOp("log10", {"_sparse_log10"},
              "out = log10(data), the logarithm to base 10",
              UnaryKernels<kLog10>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {std::numbers::log10e * node.head(0) / node.input(0)};
              }),
      UnaryOp("cbrt", {"_sparse_cbrt"}, "out = the cube root of data",
              ZeroUnaryKernels<kCbrt>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) / (3 * op::Square(node.output(0)))};
              }),
      UnaryOp("rcbrt", {}, "out = 1 / cbrt(data)",
              UnaryKernels<kRcbrt>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) * node.output(0) / (-3 * node.input(0))};
              }),
      UnaryOp("erf", {"_npx_erf"},
              "out = 2 / sqrt(pi) * the integral of exp(-t * t) from 0 to data",
              UnaryKernels<kErf>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {2 / kSqrtPi * node.head(0) *
                        op::Exp(-op::Square(node.input(0)))};
              }),
      UnaryOp("erfinv", {"_npx_erfinv"},
              "out = x where erf(x) = data; NaN outside of [-1, 1]",
              UnaryKernels<kErfinv>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {kSqrtPi / 2 * node.head(0) *
                        op::Exp(op::Square(node.output(0)))};
              }),
      UnaryOp("gamma", {"_npx_gamma", "_sparse_gamma"},
              "out = gamma(data), which is (data - 1)! for integers",
              UnaryKernels<kGamma>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) * node.output(0) *
                        op::Digamma(node.input(0))};
              }),
      UnaryOp("gammaln", {"_npx_gammaln", "_sparse_gammaln"},
              "out = log(|gamma(data)|)", UnaryKernels<kGammaln>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) * op::Digamma(node.input(0))};
              }),
      UnaryOp("digamma", {},
              "out = the derivative of log(|gamma(data)|). Not differentiable "
              "again.",
              UnaryKernels<kDigamma>(FloatTypes()), nullptr),
      UnaryOp("logical_not", {}, "out = 1 where data is 0, else 0",
              ExactUnaryKernels<kLogicalNot>(AllTypes()), NoGradient),
  };
}

}  // namespace minnow
