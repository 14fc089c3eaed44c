// Convolution: each element of the result is the product of a window of the
// data, over all its channels, with a filter. Windows slide over one to three
// spatial axes.
//
//   Symbol y = op::Convolution(x, w, bias, {.kernel = {3, 3}, .num_filter = 64,
//                                           .pad = {1, 1}});
//   // Depthwise: a filter for each of 64 channels.
//   Symbol z = op::Convolution(y, {}, {}, {.kernel = {3, 3}, .num_filter = 64,
//                                          .num_group = 64, .no_bias = true});
//
// Where weight and bias are omitted the operator makes variables of its own,
// whose shapes follow from that of the data.
#ifndef MINNOW_OPS_CONVOLUTION_H_
#define MINNOW_OPS_CONVOLUTION_H_

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/convolve_attrs.h"
#include "minnow/ops/layout.h"

namespace minnow {

struct ConvolutionAttrs {
  Required<std::vector<int64_t>> kernel;
  Required<int64_t> num_filter;
  std::vector<int64_t> stride = {};
  std::vector<int64_t> dilate = {};
  std::vector<int64_t> pad = {};
  int64_t num_group = 1;
  int64_t workspace = 1024;
  bool no_bias = false;
  std::optional<CudnnTune> cudnn_tune = {};
  bool cudnn_off = false;
  std::optional<Layout> layout = {};

  static auto Fields() {
    using A = ConvolutionAttrs;
    return std::tuple_cat(
        ConvolveWindowFields<A>(),
        std::tuple(
            Field("pad", &A::pad,
                  "Zeros in front of each axis, and behind it; () is none.")),
        ConvolveLayerFields<A>());
  }
};

namespace op {

// With attrs.no_bias, `bias` must be omitted.
Symbol Convolution(Symbol data, Symbol weight, Symbol bias,
                   const ConvolutionAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_CONVOLUTION_H_
