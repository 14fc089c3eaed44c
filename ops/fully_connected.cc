#include "minnow/ops/fully_connected.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/product.h"
#include "minnow/ops/reduce.h"

namespace minnow {
namespace {

Matrix RowsOf(const Attrs& attrs, const Shape& data) {
  return attrs.As<FullyConnectedAttrs>().flatten ? SplitFirst(data)
                                                 : SplitLast(data);
}

// Of (data, weight, ...).
template <typename T>
absl::StatusOr<Product> PrepareFullyConnected(const Attrs& attrs,
                                              absl::Span<const Shape> shapes) {
  const Matrix data = RowsOf(attrs, shapes[0]);
  return PlanProduct<T>(data.rows, shapes[1][0], data.cols, false, true);
}

// Of (head, weight, data).
template <typename T>
absl::StatusOr<Product> PrepareGradOfData(const Attrs& attrs,
                                          absl::Span<const Shape> shapes) {
  const Matrix data = RowsOf(attrs, shapes[2]);
  return PlanProduct<T>(data.rows, data.cols, shapes[1][0], false, false);
}

// Of (head, data, weight).
template <typename T>
absl::StatusOr<Product> PrepareGradOfWeight(const Attrs& attrs,
                                            absl::Span<const Shape> shapes) {
  const Matrix data = RowsOf(attrs, shapes[1]);
  return PlanProduct<T>(shapes[2][0], data.cols, data.rows, true, false);
}

template <typename T>
absl::Status FullyConnected(const RunContext& context,
                            const FullyConnectedAttrs&, const Product& product,
                            Dense<const T> data, Dense<const T> weight,
                            Dense<const T> bias, Dense<T> out) {
  return MatMul<T>(context, product.plan, data.data(), weight.data(),
                   bias.data(), out.data());
}

absl::Status InferFullyConnected(ShapeInference& node) {
  const auto& a = node.attrs<FullyConnectedAttrs>();
  if (a.num_hidden <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute 'num_hidden': expected a positive number, found ",
        a.num_hidden.get()));
  }
  Shape weight = {a.num_hidden, Shape::kUnknown};
  Shape out = {Shape::kUnknown, a.num_hidden};
  if (node.input(0).known_rank()) {
    Shape data = node.input(0);
    const size_t rank = data.rank();
    if (rank == 0) return node.InputError(0, "at least one axis");
    const Shape& old_weight = node.input(1);
    const int64_t columns = old_weight.known_rank() && old_weight.rank() == 2
                                ? old_weight[1]
                                : Shape::kUnknown;
    if (a.flatten && rank != 2) {
      if (data.known()) weight.set(1, data.num_elements(1, rank));
      out.set(0, data[0]);
    } else {
      if (data[rank - 1] == Shape::kUnknown) data.set(rank - 1, columns);
      weight.set(1, data[rank - 1]);
      out = data;
      out.set(rank - 1, a.num_hidden);
    }
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
    for (size_t i = 0; i < (a.flatten ? 1 : rank - 1); ++i) {
      data.set(i, node.output(0)[i]);
    }
    MINNOW_RETURN_IF_ERROR(node.MergeInput(0, data));
  } else if (a.flatten) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  }
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, weight));
  return a.no_bias ? absl::OkStatus() : node.MergeInput(2, {a.num_hidden});
}

std::vector<InputDef> FullyConnectedInputs(const Attrs& attrs) {
  if (attrs.As<FullyConnectedAttrs>().no_bias) return {"data", "weight"};
  return {"data", "weight", "bias"};
}

Attrs WithoutBias(const GradientContext& node) {
  auto attrs = node.attrs<FullyConnectedAttrs>();
  attrs.no_bias = true;
  return attrs;
}

std::vector<Symbol> FullyConnectedGradient(const GradientContext& node) {
  const Symbol data = node.input(0), weight = node.input(1);
  const Symbol head = node.head(0);
  const Attrs attrs = WithoutBias(node);
  std::vector<Symbol> grads = {
      Compose("_backward_FullyConnected_data", {head, weight, data}, attrs),
      Compose("_backward_FullyConnected_weight", {head, data, weight}, attrs)};
  if (node.num_inputs() == 3) {
    grads.push_back(
        op::Sum(head, {.axis = std::vector<int64_t>{-1}, .exclude = true}));
  }
  return grads;
}

// The product is linear in data and weight: see dot.
std::vector<Symbol> GradOfDataGradient(const GradientContext& node) {
  const Attrs attrs = WithoutBias(node);
  const Symbol head = node.input(0), weight = node.input(1);
  const Symbol data = node.head(0);
  return {
      Compose("FullyConnected", {data, weight}, attrs),
      Compose("_backward_FullyConnected_weight", {head, data, weight}, attrs),
      Symbol{}};
}

std::vector<Symbol> GradOfWeightGradient(const GradientContext& node) {
  const Attrs attrs = WithoutBias(node);
  const Symbol head = node.input(0), data = node.input(1);
  const Symbol weight = node.head(0);
  return {Compose("FullyConnected", {data, weight}, attrs),
          Compose("_backward_FullyConnected_data", {head, weight, data}, attrs),
          Symbol{}};
}

std::vector<Kernel> FullyConnectedKernels() {
  return Joined(
      {KernelsWhen(
           [](const Attrs& a) { return !a.As<FullyConnectedAttrs>().no_bias; },
           KernelsFor(
               FloatTypes(),
               []<typename T>() {
                 return KernelOf<FullyConnected<T>, PrepareFullyConnected<T>>();
               })),
       KernelsWhen(
           [](const Attrs& a) { return a.As<FullyConnectedAttrs>().no_bias; },
           KernelsFor(FloatTypes(), []<typename T>() {
             return KernelOf<Multiply<FullyConnectedAttrs, T>,
                             PrepareFullyConnected<T>>();
           }))});
}

OpDef FullyConnectedOp() {
  return {
      .name = "FullyConnected",
      .aliases = {"_npx_fully_connected", "_sparse_FullyConnected"},
      .doc = R"(out = data * transpose(weight) + bias
The rows of data are the rest of its first axis, or its last axis.)",
      .attrs = AttrsTypeOf<FullyConnectedAttrs>(),
      .inputs = FullyConnectedInputs,
      .shape = InferFullyConnected,
      .gradient = FullyConnectedGradient,
      .kernels = FullyConnectedKernels(),
  };
}

OpDef GradOfDataOp() {
  return {
      .name = "_backward_FullyConnected_data",
      .doc = "The gradient of FullyConnected with respect to data.",
      .attrs = AttrsTypeOf<FullyConnectedAttrs>(),
      .inputs = {"head", "weight", {"data", Access::kUnread}},
      .shape = InferLike,
      .gradient = GradOfDataGradient,
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<MultiplyLike<FullyConnectedAttrs, T>,
                                       PrepareGradOfData<T>>();
                     }),
  };
}

OpDef GradOfWeightOp() {
  return {
      .name = "_backward_FullyConnected_weight",
      .doc = "The gradient of FullyConnected with respect to weight.",
      .attrs = AttrsTypeOf<FullyConnectedAttrs>(),
      .inputs = {"head", "data", {"weight", Access::kUnread}},
      .shape = InferLike,
      .gradient = GradOfWeightGradient,
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<MultiplyLike<FullyConnectedAttrs, T>,
                                       PrepareGradOfWeight<T>>();
                     }),
  };
}

}  // namespace

namespace op {

Symbol FullyConnected(Symbol data, Symbol weight, Symbol bias,
                      const FullyConnectedAttrs& attrs, NodeOptions options) {
  if (attrs.no_bias && bias.omitted()) {
    return Compose("FullyConnected", {data, weight}, attrs, std::move(options));
  }
  return Compose("FullyConnected", {data, weight, bias}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> FullyConnectedOps() {
  return {FullyConnectedOp(), GradOfDataOp(), GradOfWeightOp()};
}

}  // namespace minnow
