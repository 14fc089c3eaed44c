// The operators Convolution and Deconvolution, with their gradients. Each is
// the three products of convolve.h; a deconvolution is them with the roles of
// data and result exchanged.
//
//   std::vector<OpDef> ops = ConvolveLayerOps<ConvolutionLayer>(aliases, doc);
//
// A layer is as in linear_layer.h, and has besides
//
//   static constexpr bool kDeconvolves = false;
#ifndef MINNOW_OPS_CONVOLVE_LAYER_H_
#define MINNOW_OPS_CONVOLVE_LAYER_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/status.h"
#include "minnow/core/view.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/convolve.h"
#include "minnow/ops/convolve_shape.h"
#include "minnow/ops/linear_layer.h"
#include "minnow/ops/product.h"

namespace minnow {

template <typename L>
struct ConvolveLayer {
  using A = typename L::Attrs;
  using P = ConvolveProduct;

  // Of (data, weight), (head, weight, data) and (head, data, weight), with the
  // places of data and result among the arguments of the kernel.
  template <typename T, P convolution, P deconvolution, size_t data, size_t out,
            bool bias>
  static absl::StatusOr<ConvolvePlan> Prepare(const Attrs& attrs,
                                              absl::Span<const Shape> shapes) {
    return PlanConvolve<T>(
        GeometryOf(WindowsOf(attrs.As<A>()), shapes[data], shapes[out]),
        L::kDeconvolves ? deconvolution : convolution, bias);
  }

  template <typename T>
  static absl::Status Biased(const RunContext& context, const A&,
                             const ConvolvePlan& plan, Dense<const T> data,
                             Dense<const T> weight, Dense<const T> bias,
                             Dense<T> out) {
    return Convolve<T>(context, plan, data.data(), weight.data(), bias.data(),
                       out.data());
  }
  template <typename T>
  static absl::Status Plain(const RunContext& context, const A&,
                            const ConvolvePlan& plan, Dense<const T> data,
                            Dense<const T> weight, Dense<T> out) {
    return Convolve<T>(context, plan, data.data(), weight.data(), nullptr,
                       out.data());
  }
  template <typename T>
  static absl::Status GradOfData(const RunContext& context, const A&,
                                 const ConvolvePlan& plan, Dense<const T> head,
                                 Dense<const T> weight, Dense<const T>,
                                 Dense<T> grad) {
    return Convolve<T>(context, plan, head.data(), weight.data(), nullptr,
                       grad.data());
  }
  template <typename T>
  static absl::Status GradOfWeight(const RunContext& context, const A&,
                                   const ConvolvePlan& plan,
                                   Dense<const T> head, Dense<const T> data,
                                   Dense<const T>, Dense<T> grad) {
    const T* const a = L::kDeconvolves ? data.data() : head.data();
    const T* const b = L::kDeconvolves ? head.data() : data.data();
    return Convolve<T>(context, plan, a, b, nullptr, grad.data());
  }

  static absl::Status Infer(ShapeInference& node) {
    const A& a = node.attrs<A>();
    MINNOW_RETURN_IF_ERROR(
        InferConvolve(node, WindowsOf(a),
                      {.data = 0, .weight = 1, .out = ConvolveArgs::kOutput}));
    return a.no_bias ? absl::OkStatus() : node.MergeInput(2, {a.num_filter});
  }
  static absl::Status InferGradOfData(ShapeInference& node) {
    MINNOW_RETURN_IF_ERROR(InferLike(node));
    MINNOW_RETURN_IF_ERROR(InferConvolve(node, WindowsOf(node.attrs<A>()),
                                         {.data = 2, .weight = 1, .out = 0}));
    return InferLike(node);
  }
  static absl::Status InferGradOfWeight(ShapeInference& node) {
    MINNOW_RETURN_IF_ERROR(InferLike(node));
    MINNOW_RETURN_IF_ERROR(InferConvolve(node, WindowsOf(node.attrs<A>()),
                                         {.data = 1, .weight = 2, .out = 0}));
    return InferLike(node);
  }

  static std::vector<Kernel> Kernels() {
    return LinearLayerKernels<L>(
        KernelsFor(FloatTypes(),
                   []<typename T>() {
                     return KernelOf<Biased<T>,
                                     Prepare<T, P::kOut, P::kData, 0, 3, true>,
                                     KeepConvolved<T>>();
                   }),
        KernelsFor(FloatTypes(), []<typename T>() {
          return KernelOf<Plain<T>, Prepare<T, P::kOut, P::kData, 0, 2, false>,
                          KeepConvolved<T>>();
        }));
  }
};

// The layer, with other names of it and its formula, and its gradients.
template <typename L>
std::vector<OpDef> ConvolveLayerOps(std::vector<std::string> aliases,
                                    std::string doc) {
  using Layer = ConvolveLayer<L>;
  using P = ConvolveProduct;
  OpDef layer = {.name = L::kName,
                 .aliases = std::move(aliases),
                 .doc = std::move(doc),
                 .attrs = AttrsTypeOf<typename L::Attrs>(),
                 .inputs = LinearLayerInputs<L>,
                 .shape = Layer::Infer,
                 .gradient = LinearLayerGradient<L>,
                 .kernels = Layer::Kernels()};
  OpDef data = GradOfDataOp<L>();
  data.shape = Layer::InferGradOfData;
  data.kernels = KernelsFor(FloatTypes(), []<typename T>() {
    return KernelOf<Layer::template GradOfData<T>,
                    Layer::template Prepare<T, P::kData, P::kOut, 3, 0, false>,
                    KeepConvolved<T>>();
  });
  OpDef weight = GradOfWeightOp<L>();
  weight.shape = Layer::InferGradOfWeight;
  weight.kernels = KernelsFor(FloatTypes(), []<typename T>() {
    return KernelOf<
        Layer::template GradOfWeight<T>,
        Layer::template Prepare<T, P::kWeight, P::kWeight, 1, 0, false>>();
  });
  return {std::move(layer), std::move(data), std::move(weight)};
}

}  // namespace minnow

#endif  // MINNOW_OPS_CONVOLVE_LAYER_H_
