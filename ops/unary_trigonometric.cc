// Functions of angles, hyperbolic functions and their inverses.
#include <cmath>
#include <numbers>
#include <vector>

#include "minnow/core/vector_math.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/unary.h"
#include "minnow/ops/unary_op.h"

namespace minnow {
namespace {

// As in MXNet, constants of float for all types.
constexpr float kPi = std::numbers::pi_v<float>;
constexpr float kDegreesOfRadian = 180 / kPi;
constexpr float kRadiansOfDegree = kPi / 180;

constexpr auto kSin = [](auto x, auto y) { Sin(x, y); };
constexpr auto kCos = [](auto x, auto y) { Cos(x, y); };
constexpr auto kTan = [](auto x) MINNOW_INLINE { return std::tan(x); };
constexpr auto kArcsin = [](auto x, auto y) { Asin(x, y); };
constexpr auto kArccos = [](auto x, auto y) { Acos(x, y); };
constexpr auto kArctan = [](auto x, auto y) { Atan(x, y); };
constexpr auto kSinh = [](auto x, auto y) { Sinh(x, y); };
constexpr auto kCosh = [](auto x, auto y) { Cosh(x, y); };
constexpr auto kArcsinh = [](auto x, auto y) { Asinh(x, y); };
constexpr auto kArccosh = [](auto x, auto y) { Acosh(x, y); };
constexpr auto kArctanh = [](auto x, auto y) { Atanh(x, y); };
constexpr auto kDegrees = [](auto x) MINNOW_INLINE {
  return x * static_cast<decltype(x)>(kDegreesOfRadian);
};
constexpr auto kRadians = [](auto x) MINNOW_INLINE {
  return x * static_cast<decltype(x)>(kRadiansOfDegree);
};

}  // namespace

std::vector<OpDef> UnaryTrigonometricOps() {
  constexpr NumberTypes kNumbers;
  return {
      UnaryOp("sin", {"_sparse_sin"}, "out = sin(data), of radians",
              ZeroUnaryKernels<kSin>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) * op::Cos(node.input(0))};
              }),
      UnaryOp("cos", {"_sparse_cos"}, "out = cos(data), of radians",
              UnaryKernels<kCos>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {-(node.head(0) * op::Sin(node.input(0)))};
              }),
      UnaryOp("tan", {"_sparse_tan"}, "out = tan(data), of radians",
              ZeroUnaryKernels<kTan>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) * (op::Square(node.output(0)) + 1)};
              }),
      UnaryOp("arcsin", {"_sparse_arcsin"},
              "out = arcsin(data), in [-pi / 2, pi / 2]; NaN outside of "
              "[-1, 1]",
              ZeroUnaryKernels<kArcsin>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) / op::Sqrt(1 - op::Square(node.input(0)))};
              }),
      UnaryOp("arccos", {"_sparse_arccos"},
              "out = arccos(data), in [0, pi]; NaN outside of [-1, 1]",
              UnaryKernels<kArccos>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {-node.head(0) /
                        op::Sqrt(1 - op::Square(node.input(0)))};
              }),
      UnaryOp("arctan", {"_sparse_arctan"},
              "out = arctan(data), in [-pi / 2, pi / 2]",
              ZeroUnaryKernels<kArctan>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) / (op::Square(node.input(0)) + 1)};
              }),
      UnaryOp("sinh", {"_sparse_sinh"}, "out = (exp(data) - exp(-data)) / 2",
              ZeroUnaryKernels<kSinh>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) * op::Cosh(node.input(0))};
              }),
      UnaryOp("cosh", {"_sparse_cosh"}, "out = (exp(data) + exp(-data)) / 2",
              UnaryKernels<kCosh>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) * op::Sinh(node.input(0))};
              }),
      UnaryOp("arcsinh", {"_sparse_arcsinh"},
              "out = log(data + sqrt(data * data + 1))",
              ZeroUnaryKernels<kArcsinh>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) / op::Sqrt(op::Square(node.input(0)) + 1)};
              }),
      UnaryOp("arccosh", {"_sparse_arccosh"},
              "out = log(data + sqrt(data * data - 1)); NaN below 1",
              UnaryKernels<kArccosh>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) / op::Sqrt(op::Square(node.input(0)) - 1)};
              }),
      UnaryOp("arctanh", {"_sparse_arctanh"},
              "out = log((1 + data) / (1 - data)) / 2; NaN outside of [-1, 1]",
              ZeroUnaryKernels<kArctanh>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {node.head(0) / (1 - op::Square(node.input(0)))};
              }),
      UnaryOp("degrees", {"_sparse_degrees"}, "out = data * 180 / pi",
              ZeroUnaryKernels<kDegrees>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {kDegreesOfRadian * node.head(0)};
              }),
      UnaryOp("radians", {"_sparse_radians"}, "out = data * pi / 180",
              ZeroUnaryKernels<kRadians>(kNumbers),
              [](const GradientContext& node) -> Symbols {
                return {kRadiansOfDegree * node.head(0)};
              }),
  };
}

}  // namespace minnow
