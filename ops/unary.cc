#include "minnow/ops/unary.h"

#include <cmath>
#include <string>
#include <type_traits>
#include <utility>

#include "minnow/core/vector_math.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/activation_functions.h"
#include "minnow/ops/arithmetic.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

using Symbols = std::vector<Symbol>;

OpDef Unary(const char* name, std::vector<std::string> aliases, const char* doc,
            std::vector<Kernel> kernels, GradientFn gradient) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .doc = doc,
      .inputs = {"data"},
      .shape = SameShape,
      .gradient = gradient,
      .inplace = {{0, 0}},
      .kernels = std::move(kernels),
  };
}

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
      Unary("negative", {"_sparse_negative"}, "out = -data",
            ExactUnaryKernels<kNegate>(kNumbers),
            [](const GradientContext& node) -> Symbols {
              return {-node.head(0)};
            }),
      Unary("exp", {"_sparse_exp"}, "out = exp(data)",
            UnaryKernels<kExp>(kNumbers),
            [](const GradientContext& node) -> Symbols {
              return {node.head(0) * node.output(0)};
            }),
      Unary("log", {"_sparse_log"}, "out = log(data), the natural logarithm",
            UnaryKernels<kLog>(kNumbers),
            [](const GradientContext& node) -> Symbols {
              return {node.head(0) / node.input(0)};
            }),
      Unary("square", {"_sparse_square"}, "out = data * data",
            ExactUnaryKernels<kSquare>(kNumbers),
            [](const GradientContext& node) -> Symbols {
              return {2 * node.input(0) * node.head(0)};
            }),
      Unary("sqrt", {"_sparse_sqrt"}, "out = sqrt(data)",
            UnaryKernels<kSqrt>(kNumbers),
            [](const GradientContext& node) -> Symbols {
              return {0.5 * node.head(0) / node.output(0)};
            }),
      Unary("rsqrt", {"_sparse_rsqrt"}, "out = 1 / sqrt(data)",
            UnaryKernels<kRsqrt>(kNumbers),
            [](const GradientContext& node) -> Symbols {
              return {-0.5 * node.head(0) * node.output(0) / node.input(0)};
            }),
      Unary("reciprocal", {}, "out = 1 / data",
            UnaryKernels<kReciprocal>(kNumbers),
            [](const GradientContext& node) -> Symbols {
              return {-(node.head(0) * op::Square(node.output(0)))};
            }),
      Unary("abs", {"_sparse_abs"}, "out = |data|",
            ExactUnaryKernels<kAbs>(kNumbers),
            [](const GradientContext& node) -> Symbols {
              return {node.head(0) * op::Sign(node.input(0))};
            }),
      Unary("sign", {"_sparse_sign"},
            "out = -1, 0 or 1 where data < 0, data = 0 or data > 0; 0 for NaN",
            ExactUnaryKernels<kSign>(kNumbers),
            [](const GradientContext&) -> Symbols { return {Symbol{}}; }),
      Unary("tanh", {"_sparse_tanh"}, "out = tanh(data)",
            UnaryKernels<kTanh>(kNumbers),
            ActivationGradientFromOutput<ActType::kTanh>),
      Unary("sigmoid", {"_sparse_sigmoid"}, "out = 1 / (1 + exp(-data))",
            UnaryKernels<kSigmoid>(kNumbers),
            ActivationGradientFromOutput<ActType::kSigmoid>),
      Unary("relu", {"_sparse_relu"}, "out = max(data, 0); NaN stays NaN",
            ExactUnaryKernels<kRelu>(kNumbers),
            ActivationGradientFromOutput<ActType::kRelu>),
      Unary("softsign", {}, "out = data / (1 + |data|)",
            UnaryKernels<kSoftsign>(kNumbers),
            [](const GradientContext& node) -> Symbols {
              return {op::ActivationGradient(node.head(0), node.input(0),
                                             {.act_type = ActType::kSoftsign})};
            }),
      Unary("_copy", {"identity"}, "out = data",
            ExactUnaryKernels<kCopy>(AllTypes()),
            [](const GradientContext& node) -> Symbols {
              return {node.head(0)};
            }),
      Unary("BlockGrad", {"stop_gradient", "_sparse_stop_gradient"},
            "out = data; its gradient is zero",
            ExactUnaryKernels<kCopy>(AllTypes()),
            [](const GradientContext&) -> Symbols { return {Symbol{}}; }),
  };
}

}  // namespace minnow
