// Deconvolution, also known as transposed convolution: each element of the data
// adds a filter, times itself, to a window of the result. It makes images
// larger.
//
//   // (n,c,h,w) gives (n,8,2h,2w).
//   Symbol y = op::Deconvolution(x, {}, {}, {.kernel = {4, 4}, .num_filter = 8,
//                                            .stride = {2, 2}, .pad = {1, 1}});
//
// Where weight and bias are omitted the operator makes variables of its own,
// whose shapes follow from that of the data.
#ifndef MINNOW_OPS_DECONVOLUTION_H_
#define MINNOW_OPS_DECONVOLUTION_H_

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/convolve_attrs.h"
#include "minnow/ops/layout.h"

namespace minnow {

struct DeconvolutionAttrs {
  Required<std::vector<int64_t>> kernel;
  Required<int64_t> num_filter;
  std::vector<int64_t> stride = {};
  std::vector<int64_t> dilate = {};
  std::vector<int64_t> pad = {};
  std::vector<int64_t> adj = {};
  std::vector<int64_t> target_shape = {};
  int64_t num_group = 1;
  int64_t workspace = 512;
  bool no_bias = true;
  std::optional<CudnnTune> cudnn_tune = {};
  bool cudnn_off = false;
  std::optional<Layout> layout = {};

  static auto Fields() {
    using A = DeconvolutionAttrs;
    return std::tuple_cat(
        ConvolveWindowFields<A>(),
        std::tuple(Field("pad", &A::pad,
                         "Elements of the result that are left out in front of "
                         "each axis, and behind it; () is none."),
                   Field("adj", &A::adj,
                         "Elements of the result that are added behind each "
                         "axis, less than the stride; () is none."),
                   Field("target_shape", &A::target_shape,
                         "The size of the result, by axis, in place of pad and "
                         "adj; () and zeros have no effect.")),
        ConvolveLayerFields<A>());
  }
};

namespace op {

// With attrs.no_bias, `bias` must be omitted.
Symbol Deconvolution(Symbol data, Symbol weight, Symbol bias,
                     const DeconvolutionAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_DECONVOLUTION_H_
