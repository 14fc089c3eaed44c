// Other shapes of the same elements: Reshape, Flatten, reshape_like, transpose.
//
//   Symbol rows = op::Reshape(x, {.shape = {0, -1}});
//   Symbol t = op::Transpose(x, {.axes = {1, 0, 2}});
//
// All but transpose leave the elements where they are: they cost nothing where
// the plan lets the result lie in the memory of the input.
#ifndef MINNOW_OPS_SHAPE_H_
#define MINNOW_OPS_SHAPE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/op_def.h"

namespace minnow {

struct ReshapeAttrs {
  std::vector<int64_t> shape = {};
  bool reverse = false;
  std::vector<int64_t> target_shape = {};
  bool keep_highest = false;

  static auto Fields() {
    using A = ReshapeAttrs;
    return std::tuple(
        Field("shape", &A::shape,
              "The new shape, where 0 copies a dimension, -1 is what is left "
              "of the elements, -2 copies all further dimensions, -3 is the "
              "product of two, and -4 splits one into the next two numbers."),
        Field("reverse", &A::reverse, "Read shape from the right."),
        Field("target_shape", &A::target_shape,
              "Old form of shape: a single 0 is what is left."),
        Field("keep_highest", &A::keep_highest,
              "With target_shape: the first dimension stays."));
  }
};

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

struct TransposeAttrs {
  std::vector<int64_t> axes = {};

  static auto Fields() {
    return std::tuple(
        Field("axes", &TransposeAttrs::axes,
              "Axis i of the result is axis axes[i] of data; () reverses all "
              "axes."));
  }
};

namespace op {

Symbol Reshape(Symbol data, const ReshapeAttrs& attrs,
               NodeOptions options = {});
Symbol ReshapeLike(Symbol lhs, Symbol rhs, const ReshapeLikeAttrs& attrs = {},
                   NodeOptions options = {});
Symbol Flatten(Symbol data, NodeOptions options = {});
Symbol Transpose(Symbol data, const TransposeAttrs& attrs = {},
                 NodeOptions options = {});

}  // namespace op

// The operators of this file.
std::vector<OpDef> ShapeOps();

}  // namespace minnow

#endif  // MINNOW_OPS_SHAPE_H_
