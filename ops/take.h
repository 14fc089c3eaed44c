// take: slices of an array by their numbers.
//
//   Symbol rows = op::Take(a, indices);               // a[indices]
//   Symbol columns = op::Take(a, indices, {.axis = 1});
#ifndef MINNOW_OPS_TAKE_H_
#define MINNOW_OPS_TAKE_H_

#include <cstdint>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/row_ids.h"

namespace minnow {

struct TakeAttrs {
  int64_t axis = 0;
  TakeMode mode = TakeMode::kClip;

  static auto Fields() {
    using A = TakeAttrs;
    return std::tuple(
        Field("axis", &A::axis, "The axis that the slices are taken along."),
        Field("mode", &A::mode, "What an index out of range means."));
  }
};

namespace op {

// Of shape a.shape[:axis] + indices.shape + a.shape[axis+1:]. An index that is
// a NaN is an error in each mode.
Symbol Take(Symbol a, Symbol indices, const TakeAttrs& attrs = {},
            NodeOptions options = {});

// out[i] = a[i, indices[i]]. MXNet calls it deprecated: Pick (pick.h) does the
// same and has a gradient.
inline constexpr BinaryComposer BatchTake{"batch_take"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_TAKE_H_
