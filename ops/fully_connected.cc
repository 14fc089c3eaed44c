#include "minnow/ops/fully_connected.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/linear_layer.h"
#include "minnow/ops/product.h"

namespace minnow {
namespace {

struct FullyConnectedLayer {
  using Attrs = FullyConnectedAttrs;
  static constexpr char kName[] = "FullyConnected";
  static constexpr char kGradOfData[] = "_backward_FullyConnected_data";
  static constexpr char kGradOfWeight[] = "_backward_FullyConnected_weight";
  static constexpr int64_t kBiasAxis = -1;
};

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

OpDef FullyConnectedOp() {
  return {
      .name = "FullyConnected",
      .aliases = {"_npx_fully_connected", "_sparse_FullyConnected"},
      .doc = R"(out = data * transpose(weight) + bias
The rows of data are the rest of its first axis, or its last axis.)",
      .attrs = AttrsTypeOf<FullyConnectedAttrs>(),
      .inputs = LinearLayerInputs<FullyConnectedLayer>,
      .shape = InferFullyConnected,
      .gradient = LinearLayerGradient<FullyConnectedLayer>,
      .kernels = LinearLayerKernels<FullyConnectedLayer>(
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return ProductKernelOf<FullyConnected<T>,
                                              PrepareFullyConnected<T>,
                                              KeepFactor<T>>();
                     }),
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return ProductKernelOf<Multiply<FullyConnectedAttrs, T>,
                                              PrepareFullyConnected<T>,
                                              KeepFactor<T>>();
                     })),
  };
}

OpDef GradOfData() {
  OpDef op = GradOfDataOp<FullyConnectedLayer>();
  op.shape = InferLike;
  op.kernels = KernelsFor(FloatTypes(), []<typename T>() {
    return ProductKernelOf<MultiplyLike<FullyConnectedAttrs, T>,
                           PrepareGradOfData<T>, KeepFactor<T>>();
  });
  return op;
}

OpDef GradOfWeight() {
  OpDef op = GradOfWeightOp<FullyConnectedLayer>();
  op.shape = InferLike;
  op.kernels = KernelsFor(FloatTypes(), []<typename T>() {
    return ProductKernelOf<MultiplyLike<FullyConnectedAttrs, T>,
                           PrepareGradOfWeight<T>>();
  });
  return op;
}

}  // namespace

namespace op {

Symbol FullyConnected(Symbol data, Symbol weight, Symbol bias,
                      const FullyConnectedAttrs& attrs, NodeOptions options) {
  return ComposeLinearLayer<FullyConnectedLayer>(data, weight, bias, attrs,
                                                 std::move(options));
}

}  // namespace op

std::vector<OpDef> FullyConnectedOps() {
  return {FullyConnectedOp(), GradOfData(), GradOfWeight()};
}

}  // namespace minnow
