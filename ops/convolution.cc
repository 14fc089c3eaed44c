#include "minnow/ops/convolution.h"

#include <utility>

#include "minnow/graph/op_def.h"
#include "minnow/ops/convolve_layer.h"

namespace minnow {
namespace {

struct ConvolutionLayer {
  using Attrs = ConvolutionAttrs;
  static constexpr char kName[] = "Convolution";
  static constexpr char kGradOfData[] = "_backward_Convolution_data";
  static constexpr char kGradOfWeight[] = "_backward_Convolution_weight";
  static constexpr int64_t kBiasAxis = 1;
  static constexpr bool kDeconvolves = false;
};

}  // namespace

namespace op {

Symbol Convolution(Symbol data, Symbol weight, Symbol bias,
                   const ConvolutionAttrs& attrs, NodeOptions options) {
  return ComposeLinearLayer<ConvolutionLayer>(data, weight, bias, attrs,
                                              std::move(options));
}

}  // namespace op

std::vector<OpDef> ConvolutionOps() {
  return ConvolveLayerOps<ConvolutionLayer>({"_npx_convolution"},
                                            R"(out[n, f, y, x] = bias[f]
    + the sum over c, i, j of data[n, c, y0 + i * dilate[0], x0 + j * dilate[1]]
    * weight[f, c, i, j]
where y0 = y * stride[0] - pad[0] and 0 <= i < kernel[0], so for x, and so with
one or three spatial axes. What lies outside of data is 0. With num_group = g,
the channels of data and the filters are g groups, one after the other, and each
filter reads the channels of its group. The size of an axis is
  1 + floor((size + 2 * pad - dilate * (kernel - 1) - 1) / stride))");
}

}  // namespace minnow
