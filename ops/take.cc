#include "minnow/ops/take.h"

#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/row_gather.h"

namespace minnow {
namespace {

absl::StatusOr<size_t> TakeAxis(const TakeAttrs& attrs, size_t rank) {
  const absl::StatusOr<size_t> axis = ResolveAxis(attrs.axis, rank);
  if (!axis.ok()) return Annotate(axis.status(), "attribute 'axis'");
  return axis;
}

absl::StatusOr<Lines> PrepareTake(const Attrs& attrs,
                                  absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(size_t axis,
                          TakeAxis(attrs.As<TakeAttrs>(), shapes[0].rank()));
  return LinesAlong(shapes[0], axis);
}

// Of (head, indices, a).
absl::StatusOr<RowGradientPlan> PrepareBackward(
    const Attrs& attrs, absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(const Lines lines,
                          PrepareTake(attrs, shapes.subspan(2)));
  return PlanRowGradient(lines, shapes[1].num_elements());
}

absl::Status Take(const RunContext& context, const TakeAttrs& attrs,
                  const Lines& lines, AnyIn<0> a, AnyIn<1> indices,
                  AnyOut<0> out) {
  MINNOW_RETURN_IF_ERROR(
      CheckRowIds("indices", IdsOf(indices), lines.size, attrs.mode));
  GatherRows(*context.threads, lines, attrs.mode, IdsOf(indices),
             DTypeSize(a.dtype), a.data, out.data);
  return absl::OkStatus();
}

// Of the third argument only the shape matters.
absl::Status TakeBackward(const RunContext& context, const TakeAttrs& attrs,
                          const RowGradientPlan& plan, AnyIn<0> head,
                          AnyIn<1> indices, AnyIn<0>, AnyOut<0> grad) {
  MINNOW_RETURN_IF_ERROR(
      CheckRowIds("indices", IdsOf(indices), plan.lines.size, attrs.mode));
  RowGradient(context, plan, attrs.mode, IdsOf(indices), head.dtype, head.data,
              grad.data);
  return absl::OkStatus();
}

// A line of `a` is an array of its own: the indices say where in each.
absl::StatusOr<Lines> PrepareBatchTake(const Attrs&,
                                       absl::Span<const Shape> shapes) {
  return LinesAlong(shapes[0], shapes[0].rank() - 1);
}

absl::Status BatchTake(const RunContext& context, const NoAttrs&,
                       const Lines& lines, AnyIn<0> a, AnyIn<1> indices,
                       AnyOut<0> out) {
  const Ids ids = IdsOf(indices);
  MINNOW_RETURN_IF_ERROR(
      CheckRowIds("indices", ids, lines.size, TakeMode::kClip));
  ParallelFor(*context.threads, out.size, int64_t{1} << 13,
              [&](int64_t begin, int64_t end) {
                constexpr int64_t kTile = 512;
                int64_t columns[kTile];
                for (int64_t i = begin; i < end; i += kTile) {
                  const int64_t count = std::min(kTile, end - i);
                  LoadRows(ids, TakeMode::kClip, lines.size, i, count, columns);
                  VisitSize(a.element_size(), [&]<typename U>() {
                    for (int64_t k = 0; k < count; ++k) {
                      out.as<U>()[i + k] =
                          a.as<U>()[(i + k) * lines.size + columns[k]];
                    }
                  });
                }
              });
  return absl::OkStatus();
}

// The shape of the output, from `a` and the indices; `a` is input `data`.
absl::StatusOr<Shape> TakenShape(ShapeInference& node, size_t data) {
  const Shape& a = node.input(data);
  const Shape& indices = node.input(1);
  if (a.rank() < 1) return node.InputError(data, "one dimension or more");
  MINNOW_ASSIGN_OR_RETURN(const size_t axis,
                          TakeAxis(node.attrs<TakeAttrs>(), a.rank()));
  if (a[axis] == 0 && indices.known() && indices.num_elements() > 0) {
    return node.InputError(data, "an axis with elements to take from");
  }
  Shape out = Shape::Scalar();
  for (size_t i = 0; i < axis; ++i) out.push_back(a[i]);
  for (size_t i = 0; i < indices.rank(); ++i) out.push_back(indices[i]);
  for (size_t i = axis + 1; i < a.rank(); ++i) out.push_back(a[i]);
  return out;
}

absl::Status InferTake(ShapeInference& node) {
  if (!node.input(0).known_rank() || !node.input(1).known_rank()) {
    return absl::OkStatus();
  }
  MINNOW_ASSIGN_OR_RETURN(const Shape out, TakenShape(node, 0));
  return node.MergeOutput(0, out);
}

absl::Status InferBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(2)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(2, node.output(0)));
  if (!node.input(2).known_rank() || !node.input(1).known_rank()) {
    return absl::OkStatus();
  }
  MINNOW_ASSIGN_OR_RETURN(const Shape head, TakenShape(node, 2));
  return node.MergeInput(0, head);
}

absl::Status InferBatchTake(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
  const Shape& a = node.input(0);
  if (!a.known_rank()) return absl::OkStatus();
  if (a.rank() < 2) return node.InputError(0, "two dimensions or more");
  const Shape& indices = node.input(1);
  if (!indices.known_rank()) {
    Shape lines = Shape::Scalar();
    for (size_t i = 0; i + 1 < a.rank(); ++i) lines.push_back(a[i]);
    MINNOW_RETURN_IF_ERROR(node.MergeInput(1, lines));
    return node.MergeOutput(0, lines);
  }
  if (!a.known() || !indices.known()) return absl::OkStatus();
  const int64_t lines = a.num_elements(0, a.rank() - 1);
  if (indices.num_elements() != lines) {
    return node.InputError(
        1, absl::StrCat("an index for each of ", lines, " lines of 'a'"));
  }
  if (a[a.rank() - 1] == 0 && lines > 0) {
    return node.InputError(0, "a last axis with elements to take from");
  }
  return absl::OkStatus();
}

OpDef TakeOp() {
  return {
      .name = "take",
      .aliases = {"_npi_take"},
      .doc = "out[..., i, ...] = a[..., indices[i], ...], along the axis",
      .attrs = AttrsTypeOf<TakeAttrs>(),
      .inputs = {"a", "indices"},
      .shape = InferTake,
      .dtype = SameDTypeButIds,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("_backward_take",
                        {node.head(0), node.input(1), node.input(0)},
                        node.untyped_attrs()),
                Symbol{}};
      },
      .kernels = AnyKernels<Take, PrepareTake>(AllTypes(), NumberTypes()),
      .fails_on_data = true,
  };
}

OpDef TakeBackwardOp() {
  return {
      .name = "_backward_take",
      .doc =
          "grad[..., k, ...] = the sum of head[..., i, ...] with indices[i] = "
          "k, in the shape of a",
      .attrs = AttrsTypeOf<TakeAttrs>(),
      .inputs = {"head", "indices", {"a", Access::kUnread}},
      .outputs = {"grad"},
      .shape = InferBackward,
      .dtype = SameDTypeButIds,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("take", {node.head(0), node.input(1)},
                        node.untyped_attrs()),
                Symbol{}, Symbol{}};
      },
      .kernels = AnyKernels<TakeBackward, PrepareBackward>(FloatTypes(),
                                                           NumberTypes()),
      .fails_on_data = true,
  };
}

OpDef BatchTakeOp() {
  return {
      .name = "batch_take",
      .doc = "out[i...] = a[i..., indices[i...]], clipped to the last axis",
      .inputs = {"a", "indices"},
      .shape = InferBatchTake,
      .dtype = SameDTypeButIds,
      .kernels =
          AnyKernels<BatchTake, PrepareBatchTake>(NumberTypes(), RowIdTypes()),
      .fails_on_data = true,
  };
}

}  // namespace

namespace op {

Symbol Take(Symbol a, Symbol indices, const TakeAttrs& attrs,
            NodeOptions options) {
  return Compose("take", {a, indices}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> TakeOps() {
  return {TakeOp(), TakeBackwardOp(), BatchTakeOp()};
}

}  // namespace minnow
