#include "minnow/ops/embedding.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/row_gather.h"

namespace minnow {
namespace {

Lines RowsOf(const EmbeddingAttrs& attrs) {
  return {1, attrs.input_dim, attrs.output_dim};
}

absl::Status EmbeddingDense(const RunContext& context,
                            const EmbeddingAttrs& attrs, AnyIn<1> data,
                            AnyIn<0> weight, AnyOut<0> out) {
  const Ids ids = IdsOf(data);
  MINNOW_RETURN_IF_ERROR(
      CheckRowIds("data", ids, attrs.input_dim, TakeMode::kClip));
  GatherRows(*context.threads, RowsOf(attrs), TakeMode::kClip, ids,
             weight.element_size(), weight.data, out.data);
  return absl::OkStatus();
}

// As in MXNet, ids are not clipped here.
absl::Status EmbeddingTable(const RunContext& context,
                            const EmbeddingAttrs& attrs, AnyIn<1> data,
                            AnyRowTableIn<0> weight, AnyOut<0> out) {
  const Ids ids = IdsOf(data);
  MINNOW_RETURN_IF_ERROR(CheckRowIds("data", ids, attrs.input_dim));
  GatherTableRows(*context.threads, TakeMode::kRaise, ids, weight.row_bytes(),
                  *weight.array, attrs.input_dim, out.data);
  return absl::OkStatus();
}

absl::StatusOr<RowGradientPlan> PrepareBackward(
    const Attrs& attrs, absl::Span<const Shape> shapes) {
  return PlanRowGradient(RowsOf(attrs.As<EmbeddingAttrs>()),
                         shapes[1].num_elements());
}

absl::Status DenseBackward(const RunContext& context,
                           const EmbeddingAttrs& attrs,
                           const RowGradientPlan& plan, AnyIn<0> head,
                           AnyIn<1> data, AnyOut<0> grad) {
  const Ids ids = IdsOf(data);
  MINNOW_RETURN_IF_ERROR(
      CheckRowIds("data", ids, attrs.input_dim, TakeMode::kClip));
  RowGradient(context, plan, TakeMode::kClip, ids, head.dtype, head.data,
              grad.data);
  return absl::OkStatus();
}

absl::Status SparseBackward(const RunContext& context,
                            const EmbeddingAttrs& attrs,
                            const RowGradientPlan& plan, AnyIn<0> head,
                            AnyIn<1> data, AnyRowSparseOut<0> grad) {
  const Ids ids = IdsOf(data);
  MINNOW_RETURN_IF_ERROR(CheckRowIds("data", ids, attrs.input_dim));
  return SparseRowGradient(context, plan, TakeMode::kRaise, ids, head.dtype,
                           head.data, *grad.array);
}

bool HasSparseGradient(const Attrs& attrs) {
  return attrs.As<EmbeddingAttrs>().sparse_grad;
}

std::vector<Kernel> EmbeddingKernels() {
  return Joined({AnyKernels<EmbeddingDense>(NumberTypes(), NumberTypes()),
                 AnyKernels<EmbeddingTable>(NumberTypes(), NumberTypes())});
}

std::vector<Kernel> BackwardKernels() {
  return Joined({AnyKernels<SparseBackward, PrepareBackward>(
                     FloatTypes(), NumberTypes(), HasSparseGradient),
                 AnyKernels<DenseBackward, PrepareBackward>(FloatTypes(),
                                                            NumberTypes())});
}

absl::Status CheckDims(const EmbeddingAttrs& attrs) {
  for (const auto& [name, dim] :
       {std::pair("input_dim", attrs.input_dim.get()),
        std::pair("output_dim", attrs.output_dim.get())}) {
    if (dim >= 1) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute '", name, "': expected 1 or more, found ", dim));
  }
  return absl::OkStatus();
}

// The output, from the ids.
Shape RowsShape(Shape ids, const EmbeddingAttrs& attrs) {
  ids.push_back(attrs.output_dim);
  return ids;
}

// The ids, from the output.
absl::StatusOr<Shape> IdsShape(const Shape& out) {
  if (out.rank() < 1) {
    return absl::InvalidArgumentError(
        "expected rows of one dimension or more, found a scalar");
  }
  Shape ids = Shape::Scalar();
  for (size_t i = 0; i + 1 < out.rank(); ++i) ids.push_back(out[i]);
  return ids;
}

absl::Status InferEmbedding(ShapeInference& node) {
  const auto& attrs = node.attrs<EmbeddingAttrs>();
  MINNOW_RETURN_IF_ERROR(CheckDims(attrs));
  MINNOW_RETURN_IF_ERROR(
      node.MergeInput(1, {attrs.input_dim, attrs.output_dim}));
  if (node.output(0).known_rank()) {
    MINNOW_ASSIGN_OR_RETURN(const Shape ids, IdsShape(node.output(0)));
    MINNOW_RETURN_IF_ERROR(node.MergeInput(0, ids));
  }
  if (!node.input(0).known_rank()) return absl::OkStatus();
  return node.MergeOutput(0, RowsShape(node.input(0), attrs));
}

absl::Status InferBackward(ShapeInference& node) {
  const auto& attrs = node.attrs<EmbeddingAttrs>();
  MINNOW_RETURN_IF_ERROR(CheckDims(attrs));
  MINNOW_RETURN_IF_ERROR(
      node.MergeOutput(0, {attrs.input_dim, attrs.output_dim}));
  if (node.input(0).known_rank()) {
    MINNOW_ASSIGN_OR_RETURN(const Shape ids, IdsShape(node.input(0)));
    MINNOW_RETURN_IF_ERROR(node.MergeInput(1, ids));
  }
  if (!node.input(1).known_rank()) return absl::OkStatus();
  return node.MergeInput(0, RowsShape(node.input(1), attrs));
}

// The ids have a type of their own. Input `rows` and the output have one type.
absl::Status InferTypes(DTypeInference& node, size_t rows) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(rows)));
  return node.MergeInput(rows, node.output(0));
}

absl::Status InferEmbeddingTypes(DTypeInference& node) {
  MINNOW_RETURN_IF_ERROR(InferTypes(node, 1));
  const DType dtype = node.attrs<EmbeddingAttrs>().dtype;
  // What is not known becomes float32 anyway, if nothing else is found out.
  if (node.input(1).has_value() || dtype == DType::kFloat32) {
    return absl::OkStatus();
  }
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, dtype));
  return node.MergeOutput(0, dtype);
}

std::vector<Symbol> GradientOf(const GradientContext& node, bool sparse) {
  if (node.wanted(0)) {
    return {node.builder().Fail(absl::InvalidArgumentError(
        "Embedding: argument 'data': expected ids, which have no gradient; "
        "found that theirs is asked for"))};
  }
  auto attrs = node.attrs<EmbeddingAttrs>();
  attrs.sparse_grad |= sparse;
  return {Symbol{},
          Compose("_backward_Embedding", {node.head(0), node.input(0)}, attrs)};
}

OpDef EmbeddingOp() {
  return {
      .name = "Embedding",
      .aliases = {"_npx_embedding", "_sparse_Embedding"},
      .doc = "out[i...] = weight[data[i...]]",
      .attrs = AttrsTypeOf<EmbeddingAttrs>(),
      .inputs = {"data", "weight"},
      .shape = InferEmbedding,
      .dtype = InferEmbeddingTypes,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return GradientOf(node, /*sparse=*/false);
      },
      .kernels = EmbeddingKernels(),
      .fails_on_data = true,
  };
}

OpDef SparseEmbeddingOp() {
  OpDef op = EmbeddingOp();
  op.name = "_contrib_SparseEmbedding";
  op.aliases.clear();
  op.doc = "Embedding with sparse_grad, whatever that says";
  op.gradient = [](const GradientContext& node) -> std::vector<Symbol> {
    return GradientOf(node, /*sparse=*/true);
  };
  return op;
}

OpDef EmbeddingBackwardOp() {
  return {
      .name = "_backward_Embedding",
      .doc =
          "grad[k] = the sum of head[i...] with data[i...] = k\n"
          "Added in the order of i; 16-bit elements in float32, rounded once.",
      .attrs = AttrsTypeOf<EmbeddingAttrs>(),
      .inputs = {"head", "data"},
      .outputs = {"grad"},
      .shape = InferBackward,
      .dtype = [](DTypeInference& node) { return InferTypes(node, 0); },
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("Embedding", {node.input(1), node.head(0)},
                        node.untyped_attrs()),
                Symbol{}};
      },
      .kernels = BackwardKernels(),
      .fails_on_data = true,
  };
}

}  // namespace

namespace op {

Symbol Embedding(Symbol data, Symbol weight, const EmbeddingAttrs& attrs,
                 NodeOptions options) {
  return Compose("Embedding", {data, weight}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> EmbeddingOps() {
  return {EmbeddingOp(), SparseEmbeddingOp(), EmbeddingBackwardOp()};
}

}  // namespace minnow
