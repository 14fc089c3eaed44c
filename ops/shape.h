// The same elements in a shape that follows from that of an array, and shapes
// as arrays.
//
//   Symbol rows = op::Flatten(x);                  // (2,3,4) to (2,12).
//   Symbol column = op::ExpandDims(x, {.axis = -1});
//   Symbol shape = op::ShapeArray(x);
//
// The elements stay where they are: it costs nothing where the plan lets the
// result lie in the memory of the input.
#ifndef MINNOW_OPS_SHAPE_H_
#define MINNOW_OPS_SHAPE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/ops/compose.h"

namespace minnow {

struct ReshapeLikeAttrs {
  std::optional<int64_t> lhs_begin = {};
  std::optional<int64_t> lhs_end = {};
  std::optional<int64_t> rhs_begin = {};
  std::optional<int64_t> rhs_end = {};

  static auto Fields() {
    using A = ReshapeLikeAttrs;
    return std::tuple(
        Field("lhs_begin", &A::lhs_begin,
              "The first axis of lhs that is replaced; None is 0."),
        Field("lhs_end", &A::lhs_end,
              "The axis of lhs after the last one; None is its rank."),
        Field("rhs_begin", &A::rhs_begin,
              "The first axis of rhs that is taken; None is 0."),
        Field("rhs_end", &A::rhs_end,
              "The axis of rhs after the last one; None is its rank."));
  }
};

struct ExpandDimsAttrs {
  Required<int64_t> axis;

  static auto Fields() {
    return std::tuple(Field("axis", &ExpandDimsAttrs::axis,
                            "Where the new axis stands in the result."));
  }
};

struct SqueezeAttrs {
  std::optional<std::vector<int64_t>> axis = {};

  static auto Fields() {
    return std::tuple(
        Field("axis", &SqueezeAttrs::axis,
              "The axes that are dropped; None is all of size 1."));
  }
};

namespace op {

Symbol ReshapeLike(Symbol lhs, Symbol rhs, const ReshapeLikeAttrs& attrs = {},
                   NodeOptions options = {});
inline constexpr UnaryComposer Flatten{"Flatten"};
Symbol ExpandDims(Symbol data, const ExpandDimsAttrs& attrs,
                  NodeOptions options = {});
Symbol Squeeze(Symbol data, const SqueezeAttrs& attrs = {},
               NodeOptions options = {});
inline constexpr UnaryComposer ShapeArray{"shape_array"};
inline constexpr UnaryComposer SizeArray{"size_array"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SHAPE_H_
