// Parts of arrays, and arrays with a part replaced.
//
//   Symbol odd = op::Slice(
//       x, {.begin = {1}, .end = {std::nullopt}, .step = {2}});
//   std::optional<int64_t> end = -1;
//   Symbol most = op::SliceAxis(x, {.axis = 1, .begin = 0, .end = end});
//   Symbol part = op::SliceLike(x, y);
//
// Negative numbers count from the end, None is the end of the axis. As in
// Python, the bounds of Slice may lie outside of the array, and the result may
// be empty.
#ifndef MINNOW_OPS_SLICE_H_
#define MINNOW_OPS_SLICE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/strided_copy.h"

namespace minnow {

// A number for each axis, from the first one on; all of the axes that are left.
using SliceBounds = std::vector<std::optional<int64_t>>;

struct SliceAttrs {
  Required<SliceBounds> begin;
  Required<SliceBounds> end;
  SliceBounds step = {};

  static auto Fields() {
    using A = SliceAttrs;
    return std::tuple(
        Field("begin", &A::begin,
              "The first index of each axis; None is the first in the "
              "direction of step."),
        Field("end", &A::end,
              "The index behind the last one; None is the end in the direction "
              "of step."),
        Field("step", &A::step,
              "The distance of neighbours; None is 1, as is ()."));
  }
};

// The indices that the attributes mean in an axis of this size.
// REQUIRES: step has no 0.
AxisRange SliceRange(const SliceAttrs& attrs, size_t axis, int64_t size);

struct SliceAssignScalarAttrs {
  Required<SliceBounds> begin;
  Required<SliceBounds> end;
  SliceBounds step = {};
  double scalar = 0;

  static auto Fields() {
    using A = SliceAssignScalarAttrs;
    return std::tuple(
        Field("begin", &A::begin, "As in slice."),
        Field("end", &A::end, "As in slice."),
        Field("step", &A::step, "As in slice."),
        Field("scalar", &A::scalar, "The new value of the part's elements."));
  }
};

struct SliceAxisAttrs {
  Required<int64_t> axis;
  Required<int64_t> begin;
  Required<std::optional<int64_t>> end;

  static auto Fields() {
    using A = SliceAxisAttrs;
    return std::tuple(
        Field("axis", &A::axis, "The axis that is cut."),
        Field("begin", &A::begin, "The first index of the part."),
        Field("end", &A::end,
              "The index behind the last one; None is the size of the axis."));
  }
};

struct SliceLikeAttrs {
  std::vector<int64_t> axes = {};

  static auto Fields() {
    return std::tuple(
        Field("axes", &SliceLikeAttrs::axes,
              "The axes that are cut; () is all, and then the shapes must have "
              "one rank."));
  }
};

namespace op {

Symbol Slice(Symbol data, const SliceAttrs& attrs, NodeOptions options = {});
Symbol SliceAxis(Symbol data, const SliceAxisAttrs& attrs,
                 NodeOptions options = {});
Symbol SliceLike(Symbol data, Symbol shape_like,
                 const SliceLikeAttrs& attrs = {}, NodeOptions options = {});
// lhs with rhs in place of the part.
Symbol SliceAssign(Symbol lhs, Symbol rhs, const SliceAttrs& attrs,
                   NodeOptions options = {});
// data with a number in place of the part.
Symbol SliceAssignScalar(Symbol data, const SliceAssignScalarAttrs& attrs,
                         NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SLICE_H_
