// The inverse of broadcasting: what gradients of operators that broadcast need.
//
//   Symbol db = op::SumToLike(head, b);  // head (2,3), b (3,): db is (3,).
#ifndef MINNOW_OPS_SUM_TO_LIKE_H_
#define MINNOW_OPS_SUM_TO_LIKE_H_

#include "minnow/ops/compose.h"

namespace minnow {
namespace op {

// Sums `data` over the dimensions in which `like` was broadcast to its shape.
inline constexpr BinaryComposer SumToLike{"_sum_to_like"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SUM_TO_LIKE_H_
