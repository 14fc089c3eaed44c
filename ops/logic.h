// Comparisons and logic: 1 where something holds, else 0, in the type of the
// inputs.
//
//   Symbol is_positive = op::GreaterScalar(x, {.scalar = 0});
//   Symbol same = op::BroadcastEqual(x, y);
#ifndef MINNOW_OPS_LOGIC_H_
#define MINNOW_OPS_LOGIC_H_

#include "minnow/ops/binary.h"
#include "minnow/ops/compose.h"

namespace minnow {
namespace op {

// Of arrays of one shape.
inline constexpr BinaryComposer Equal{"_equal"};
inline constexpr BinaryComposer NotEqual{"_not_equal"};
inline constexpr BinaryComposer Greater{"_greater"};
inline constexpr BinaryComposer GreaterEqual{"_greater_equal"};
inline constexpr BinaryComposer Lesser{"_lesser"};
inline constexpr BinaryComposer LesserEqual{"_lesser_equal"};
inline constexpr BinaryComposer LogicalAnd{"_logical_and"};
inline constexpr BinaryComposer LogicalOr{"_logical_or"};
inline constexpr BinaryComposer LogicalXor{"_logical_xor"};

// The same on arrays that broadcast.
inline constexpr BinaryComposer BroadcastEqual{"broadcast_equal"};
inline constexpr BinaryComposer BroadcastNotEqual{"broadcast_not_equal"};
inline constexpr BinaryComposer BroadcastGreater{"broadcast_greater"};
inline constexpr BinaryComposer BroadcastGreaterEqual{
    "broadcast_greater_equal"};
inline constexpr BinaryComposer BroadcastLesser{"broadcast_lesser"};
inline constexpr BinaryComposer BroadcastLesserEqual{"broadcast_lesser_equal"};
inline constexpr BinaryComposer BroadcastLogicalAnd{"broadcast_logical_and"};
inline constexpr BinaryComposer BroadcastLogicalOr{"broadcast_logical_or"};
inline constexpr BinaryComposer BroadcastLogicalXor{"broadcast_logical_xor"};

// The same of an array and a number.
inline constexpr ScalarComposer EqualScalar{"_equal_scalar"};
inline constexpr ScalarComposer NotEqualScalar{"_not_equal_scalar"};
inline constexpr ScalarComposer GreaterScalar{"_greater_scalar"};
inline constexpr ScalarComposer GreaterEqualScalar{"_greater_equal_scalar"};
inline constexpr ScalarComposer LesserScalar{"_lesser_scalar"};
inline constexpr ScalarComposer LesserEqualScalar{"_lesser_equal_scalar"};
inline constexpr ScalarComposer LogicalAndScalar{"_logical_and_scalar"};
inline constexpr ScalarComposer LogicalOrScalar{"_logical_or_scalar"};
inline constexpr ScalarComposer LogicalXorScalar{"_logical_xor_scalar"};

// The first argument where the second is not 0, else 0.
inline constexpr BinaryComposer Mask{"_mask"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_LOGIC_H_
