// What the attributes of Convolution and Deconvolution mean for arrays of some
// shapes. In both, the weight is that of a convolution; a deconvolution makes
// its data from its result: `num_filter` is then the number of channels that
// the convolution reads, and pad takes away from the result.
//
//   const ConvolveWindows windows = WindowsOf(attrs);
//   MINNOW_RETURN_IF_ERROR(InferConvolve(node, windows, {.data = 0,
//       .weight = 1, .out = ConvolveArgs::kOutput}));
#ifndef MINNOW_OPS_CONVOLVE_SHAPE_H_
#define MINNOW_OPS_CONVOLVE_SHAPE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/core/shape.h"
#include "minnow/graph/inference.h"
#include "minnow/ops/convolve.h"
#include "minnow/ops/layout.h"

namespace minnow {

// The attributes, as long as they live.
struct ConvolveWindows {
  absl::Span<const int64_t> kernel, stride, dilate, pad;
  int64_t num_filter, num_group;
  std::optional<Layout> layout;
  // The rest is for deconvolutions only.
  bool deconvolves = false;
  absl::Span<const int64_t> adj = {}, target_shape = {};
};

// A has the attributes that both operators have.
template <typename A>
ConvolveWindows WindowsOf(const A& a) {
  ConvolveWindows windows = {.kernel = a.kernel.get(),
                             .stride = a.stride,
                             .dilate = a.dilate,
                             .pad = a.pad,
                             .num_filter = a.num_filter,
                             .num_group = a.num_group,
                             .layout = a.layout};
  if constexpr (requires { a.target_shape; }) {
    windows.deconvolves = true;
    windows.adj = a.adj;
    windows.target_shape = a.target_shape;
  }
  return windows;
}

// Where a node has the arrays of the layer: which inputs they are.
struct ConvolveArgs {
  static constexpr size_t kOutput = SIZE_MAX;  // It is output 0.
  size_t data, weight, out;
};

// Concludes what it can, in all directions.
absl::Status InferConvolve(ShapeInference& node, const ConvolveWindows& windows,
                           const ConvolveArgs& args);

// Of data and result of the layer. REQUIRES: inference has accepted them.
ConvolveGeometry GeometryOf(const ConvolveWindows& windows, const Shape& data,
                            const Shape& out);

}  // namespace minnow

#endif  // MINNOW_OPS_CONVOLVE_SHAPE_H_
