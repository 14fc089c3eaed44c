// Arithmetic on two arrays, and on an array and a number.
//
//   Symbol y = a * b + 2.0f * c - 1;
//   Symbol z = op::BroadcastAdd(x, bias, {.name = "z"});
//
// The operators on symbols broadcast as numpy does. The elemwise_* operators
// demand equal shapes, and pass them on in both directions.
#ifndef MINNOW_OPS_BINARY_H_
#define MINNOW_OPS_BINARY_H_

#include <concepts>
#include <type_traits>
#include <utility>

#include "minnow/core/attrs.h"
#include "minnow/ops/compose.h"

namespace minnow {

struct ScalarAttrs {
  double scalar = 1.0;
  bool is_int = true;

  static auto Fields() {
    using A = ScalarAttrs;
    return std::tuple(
        Field("scalar", &A::scalar, "The number."),
        Field("is_int", &A::is_int,
              "Whether it was written as an integer: otherwise integer arrays "
              "give float64."));
  }
};

// The composer of an operator on an array and a number:
//
//   inline constexpr ScalarComposer PlusScalar{"_plus_scalar"};
//   Symbol y = op::PlusScalar(x, {.scalar = 0.5, .is_int = false});
struct ScalarComposer {
  const char* op;
  Symbol operator()(Symbol data, const ScalarAttrs& attrs,
                    NodeOptions options = {}) const;
};

namespace op {

inline constexpr BinaryComposer ElemwiseAdd{"elemwise_add"};
inline constexpr BinaryComposer ElemwiseSub{"elemwise_sub"};
inline constexpr BinaryComposer ElemwiseMul{"elemwise_mul"};
inline constexpr BinaryComposer ElemwiseDiv{"elemwise_div"};

inline constexpr BinaryComposer BroadcastAdd{"broadcast_add"};
inline constexpr BinaryComposer BroadcastSub{"broadcast_sub"};
inline constexpr BinaryComposer BroadcastMul{"broadcast_mul"};
inline constexpr BinaryComposer BroadcastDiv{"broadcast_div"};

// data + scalar
inline constexpr ScalarComposer PlusScalar{"_plus_scalar"};
// data - scalar
inline constexpr ScalarComposer MinusScalar{"_minus_scalar"};
// scalar - data
inline constexpr ScalarComposer RminusScalar{"_rminus_scalar"};
// data * scalar
inline constexpr ScalarComposer MulScalar{"_mul_scalar"};
// data / scalar
inline constexpr ScalarComposer DivScalar{"_div_scalar"};
// scalar / data
inline constexpr ScalarComposer RdivScalar{"_rdiv_scalar"};

}  // namespace op

inline Symbol operator+(Symbol a, Symbol b) { return op::BroadcastAdd(a, b); }
inline Symbol operator-(Symbol a, Symbol b) { return op::BroadcastSub(a, b); }
inline Symbol operator*(Symbol a, Symbol b) { return op::BroadcastMul(a, b); }
inline Symbol operator/(Symbol a, Symbol b) { return op::BroadcastDiv(a, b); }
Symbol operator-(Symbol a);

namespace internal {

template <typename N>
concept Number = std::is_arithmetic_v<N>;

// An integer literal leaves an array of integers one.
template <Number N>
ScalarAttrs Scalar(N number) {
  return {.scalar = static_cast<double>(number),
          .is_int = std::is_integral_v<N>};
}

}  // namespace internal

template <internal::Number N>
Symbol operator+(Symbol a, N b) {
  return op::PlusScalar(a, internal::Scalar(b));
}
template <internal::Number N>
Symbol operator+(N a, Symbol b) {
  return op::PlusScalar(b, internal::Scalar(a));
}
template <internal::Number N>
Symbol operator-(Symbol a, N b) {
  return op::MinusScalar(a, internal::Scalar(b));
}
template <internal::Number N>
Symbol operator-(N a, Symbol b) {
  return op::RminusScalar(b, internal::Scalar(a));
}
template <internal::Number N>
Symbol operator*(Symbol a, N b) {
  return op::MulScalar(a, internal::Scalar(b));
}
template <internal::Number N>
Symbol operator*(N a, Symbol b) {
  return op::MulScalar(b, internal::Scalar(a));
}
template <internal::Number N>
Symbol operator/(Symbol a, N b) {
  return op::DivScalar(a, internal::Scalar(b));
}
template <internal::Number N>
Symbol operator/(N a, Symbol b) {
  return op::RdivScalar(b, internal::Scalar(a));
}

}  // namespace minnow

#endif  // MINNOW_OPS_BINARY_H_
