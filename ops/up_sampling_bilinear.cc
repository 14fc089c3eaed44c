#include "minnow/ops/up_sampling_bilinear.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/convolve.h"
#include "minnow/ops/convolve_shape.h"
#include "minnow/ops/deconvolution.h"
#include "minnow/ops/up_sampling.h"

namespace minnow {
namespace {

constexpr int64_t kMaxScale = 1 << 20;

// The deconvolution that it is. Gradients ask for it before inference has seen
// the scale.
DeconvolutionAttrs DeconvolutionOf(const UpSamplingAttrs& a) {
  const int64_t scale = std::clamp<int64_t>(a.scale, 1, kMaxScale);
  const int64_t kernel = 2 * scale - scale % 2;
  const std::vector<int64_t> stride = {scale, scale};
  return {.kernel = {kernel, kernel},
          .num_filter = a.num_filter,
          .stride = stride,
          .pad = {scale / 2, scale / 2},
          .num_group = a.num_filter};
}

template <typename T>
absl::StatusOr<ConvolvePlan> PrepareBilinear(const Attrs& attrs,
                                             absl::Span<const Shape> shapes) {
  const DeconvolutionAttrs a = DeconvolutionOf(attrs.As<UpSamplingAttrs>());
  return PlanConvolve<T>(GeometryOf(WindowsOf(a), shapes[0], shapes[2]),
                         ConvolveProduct::kData, /*bias=*/false);
}

template <typename T>
absl::Status Bilinear(const RunContext& context, const UpSamplingAttrs&,
                      const ConvolvePlan& plan, Dense<const T> data,
                      Dense<const T> weight, Dense<T> out) {
  return Convolve<T>(context, plan, data.data(), weight.data(), nullptr,
                     out.data());
}

}  // namespace

bool IsBilinear(const Attrs& attrs) {
  return attrs.As<UpSamplingAttrs>().sample_type == SampleType::kBilinear;
}

absl::Status InferBilinear(ShapeInference& node) {
  const auto& sampling = node.attrs<UpSamplingAttrs>();
  if (sampling.scale > kMaxScale) {
    return BadAttr("scale", absl::StrCat("at most ", kMaxScale),
                   sampling.scale);
  }
  if (sampling.num_filter < 1) {
    return BadAttr("num_filter", "the number of channels of data",
                   sampling.num_filter);
  }
  const DeconvolutionAttrs a = DeconvolutionOf(sampling);
  Shape data = Shape::OfRank(4);
  data.set(1, a.num_filter);
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, data));
  return InferConvolve(node, WindowsOf(a),
                       {.data = 0, .weight = 1, .out = ConvolveArgs::kOutput});
}

std::vector<Symbol> BilinearGradient(const GradientContext& node) {
  const DeconvolutionAttrs a = DeconvolutionOf(node.attrs<UpSamplingAttrs>());
  const Symbol data = node.input(0), weight = node.input(1);
  const Symbol head = node.head(0);
  return {Compose("_backward_Deconvolution_data", {head, weight, data}, a),
          Compose("_backward_Deconvolution_weight", {head, data, weight}, a)};
}

std::vector<Kernel> BilinearKernels() {
  return KernelsFor(FloatTypes(), []<typename T>() {
    return KernelOf<Bilinear<T>, PrepareBilinear<T>, KeepConvolved<T>>();
  });
}

}  // namespace minnow
