// Arrays whose elements stand there several times.
//
//   Symbol twice = op::Repeat(x, {.repeats = 2, .axis = 0});  // a a b b
//   Symbol tiled = op::Tile(x, {.reps = {2}});                // a b a b
//   Symbol wide = op::BroadcastTo(column, {.shape = {0, 5}});
//   Symbol same = op::BroadcastLike(column, x);
#ifndef MINNOW_OPS_REPEAT_H_
#define MINNOW_OPS_REPEAT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct RepeatAttrs {
  Required<int64_t> repeats;
  std::optional<int64_t> axis = {};

  static auto Fields() {
    using A = RepeatAttrs;
    return std::tuple(
        Field("repeats", &A::repeats, "How often each element stands there."),
        Field("axis", &A::axis,
              "The axis that becomes longer; None makes a single axis of all "
              "elements."));
  }
};

struct TileAttrs {
  Required<std::vector<int64_t>> reps;

  static auto Fields() {
    return std::tuple(
        Field("reps", &TileAttrs::reps,
              "How often the array stands there in each axis, aligned at the "
              "last one."));
  }
};

struct BroadcastToAttrs {
  std::vector<int64_t> shape = {};

  static auto Fields() {
    return std::tuple(Field("shape", &BroadcastToAttrs::shape,
                            "The new shape; 0 keeps a dimension."));
  }
};

struct BroadcastAxisAttrs {
  std::vector<int64_t> axis = {};
  std::vector<int64_t> size = {};

  static auto Fields() {
    using A = BroadcastAxisAttrs;
    return std::tuple(Field("axis", &A::axis, "Axes of size 1."),
                      Field("size", &A::size, "The new size of each of them."));
  }
};

struct BroadcastLikeAttrs {
  std::optional<std::vector<int64_t>> lhs_axes = {};
  std::optional<std::vector<int64_t>> rhs_axes = {};

  static auto Fields() {
    using A = BroadcastLikeAttrs;
    return std::tuple(
        Field("lhs_axes", &A::lhs_axes, "Axes of lhs; None is all of them."),
        Field("rhs_axes", &A::rhs_axes,
              "The axes of rhs that tell their new sizes."));
  }
};

namespace op {

Symbol Repeat(Symbol data, const RepeatAttrs& attrs, NodeOptions options = {});
Symbol Tile(Symbol data, const TileAttrs& attrs, NodeOptions options = {});
Symbol BroadcastTo(Symbol data, const BroadcastToAttrs& attrs,
                   NodeOptions options = {});
Symbol BroadcastAxis(Symbol data, const BroadcastAxisAttrs& attrs,
                     NodeOptions options = {});
Symbol BroadcastLike(Symbol lhs, Symbol rhs,
                     const BroadcastLikeAttrs& attrs = {},
                     NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_REPEAT_H_
