// Layers that are linear in data and in weight, and add a bias: FullyConnected,
// Convolution, Deconvolution. Each is three operators, the layer and its
// gradients with respect to data and to weight, whose own gradients are made of
// the same three.
//
//   struct FullyConnectedLayer {
//     using Attrs = FullyConnectedAttrs;     // It has `no_bias`.
//     static constexpr char kName[] = "FullyConnected";
//     static constexpr char kGradOfData[] = "_backward_FullyConnected_data";
//     static constexpr char kGradOfWeight[] =
//         "_backward_FullyConnected_weight";
//     static constexpr int64_t kBiasAxis = -1;  // Of the result.
//   };
//
//   .inputs = LinearLayerInputs<FullyConnectedLayer>,
//   .gradient = LinearLayerGradient<FullyConnectedLayer>,
#ifndef MINNOW_OPS_LINEAR_LAYER_H_
#define MINNOW_OPS_LINEAR_LAYER_H_

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/reduce.h"

namespace minnow {

template <typename L>
std::vector<InputDef> LinearLayerInputs(const Attrs& attrs) {
  if (attrs.As<typename L::Attrs>().no_bias) return {"data", "weight"};
  return {"data", "weight", "bias"};
}

// The composer of a layer.
template <typename L>
Symbol ComposeLinearLayer(Symbol data, Symbol weight, Symbol bias,
                          const typename L::Attrs& attrs, NodeOptions options) {
  if (attrs.no_bias && bias.omitted()) {
    return Compose(L::kName, {data, weight}, attrs, std::move(options));
  }
  return Compose(L::kName, {data, weight, bias}, attrs, std::move(options));
}

// The three operators, none with a bias, with the attributes of a node.
template <typename L>
class LinearLayer {
 public:
  explicit LinearLayer(const GradientContext& node) {
    auto attrs = node.attrs<typename L::Attrs>();
    attrs.no_bias = true;
    attrs_ = attrs;
  }

  Symbol Out(Symbol data, Symbol weight) const {
    return Compose(L::kName, {data, weight}, attrs_);
  }
  // The last argument says what shape the gradient has.
  Symbol GradOfData(Symbol head, Symbol weight, Symbol data) const {
    return Compose(L::kGradOfData, {head, weight, data}, attrs_);
  }
  Symbol GradOfWeight(Symbol head, Symbol data, Symbol weight) const {
    return Compose(L::kGradOfWeight, {head, data, weight}, attrs_);
  }

 private:
  Attrs attrs_;
};

template <typename L>
std::vector<Symbol> LinearLayerGradient(const GradientContext& node) {
  const LinearLayer<L> layer(node);
  const Symbol data = node.input(0), weight = node.input(1);
  const Symbol head = node.head(0);
  std::vector<Symbol> grads = {layer.GradOfData(head, weight, data),
                               layer.GradOfWeight(head, data, weight)};
  if (node.num_inputs() == 3) {
    grads.push_back(op::Sum(
        head, {.axis = std::vector<int64_t>{L::kBiasAxis}, .exclude = true}));
  }
  return grads;
}

// The gradients as operators, without shapes and kernels. Each is linear in its
// first two inputs.
template <typename L>
OpDef GradOfDataOp() {
  return {
      .name = L::kGradOfData,
      .doc =
          absl::StrCat("The gradient of ", L::kName, " with respect to data."),
      .attrs = AttrsTypeOf<typename L::Attrs>(),
      .inputs = {"head", "weight", {"data", Access::kUnread}},
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const LinearLayer<L> layer(node);
        const Symbol head = node.input(0), weight = node.input(1);
        const Symbol data = node.head(0);
        return {layer.Out(data, weight), layer.GradOfWeight(head, data, weight),
                Symbol{}};
      },
  };
}

template <typename L>
OpDef GradOfWeightOp() {
  return {
      .name = L::kGradOfWeight,
      .doc = absl::StrCat("The gradient of ", L::kName,
                          " with respect to weight."),
      .attrs = AttrsTypeOf<typename L::Attrs>(),
      .inputs = {"head", "data", {"weight", Access::kUnread}},
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const LinearLayer<L> layer(node);
        const Symbol head = node.input(0), data = node.input(1);
        const Symbol weight = node.head(0);
        return {layer.Out(data, weight), layer.GradOfData(head, weight, data),
                Symbol{}};
      },
  };
}

// Kernels of the layer, with a bias and without.
template <typename L>
std::vector<Kernel> LinearLayerKernels(std::vector<Kernel> with_bias,
                                       std::vector<Kernel> without) {
  return Joined(
      {KernelsWhen(
           [](const Attrs& a) { return !a.As<typename L::Attrs>().no_bias; },
           std::move(with_bias)),
       KernelsWhen(
           [](const Attrs& a) { return a.As<typename L::Attrs>().no_bias; },
           std::move(without))});
}

}  // namespace minnow

#endif  // MINNOW_OPS_LINEAR_LAYER_H_
