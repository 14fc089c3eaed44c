#include "minnow/ops/slice.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/move.h"
#include "minnow/ops/slice_csr.h"

namespace minnow {

AxisRange SliceRange(const SliceAttrs& a, size_t axis, int64_t size) {
  AxisRange range = {.begin = 0, .step = 1, .size = size};
  if (axis >= a.begin.get().size()) return range;
  if (axis < a.step.size()) range.step = a.step[axis].value_or(1);
  const bool forward = range.step > 0;
  // Where the walk may stand, and where it starts and ends by itself.
  const int64_t low = forward ? 0 : -1;
  const int64_t high = forward ? size : size - 1;
  const auto bound = [&](const std::optional<int64_t>& given,
                         int64_t otherwise) {
    if (!given.has_value()) return otherwise;
    return std::clamp(*given < 0 ? *given + size : *given, low, high);
  };
  range.begin = bound(a.begin.get()[axis], forward ? low : high);
  const int64_t end = bound(a.end.get()[axis], forward ? high : low);
  const int64_t distance = forward ? end - range.begin : range.begin - end;
  // Without a negation, which -2^63 lacks.
  const uint64_t stride = forward
                              ? static_cast<uint64_t>(range.step)
                              : uint64_t{0} - static_cast<uint64_t>(range.step);
  range.size = distance <= 0
                   ? 0
                   : static_cast<int64_t>(
                         (static_cast<uint64_t>(distance) - 1) / stride + 1);
  if (range.size == 0) range.begin = 0;
  // A single element has no neighbour, and its step may be anything.
  if (range.size <= 1) range.step = 1;
  return range;
}

namespace {

// slice ----------------------------------------------------------------------

absl::Status CheckBounds(const SliceAttrs& a, size_t rank) {
  const size_t count = a.begin.get().size();
  const auto check = [&](absl::string_view name, const SliceBounds& bounds) {
    if (bounds.size() == count) return absl::OkStatus();
    return BadAttr(name, absl::StrCat("as many numbers as begin has, ", count),
                   static_cast<int64_t>(bounds.size()));
  };
  MINNOW_RETURN_IF_ERROR(check("end", a.end));
  if (!a.step.empty()) MINNOW_RETURN_IF_ERROR(check("step", a.step));
  if (count > rank) {
    return BadAttr(
        "begin", absl::StrCat("at most one number for each of ", rank, " axes"),
        static_cast<int64_t>(count));
  }
  for (const std::optional<int64_t>& step : a.step) {
    if (step == int64_t{0}) return BadAttr("step", "no 0", 0);
  }
  return absl::OkStatus();
}

absl::StatusOr<Shape> SliceShape(const Attrs& attrs,
                                 absl::Span<const Shape> inputs) {
  const auto& a = attrs.As<SliceAttrs>();
  Shape out = inputs[0];
  if (!out.known_rank()) return out;
  MINNOW_RETURN_IF_ERROR(CheckBounds(a, out.rank()));
  for (size_t i = 0; i < a.begin.get().size(); ++i) {
    if (out[i] != Shape::kUnknown) out.set(i, SliceRange(a, i, out[i]).size);
  }
  return out;
}

StridedLayout SliceLayout(const SliceAttrs& a, const Shape& data) {
  StridedLayout from = StridedLayout::Of(data);
  for (size_t i = 0; i < a.begin.get().size(); ++i) {
    from.Slice(i, SliceRange(a, i, data[i]));
  }
  return from;
}

MoveView ViewSlice(const Attrs& attrs, absl::Span<const Shape> shapes) {
  return {shapes.back(), SliceLayout(attrs.As<SliceAttrs>(), shapes[0])};
}

constexpr char kSlice[] = "slice";
using SliceView = ViewOp<kSlice, SliceAttrs, SliceShape, ViewSlice>;

OpDef SliceOp() {
  OpDef op = SliceView::Forward(
      "out[i, j, ...] = data[begin[0] + step[0] * i, begin[1] + step[1] * j, "
      "...]\n"
      "Of a csr array without steps, a csr array.");
  op.aliases = {"_npi_slice", "_npx_slice", "_sparse_slice", "crop"};
  op.kernels = Joined({op.kernels, SliceCsrKernels()});
  return op;
}

// Assignments ----------------------------------------------------------------

absl::Status InferAssign(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  MINNOW_ASSIGN_OR_RETURN(Shape part,
                          SliceShape(node.untyped_attrs(), {node.input(0)}));
  return node.MergeInput(1, part);
}

absl::StatusOr<MovePlan> PlanAssign(const Attrs& attrs,
                                    absl::Span<const Shape> shapes) {
  MovePlan plan;
  plan.CopyAll(0, 2, shapes[0]);
  plan.steps.push_back(
      {1, 2,
       PlanCopy(shapes[1], StridedLayout::Of(shapes[1]),
                SliceLayout(attrs.As<SliceAttrs>(), shapes[0]))});
  return plan;
}

SliceAssignScalarAttrs ZeroPart(const SliceAttrs& a) {
  return {.begin = a.begin, .end = a.end, .step = a.step};
}

OpDef SliceAssignOp() {
  return {
      .name = "_slice_assign",
      .aliases = {"_crop_assign", "_npi_slice_assign"},
      .doc = "out = lhs, but rhs in the places that slice reads",
      .attrs = AttrsTypeOf<SliceAttrs>(),
      .inputs = {"lhs", "rhs"},
      .shape = InferAssign,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const SliceAttrs a = node.attrs<SliceAttrs>();
        return {op::SliceAssignScalar(node.head(0), ZeroPart(a)),
                op::Slice(node.head(0), a)};
      },
      .kernels = MoveKernels<PlanAssign>({kMoveIn, kMoveIn, kMoveOut}),
  };
}

SliceAttrs PartOf(const SliceAssignScalarAttrs& a) {
  return {.begin = a.begin, .end = a.end, .step = a.step};
}

absl::Status InferAssignScalar(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(SameShape(node));
  return SliceShape(PartOf(node.attrs<SliceAssignScalarAttrs>()),
                    {node.input(0)})
      .status();
}

absl::StatusOr<MovePlan> PlanAssignScalar(const Attrs& attrs,
                                          absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<SliceAssignScalarAttrs>();
  MINNOW_ASSIGN_OR_RETURN(Shape part, SliceShape(PartOf(a), {shapes[0]}));
  MovePlan plan;
  plan.fill = a.scalar;
  plan.CopyAll(0, 1, shapes[0]);
  plan.Fill(1, part, SliceLayout(PartOf(a), shapes[0]));
  return plan;
}

OpDef SliceAssignScalarOp() {
  return {
      .name = "_slice_assign_scalar",
      .aliases = {"_crop_assign_scalar", "_npi_slice_assign_scalar"},
      .doc = "out = data, but scalar in the places that slice reads",
      .attrs = AttrsTypeOf<SliceAssignScalarAttrs>(),
      .inputs = {"data"},
      .shape = InferAssignScalar,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        SliceAssignScalarAttrs a = node.attrs<SliceAssignScalarAttrs>();
        a.scalar = 0;
        return {op::SliceAssignScalar(node.head(0), a)};
      },
      .inplace = {{0, 0}},
      .kernels = MoveKernels<PlanAssignScalar>({kMoveIn, kMoveOut}),
  };
}

// slice_axis -----------------------------------------------------------------

absl::StatusOr<AxisRange> ReadAxisRange(const SliceAxisAttrs& a, int64_t size) {
  const auto from_end = [size](int64_t x) { return x < 0 ? x + size : x; };
  const int64_t begin = from_end(a.begin);
  const int64_t end = from_end(a.end.get().value_or(size));
  if (begin < 0 || begin >= size) {
    return BadAttr("begin", absl::StrCat("an index of ", size), a.begin);
  }
  if (end <= begin || end > size) {
    return BadAttr("end",
                   absl::StrCat("more than ", begin, " and at most ", size),
                   a.end.get().value_or(size));
  }
  return AxisRange{.begin = begin, .step = 1, .size = end - begin};
}

absl::StatusOr<Shape> SliceAxisShape(const Attrs& attrs,
                                     absl::Span<const Shape> inputs) {
  const auto& a = attrs.As<SliceAxisAttrs>();
  Shape out = inputs[0];
  if (!out.known_rank()) return out;
  MINNOW_ASSIGN_OR_RETURN(size_t axis, ReadAxis("axis", a.axis, out.rank()));
  if (out[axis] == Shape::kUnknown) return out;
  MINNOW_ASSIGN_OR_RETURN(AxisRange range, ReadAxisRange(a, out[axis]));
  out.set(axis, range.size);
  return out;
}

MoveView ViewSliceAxis(const Attrs& attrs, absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<SliceAxisAttrs>();
  StridedLayout from = StridedLayout::Of(shapes[0]);
  const size_t axis = *ResolveAxis(a.axis, shapes[0].rank());
  from.Slice(axis, *ReadAxisRange(a, shapes[0][axis]));
  return {shapes.back(), from};
}

constexpr char kSliceAxis[] = "slice_axis";
using SliceAxisView =
    ViewOp<kSliceAxis, SliceAxisAttrs, SliceAxisShape, ViewSliceAxis>;

// slice_like -----------------------------------------------------------------

absl::StatusOr<Shape> SliceLikeShape(const Attrs& attrs,
                                     absl::Span<const Shape> inputs) {
  const auto& a = attrs.As<SliceLikeAttrs>();
  Shape out = inputs[0];
  const Shape& like = inputs[1];
  if (!out.known_rank() || !like.known_rank()) return Shape();
  std::vector<int64_t> axes = a.axes;
  if (axes.empty()) {
    if (out.rank() != like.rank()) {
      return absl::InvalidArgumentError(
          absl::StrCat("argument 'shape_like': expected rank ", out.rank(),
                       ", as that of data, found ", like.ToString()));
    }
    for (size_t i = 0; i < out.rank(); ++i) {
      axes.push_back(static_cast<int64_t>(i));
    }
  }
  for (int64_t given : axes) {
    MINNOW_ASSIGN_OR_RETURN(size_t axis, ReadAxis("axes", given, out.rank()));
    MINNOW_ASSIGN_OR_RETURN(size_t other, ReadAxis("axes", given, like.rank()));
    const int64_t from = inputs[0][axis];
    const int64_t to = like[other];
    if (from != Shape::kUnknown && to > from) {
      return absl::InvalidArgumentError(absl::StrCat(
          "argument 'shape_like': expected a dimension of at most ", from,
          " in axis ", given, ", found ", like.ToString()));
    }
    out.set(axis, to);
  }
  return out;
}

MoveView ViewSliceLike(const Attrs&, absl::Span<const Shape> shapes) {
  return {shapes.back(), StridedLayout::Of(shapes[0])};
}

constexpr char kSliceLike[] = "slice_like";
using SliceLikeView =
    ViewOp<kSliceLike, SliceLikeAttrs, SliceLikeShape, ViewSliceLike, 2>;

}  // namespace

namespace op {

Symbol Slice(Symbol data, const SliceAttrs& attrs, NodeOptions options) {
  return Compose("slice", {data}, attrs, std::move(options));
}

Symbol SliceAxis(Symbol data, const SliceAxisAttrs& attrs,
                 NodeOptions options) {
  return Compose("slice_axis", {data}, attrs, std::move(options));
}

Symbol SliceLike(Symbol data, Symbol shape_like, const SliceLikeAttrs& attrs,
                 NodeOptions options) {
  return Compose("slice_like", {data, shape_like}, attrs, std::move(options));
}

Symbol SliceAssign(Symbol lhs, Symbol rhs, const SliceAttrs& attrs,
                   NodeOptions options) {
  return Compose("_slice_assign", {lhs, rhs}, attrs, std::move(options));
}

Symbol SliceAssignScalar(Symbol data, const SliceAssignScalarAttrs& attrs,
                         NodeOptions options) {
  return Compose("_slice_assign_scalar", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> SliceOps() {
  return {SliceOp(),
          SliceView::Backward(),
          SliceAxisView::Forward(
              "out[..., i, ...] = data[..., begin + i, ...], in the axis"),
          SliceAxisView::Backward(),
          SliceLikeView::Forward(
              "out = the first elements of data, as many as shape_like has in "
              "each axis"),
          SliceLikeView::Backward(),
          SliceAssignOp(),
          SliceAssignScalarOp()};
}

}  // namespace minnow
