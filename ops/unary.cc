#include "minnow/ops/unary.h"

#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/core/vector_math.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/activation_functions.h"
#include "minnow/ops/arithmetic.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/unary_op.h"

namespace minnow {
namespace {

template <ActType act_type>
Symbols ActivationGradientFromOutput(const GradientContext& node) {
  return {op::ActivationGradient(node.head(0), node.output(0),
                                 {.act_type = act_type})};
}

constexpr Negate kNegate;
constexpr auto kCopy = [](auto x) MINNOW_INLINE { return x; };
constexpr auto kSquare = [](auto x) MINNOW_INLINE { return Times()(x, x); };
constexpr auto kSqrt = [](auto x) MINNOW_INLINE { return std::sqrt(x); };
constexpr auto kRsqrt = [](auto x) MINNOW_INLINE { return 1 / std::sqrt(x); };
constexpr auto kReciprocal = [](auto x) MINNOW_INLINE { return 1 / x; };
constexpr auto kSign = [](auto x) MINNOW_INLINE {
  return static_cast<decltype(x)>((x > 0) - (x < 0));
};
constexpr auto kAbs = [](auto x) MINNOW_INLINE {
  if constexpr (std::is_integral_v<decltype(x)>) {
    return x < 0 ? Negate()(x) : x;
  } else {
    return std::fabs(x);
  }
};
constexpr auto kExp = [](auto x, auto y) { Exp(x, y); };
constexpr auto kLog = [](auto x, auto y) { Log(x, y); };

}  // namespace

std::vector<OpDef> UnaryOps() {
  constexpr NumberTypes kNumbers;
  return {
      UnaryOp("negative", {"_sparse_negative"}, "out = -data",
              ZeroExactUnaryKernels<kNegate>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {-node.head(0)};
              }),
      UnaryOp("exp", {"_sparse_exp"}, "out = exp(data)",
              UnaryKernels<kExp>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) * node.output(0)};
              }),
      UnaryOp("log", {"_sparse_log"}, "out = log(data), the natural logarithm",
              UnaryKernels<kLog>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) / node.input(0)};
              }),
      UnaryOp("square", {"_sparse_square"}, "out = data * data",
              ZeroExactUnaryKernels<kSquare>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {2 * node.input(0) * node.head(0)};
              }),
      UnaryOp("sqrt", {"_sparse_sqrt"}, "out = sqrt(data)",
              ZeroUnaryKernels<kSqrt>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {0.5 * node.head(0) / node.output(0)};
              }),
      UnaryOp("rsqrt", {"_sparse_rsqrt"}, "out = 1 / sqrt(data)",
              UnaryKernels<kRsqrt>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {-0.5 * node.head(0) * node.output(0) / node.input(0)};
              }),
      UnaryOp("reciprocal", {}, "out = 1 / data",
              UnaryKernels<kReciprocal>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {-(node.head(0) * op::Square(node.output(0)))};
              }),
      UnaryOp("abs", {"_sparse_abs"}, "out = |data|",
              ZeroExactUnaryKernels<kAbs>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) * op::Sign(node.input(0))};
              }),
      UnaryOp(
          "sign", {"_sparse_sign"},
          "out = -1, 0 or 1 where data < 0, data = 0 or data > 0; 0 for NaN",
          ZeroExactUnaryKernels<kSign>(kNumbers), NoGradient),
      UnaryOp("tanh", {"_sparse_tanh"}, "out = tanh(data)",
              ZeroUnaryKernels<kTanh>(kNumbers),
              ActivationGradientFromOutput<ActType::kTanh>),
      UnaryOp("sigmoid", {"_sparse_sigmoid"}, "out = 1 / (1 + exp(-data))",
              UnaryKernels<kSigmoid>(kNumbers),
              ActivationGradientFromOutput<ActType::kSigmoid>),
      UnaryOp("relu", {"_sparse_relu"}, "out = max(data, 0); NaN stays NaN",
              ZeroExactUnaryKernels<kRelu>(kNumbers),
              ActivationGradientFromOutput<ActType::kRelu>),
      UnaryOp("softsign", {}, "out = data / (1 + |data|)",
              UnaryKernels<kSoftsign>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {
                    op::ActivationGradient(node.head(0), node.input(0),
                                           {.act_type = ActType::kSoftsign})};
              }),
      UnaryOp("_copy", {"identity"}, "out = data",
              ZeroExactUnaryKernels<kCopy>(AllTypes()),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0)};
              }),
      UnaryOp("BlockGrad", {"stop_gradient", "_sparse_stop_gradient"},
              "out = data; its gradient is zero",
              ZeroExactUnaryKernels<kCopy>(AllTypes()), NoGradient),
  };
}

}  // namespace minnow
