// Arrays put together along an axis, and taken apart.
//
//   Symbol wide = op::Concat({a, b, c}, {.dim = 1});
//   Symbol pile = op::Stack({a, b, c});
//   std::vector<Symbol> parts = op::Split(x, {.num_outputs = 3});
#ifndef MINNOW_OPS_CONCAT_H_
#define MINNOW_OPS_CONCAT_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct ConcatAttrs {
  int64_t num_args = 0;
  int64_t dim = 1;

  static auto Fields() {
    using A = ConcatAttrs;
    return std::tuple(
        Field("num_args", &A::num_args, "The number of inputs."),
        Field("dim", &A::dim, "The axis along which they are joined."));
  }
};

struct StackAttrs {
  int64_t num_args = 0;
  int64_t axis = 0;

  static auto Fields() {
    using A = StackAttrs;
    return std::tuple(
        Field("num_args", &A::num_args, "The number of inputs."),
        Field("axis", &A::axis, "Where the new axis stands in the result."));
  }
};

struct SplitAttrs {
  Required<int64_t> num_outputs;
  int64_t axis = 1;
  bool squeeze_axis = false;

  static auto Fields() {
    using A = SplitAttrs;
    return std::tuple(
        Field("num_outputs", &A::num_outputs, "The number of parts."),
        Field("axis", &A::axis, "The axis that is cut, into equal parts."),
        Field("squeeze_axis", &A::squeeze_axis,
              "Drop the axis, which must have size 1 in each part."));
  }
};

struct SplitV2Attrs {
  Required<std::vector<int64_t>> indices;
  int64_t axis = 1;
  bool squeeze_axis = false;
  int64_t sections = 0;

  static auto Fields() {
    using A = SplitV2Attrs;
    return std::tuple(
        Field("indices", &A::indices, "Where each part begins."),
        Field("axis", &A::axis, "The axis that is cut."),
        Field("squeeze_axis", &A::squeeze_axis,
              "Drop the axis, which must have size 1 in each part."),
        Field("sections", &A::sections,
              "If positive, the number of parts, in place of indices. Where it "
              "does not divide the axis the first parts are larger by one."));
  }
};

namespace op {

// The number of inputs follows from `args`, which must not be empty.
Symbol Concat(absl::Span<const Symbol> args, const ConcatAttrs& attrs = {},
              NodeOptions options = {});
Symbol Stack(absl::Span<const Symbol> args, const StackAttrs& attrs = {},
             NodeOptions options = {});
std::vector<Symbol> Split(Symbol data, const SplitAttrs& attrs,
                          NodeOptions options = {});
std::vector<Symbol> SplitV2(Symbol data, const SplitV2Attrs& attrs,
                            NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_CONCAT_H_
