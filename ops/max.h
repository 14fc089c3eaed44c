// The largest and the smallest element along some axes.
//
//   Symbol largest = op::Max(x);                     // Of shape (1,).
//   Symbol lowest = op::Min(x, {.axis = {{1}}});
#ifndef MINNOW_OPS_MAX_H_
#define MINNOW_OPS_MAX_H_

#include "minnow/ops/reduce.h"

namespace minnow {
namespace op {

inline constexpr ReduceComposer Max{"max"};
inline constexpr ReduceComposer Min{"min"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_MAX_H_
