// The rows of an array in a random order.
//
//   Symbol y = op::Shuffle(x);  // Each order is as likely as the others.
#ifndef MINNOW_OPS_SHUFFLE_H_
#define MINNOW_OPS_SHUFFLE_H_

#include "minnow/ops/compose.h"

namespace minnow {

namespace op {

inline constexpr UnaryComposer Shuffle{"_shuffle"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SHUFFLE_H_
