// The place of the largest or the smallest element along an axis.
//
//   Symbol place = op::Argmax(x, {.axis = 1});
#ifndef MINNOW_OPS_ARG_REDUCE_H_
#define MINNOW_OPS_ARG_REDUCE_H_

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "minnow/core/attrs.h"
#include "minnow/ops/compose.h"

namespace minnow {

struct ArgReduceAttrs {
  std::optional<int64_t> axis = {};
  bool keepdims = false;

  static auto Fields() {
    using A = ArgReduceAttrs;
    return std::tuple(
        Field("axis", &A::axis, "The axis; None takes all elements as one."),
        Field("keepdims", &A::keepdims, "The axis stays, with size 1."));
  }
};

namespace op {

struct ArgReduceComposer {
  const char* op;
  Symbol operator()(Symbol data, const ArgReduceAttrs& attrs = {},
                    NodeOptions options = {}) const {
    return Compose(op, {data}, attrs, std::move(options));
  }
};

inline constexpr ArgReduceComposer Argmax{"argmax"};
inline constexpr ArgReduceComposer Argmin{"argmin"};
// Along axis 1.
inline constexpr UnaryComposer ArgmaxChannel{"argmax_channel"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_ARG_REDUCE_H_
