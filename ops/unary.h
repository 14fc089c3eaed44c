// Functions of one array, element by element.
//
//   Symbol y = op::Exp(x);
//   Symbol z = op::Square(op::Sqrt(y), {.name = "z"});
//
// Each composer adds a node of the operator that it names. ops/unary.cc has one
// row for each: name, kernels, gradient and documentation.
#ifndef MINNOW_OPS_UNARY_H_
#define MINNOW_OPS_UNARY_H_

#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"

namespace minnow {
namespace op {

// out = -data
inline constexpr UnaryComposer Negative{"negative"};
inline constexpr UnaryComposer Exp{"exp"};
// The natural logarithm.
inline constexpr UnaryComposer Log{"log"};
inline constexpr UnaryComposer Square{"square"};
inline constexpr UnaryComposer Sqrt{"sqrt"};
// 1 / sqrt(data)
inline constexpr UnaryComposer Rsqrt{"rsqrt"};
// 1 / data
inline constexpr UnaryComposer Reciprocal{"reciprocal"};
inline constexpr UnaryComposer Abs{"abs"};
// -1, 0 or 1; 0 for NaN.
inline constexpr UnaryComposer Sign{"sign"};
inline constexpr UnaryComposer Tanh{"tanh"};
// 1 / (1 + exp(-data))
inline constexpr UnaryComposer Sigmoid{"sigmoid"};
// max(data, 0)
inline constexpr UnaryComposer Relu{"relu"};
// data / (1 + |data|)
inline constexpr UnaryComposer Softsign{"softsign"};
inline constexpr UnaryComposer Identity{"_copy"};
// The same values, but no gradient flows back.
inline constexpr UnaryComposer StopGradient{"BlockGrad"};

}  // namespace op

// The operators of this file.
std::vector<OpDef> UnaryOps();

}  // namespace minnow

#endif  // MINNOW_OPS_UNARY_H_
