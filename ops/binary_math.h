// Extrema, remainders, powers and hypotenuses of two arrays, or of an array and
// a number.
//
//   Symbol y = op::BroadcastMaximum(x, floor);
//   Symbol z = op::PowerScalar(x, {.scalar = 3});
#ifndef MINNOW_OPS_BINARY_MATH_H_
#define MINNOW_OPS_BINARY_MATH_H_

#include "minnow/ops/binary.h"
#include "minnow/ops/compose.h"

namespace minnow {
namespace op {

// Of arrays of one shape.
inline constexpr BinaryComposer Maximum{"_maximum"};
inline constexpr BinaryComposer Minimum{"_minimum"};
inline constexpr BinaryComposer Mod{"_mod"};
inline constexpr BinaryComposer Power{"_power"};
inline constexpr BinaryComposer Hypot{"_hypot"};

// Of arrays that broadcast.
inline constexpr BinaryComposer BroadcastMaximum{"broadcast_maximum"};
inline constexpr BinaryComposer BroadcastMinimum{"broadcast_minimum"};
inline constexpr BinaryComposer BroadcastMod{"broadcast_mod"};
inline constexpr BinaryComposer BroadcastPower{"broadcast_power"};
inline constexpr BinaryComposer BroadcastHypot{"broadcast_hypot"};

// Of an array and a number.
inline constexpr ScalarComposer MaximumScalar{"_maximum_scalar"};
inline constexpr ScalarComposer MinimumScalar{"_minimum_scalar"};
inline constexpr ScalarComposer ModScalar{"_mod_scalar"};
inline constexpr ScalarComposer PowerScalar{"_power_scalar"};
inline constexpr ScalarComposer HypotScalar{"_hypot_scalar"};
// scalar mod data, and scalar to the power of data.
inline constexpr ScalarComposer RmodScalar{"_rmod_scalar"};
inline constexpr ScalarComposer RpowerScalar{"_rpower_scalar"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_BINARY_MATH_H_
