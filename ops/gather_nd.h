// Elements, or blocks, at places that an array of indices gives.
//
//   Symbol y = op::GatherNd(data, indices);     // y[n] = data[indices[:, n]]
//   Symbol x = op::ScatterNd(y, indices, {.shape = {4, 5}});  // And back.
//
// The first axis of the indices is that of the axes of the data that they name;
// negative indices of gather_nd count from the end. An index outside is an
// error, and nothing is written. Where scatter_nd names a place twice the last
// one counts.
#ifndef MINNOW_OPS_GATHER_ND_H_
#define MINNOW_OPS_GATHER_ND_H_

#include <cstdint>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/ops/compose.h"

namespace minnow {

struct ScatterNdAttrs {
  Required<std::vector<int64_t>> shape;

  static auto Fields() {
    return std::tuple(
        Field("shape", &ScatterNdAttrs::shape, "The shape of the result."));
  }
};

struct BackwardGatherNdAttrs {
  Shape shape = {};

  static auto Fields() {
    return std::tuple(
        Field("shape", &BackwardGatherNdAttrs::shape,
              "The shape of the result; None: that of a third input, 'like'."));
  }
};

namespace op {

inline constexpr BinaryComposer GatherNd{"gather_nd"};
Symbol ScatterNd(Symbol data, Symbol indices, const ScatterNdAttrs& attrs,
                 NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_GATHER_ND_H_
