#include "minnow/ops/deconvolution.h"

#include <utility>

#include "minnow/graph/op_def.h"
#include "minnow/ops/convolve_layer.h"

namespace minnow {
namespace {

struct DeconvolutionLayer {
  using Attrs = DeconvolutionAttrs;
  static constexpr char kName[] = "Deconvolution";
  static constexpr char kGradOfData[] = "_backward_Deconvolution_data";
  static constexpr char kGradOfWeight[] = "_backward_Deconvolution_weight";
  static constexpr int64_t kBiasAxis = 1;
  static constexpr bool kDeconvolves = true;
};

}  // namespace

namespace op {

Symbol Deconvolution(Symbol data, Symbol weight, Symbol bias,
                     const DeconvolutionAttrs& attrs, NodeOptions options) {
  return ComposeLinearLayer<DeconvolutionLayer>(data, weight, bias, attrs,
                                                std::move(options));
}

}  // namespace op

std::vector<OpDef> DeconvolutionOps() {
  return ConvolveLayerOps<DeconvolutionLayer>(
      {"_npx_deconvolution"},
      R"(out[n, f, y0 + i * dilate[0], x0 + j * dilate[1]] = bias[f]
    + the sum over c, y, x, i, j that lead there of data[n, c, y, x]
    * weight[c, f, i, j]
where y0 = y * stride[0] - pad[0] and 0 <= i < kernel[0], so for x, and so with
one or three spatial axes: the gradient of Convolution with respect to its data.
With num_group = g, the channels of data and those of out are g groups, and
weight has the filters of a group. The size of an axis is
  (size - 1) * stride + dilate * (kernel - 1) + 1 - 2 * pad + adj
or target_shape, for which pad and adj follow: half of what is too much, rounded
up, and the rest.)");
}

}  // namespace minnow
