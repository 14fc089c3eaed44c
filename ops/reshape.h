// Reshape: the same elements in another shape.
//
//   Symbol rows = op::Reshape(x, {.shape = {0, -1}});
//
// The elements stay where they are: it costs nothing where the plan lets the
// result lie in the memory of the input.
#ifndef MINNOW_OPS_RESHAPE_H_
#define MINNOW_OPS_RESHAPE_H_

#include <cstdint>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/move.h"

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

namespace op {

Symbol Reshape(Symbol data, const ReshapeAttrs& attrs,
               NodeOptions options = {});

}  // namespace op

// For other operators of which input 0 and the output hold the same elements:

// What the shape of one lacks follows from that of the other; `out` is what is
// known of the output.
absl::Status MergeReshaped(ShapeInference& node, Shape out);
// The first argument is copied to the last one.
absl::StatusOr<MovePlan> PlanSameElements(const Attrs& attrs,
                                          absl::Span<const Shape> shapes);
// The head in the shape of input 0.
std::vector<Symbol> ReshapeGradient(const GradientContext& node);

}  // namespace minnow

#endif  // MINNOW_OPS_RESHAPE_H_
