// Functions of one array, element by element.
//
//   Symbol y = op::Exp(x);
//   Symbol z = op::Square(op::Sqrt(y), {.name = "z"});
//
// Each composer adds a node of the operator that it names. ops/unary*.cc have
// one row for each: name, kernels, gradient and documentation.
#ifndef MINNOW_OPS_UNARY_H_
#define MINNOW_OPS_UNARY_H_

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
inline constexpr UnaryComposer Sin{"sin"};
inline constexpr UnaryComposer Cos{"cos"};
inline constexpr UnaryComposer Tan{"tan"};
inline constexpr UnaryComposer Arcsin{"arcsin"};
inline constexpr UnaryComposer Arccos{"arccos"};
inline constexpr UnaryComposer Arctan{"arctan"};
inline constexpr UnaryComposer Sinh{"sinh"};
inline constexpr UnaryComposer Cosh{"cosh"};
inline constexpr UnaryComposer Tanh{"tanh"};
inline constexpr UnaryComposer Arcsinh{"arcsinh"};
inline constexpr UnaryComposer Arccosh{"arccosh"};
inline constexpr UnaryComposer Arctanh{"arctanh"};
// From radians to degrees, and back.
inline constexpr UnaryComposer Degrees{"degrees"};
inline constexpr UnaryComposer Radians{"radians"};
inline constexpr UnaryComposer Floor{"floor"};
inline constexpr UnaryComposer Ceil{"ceil"};
// Towards zero.
inline constexpr UnaryComposer Trunc{"trunc"};
inline constexpr UnaryComposer Fix{"fix"};
// To the nearest integer; halves away from zero.
inline constexpr UnaryComposer Round{"round"};
// To the nearest integer; halves downwards.
inline constexpr UnaryComposer Rint{"rint"};
// exp(data) - 1
inline constexpr UnaryComposer Expm1{"expm1"};
// log(1 + data)
inline constexpr UnaryComposer Log1p{"log1p"};
inline constexpr UnaryComposer Log2{"log2"};
inline constexpr UnaryComposer Log10{"log10"};
// The cube root, and 1 / cbrt(data).
inline constexpr UnaryComposer Cbrt{"cbrt"};
inline constexpr UnaryComposer Rcbrt{"rcbrt"};
// The error function and its inverse.
inline constexpr UnaryComposer Erf{"erf"};
inline constexpr UnaryComposer Erfinv{"erfinv"};
inline constexpr UnaryComposer Gamma{"gamma"};
// log(|gamma(data)|), and its derivative.
inline constexpr UnaryComposer Gammaln{"gammaln"};
inline constexpr UnaryComposer Digamma{"digamma"};
// 1 where data is 0, else 0.
inline constexpr UnaryComposer LogicalNot{"logical_not"};
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

}  // namespace minnow

#endif  // MINNOW_OPS_UNARY_H_
