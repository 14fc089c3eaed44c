// The same elements in another order.
//
//   Symbol t = op::Transpose(x, {.axes = {1, 0, 2}});
//   Symbol u = op::SwapAxis(x, {.dim1 = 0, .dim2 = -1});
//   Symbol r = op::Reverse(x, {.axis = {1}});
//   Symbol s = op::SpaceToDepth(image, {.block_size = 2});
#ifndef MINNOW_OPS_TRANSPOSE_H_
#define MINNOW_OPS_TRANSPOSE_H_

#include <cstdint>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct TransposeAttrs {
  std::vector<int64_t> axes = {};

  static auto Fields() {
    return std::tuple(
        Field("axes", &TransposeAttrs::axes,
              "Axis i of the result is axis axes[i] of data; () reverses all "
              "axes."));
  }
};

struct SwapAxisAttrs {
  int64_t dim1 = 0;
  int64_t dim2 = 0;

  static auto Fields() {
    using A = SwapAxisAttrs;
    return std::tuple(Field("dim1", &A::dim1, "One axis."),
                      Field("dim2", &A::dim2, "The axis it swaps with."));
  }
};

struct ReverseAttrs {
  Required<std::vector<int64_t>> axis;

  static auto Fields() {
    return std::tuple(Field("axis", &ReverseAttrs::axis,
                            "The axes whose elements are reversed."));
  }
};

struct BlockSizeAttrs {
  Required<int64_t> block_size;

  static auto Fields() {
    return std::tuple(Field("block_size", &BlockSizeAttrs::block_size,
                            "The height and width of a block."));
  }
};

namespace op {

Symbol Transpose(Symbol data, const TransposeAttrs& attrs = {},
                 NodeOptions options = {});
Symbol SwapAxis(Symbol data, const SwapAxisAttrs& attrs,
                NodeOptions options = {});
Symbol Reverse(Symbol data, const ReverseAttrs& attrs,
               NodeOptions options = {});
Symbol SpaceToDepth(Symbol data, const BlockSizeAttrs& attrs,
                    NodeOptions options = {});
Symbol DepthToSpace(Symbol data, const BlockSizeAttrs& attrs,
                    NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_TRANSPOSE_H_
