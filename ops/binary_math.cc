#include "minnow/ops/binary_math.h"

#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/binary_op.h"
#include "minnow/ops/logic.h"
#include "minnow/ops/unary.h"

namespace minnow {
namespace {

struct Maximum {
  template <typename T>
  MINNOW_INLINE constexpr T operator()(T x, T y) const {
    return x > y || x != x ? x : y;  // NaN if one is.
  }
};

struct Minimum {
  template <typename T>
  MINNOW_INLINE constexpr T operator()(T x, T y) const {
    return x < y || x != x ? x : y;
  }
};

struct Mod {
  template <typename T>
  MINNOW_INLINE T operator()(T x, T y) const {
    if (y == T{0}) return T{0};
    T remainder;
    if constexpr (std::is_integral_v<T>) {
      // The smallest integer divided by -1 overflows.
      if (std::is_signed_v<T> && y == static_cast<T>(-1)) return T{0};
      remainder = static_cast<T>(x % y);
    } else {
      remainder = std::fmod(x, y);
    }
    if (remainder != T{0} && (remainder < T{0}) != (y < T{0})) {
      return static_cast<T>(remainder + y);
    }
    return remainder;
  }
};

struct Power {
  using IntegerMath = double;
  template <typename T>
  MINNOW_INLINE T operator()(T x, T y) const {
    return std::pow(x, y);
  }
};

struct Hypot {
  using IntegerMath = double;
  template <typename T>
  MINNOW_INLINE T operator()(T x, T y) const {
    if constexpr (std::is_same_v<T, double>) {
      return std::hypot(x, y);
    } else {
      // The squares of float do not overflow here.
      const auto a = static_cast<double>(x);
      const auto b = static_cast<double>(y);
      const double root = std::sqrt(a * a + b * b);
      // Also of infinity and NaN.
      constexpr T kInfinity = std::numeric_limits<T>::infinity();
      return std::fabs(x) == kInfinity || std::fabs(y) == kInfinity
                 ? kInfinity
                 : static_cast<T>(root);
    }
  }
};

// Gradients flow to the input that is the output.
template <const BinaryComposer& lhs_is_it, const BinaryComposer& rhs_is_it>
Symbols ExtremumGradient(const GradientContext& node) {
  const auto where = [&](size_t i, const BinaryComposer& holds) {
    return node.wanted(i)
               ? op::Mask(node.head(0), holds(node.input(0), node.input(1)))
               : Symbol{};
  };
  return {where(0, lhs_is_it), where(1, rhs_is_it)};
}

template <const ScalarComposer& data_is_it>
Symbols ScalarExtremumGradient(const GradientContext& node) {
  return {op::Mask(node.head(0),
                   data_is_it(node.input(0), node.attrs<ScalarAttrs>()))};
}

Symbols ModGradient(const GradientContext& node) {
  return {node.head(0),
          node.wanted(1)
              ? -(node.head(0) * op::Floor(node.input(0) / node.input(1)))
              : Symbol{}};
}

Symbols PowerGradient(const GradientContext& node) {
  const Symbol x = node.input(0), y = node.input(1);
  return {
      node.wanted(0) ? node.head(0) * y * op::BroadcastPower(x, y - 1)
                     : Symbol{},
      node.wanted(1) ? node.head(0) * node.output(0) * op::Log(x) : Symbol{}};
}

Symbols HypotGradient(const GradientContext& node) {
  const auto part = [&](size_t i) {
    return node.wanted(i) ? node.head(0) * node.input(i) / node.output(0)
                          : Symbol{};
  };
  return {part(0), part(1)};
}

std::vector<OpDef> ScalarOps() {
  return {
      ScalarOp<Maximum>("_maximum_scalar",
                        {"_MaximumScalar", "_npi_maximum_scalar"},
                        "out = max(data, scalar); NaN stays NaN",
                        ScalarExtremumGradient<op::GreaterEqualScalar>),
      ScalarOp<Minimum>("_minimum_scalar",
                        {"_MinimumScalar", "_npi_minimum_scalar"},
                        "out = min(data, scalar); NaN stays NaN",
                        ScalarExtremumGradient<op::LesserEqualScalar>),
      ScalarOp<Mod>("_mod_scalar", {"_ModScalar"},
                    "out = data mod scalar, of the sign of scalar; 0 if that "
                    "is 0",
                    [](const GradientContext& node) -> Symbols {
                      return {node.head(0)};
                    }),
      ScalarOp<Mod, true>(
          "_rmod_scalar", {"_RModScalar"},
          "out = scalar mod data, of the sign of data; 0 where that is 0",
          [](const GradientContext& node) -> Symbols {
            return {-(node.head(0) *
                      op::Floor(op::RdivScalar(node.input(0),
                                               node.attrs<ScalarAttrs>())))};
          }),
      ScalarOp<Power>(
          "_power_scalar", {"_PowerScalar"}, "out = data to the power scalar",
          [](const GradientContext& node) -> Symbols {
            ScalarAttrs less = node.attrs<ScalarAttrs>();
            less.scalar -= 1;
            return {op::MulScalar(node.head(0), node.attrs<ScalarAttrs>()) *
                    op::PowerScalar(node.input(0), less)};
          }),
      ScalarOp<Power, true>(
          "_rpower_scalar", {"_RPowerScalar"}, "out = scalar to the power data",
          [](const GradientContext& node) -> Symbols {
            return {std::log(node.attrs<ScalarAttrs>().scalar) *
                    (node.head(0) * node.output(0))};
          }),
      ScalarOp<Hypot>("_hypot_scalar", {"_HypotScalar", "_npi_hypot_scalar"},
                      "out = sqrt(data * data + scalar * scalar)",
                      [](const GradientContext& node) -> Symbols {
                        return {node.head(0) * node.input(0) / node.output(0)};
                      }),
  };
}

}  // namespace

std::vector<OpDef> BinaryMathOps() {
  std::vector<OpDef> ops = ScalarOps();
  for (std::vector<OpDef>& pair : std::vector<std::vector<OpDef>>{
           BinaryOpPair<Maximum, ExtremumGradient<op::BroadcastGreaterEqual,
                                                  op::BroadcastLesser>>(
               "_maximum", {"_Maximum"}, "broadcast_maximum", {"_npi_maximum"},
               "out = max(lhs, rhs); NaN stays NaN"),
           BinaryOpPair<Minimum, ExtremumGradient<op::BroadcastLesserEqual,
                                                  op::BroadcastGreater>>(
               "_minimum", {"_Minimum"}, "broadcast_minimum", {"_npi_minimum"},
               "out = min(lhs, rhs); NaN stays NaN"),
           BinaryOpPair<Mod, ModGradient>(
               "_mod", {"_Mod"}, "broadcast_mod", {},
               "out = lhs mod rhs, of the sign of rhs; 0 where that is 0"),
           BinaryOpPair<Power, PowerGradient>("_power", {"_Power"},
                                              "broadcast_power", {},
                                              "out = lhs to the power rhs"),
           BinaryOpPair<Hypot, HypotGradient>(
               "_hypot", {"_Hypot"}, "broadcast_hypot", {},
               "out = sqrt(lhs * lhs + rhs * rhs)")}) {
    for (OpDef& op : pair) ops.push_back(std::move(op));
  }
  return ops;
}

}  // namespace minnow
