#include "minnow/ops/pick.h"

#include <algorithm>

#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/row_ids.h"

namespace minnow {
namespace {

constexpr int64_t kGrain = 1 << 13;

absl::StatusOr<size_t> PickAxis(const PickAttrs& attrs, size_t rank) {
  if (!attrs.axis.has_value()) {
    return absl::InvalidArgumentError(
        "attribute 'axis': expected int, found None");
  }
  const absl::StatusOr<size_t> axis = ResolveAxis(*attrs.axis, rank);
  if (!axis.ok()) return Annotate(axis.status(), "attribute 'axis'");
  return axis;
}

// The place of the element that the line's index picks.
int64_t PickedAt(const Lines& lines, PickMode mode, int64_t line,
                 int64_t index) {
  if (mode == PickMode::kClip) {
    index = std::clamp<int64_t>(index, 0, lines.size - 1);
  } else {
    index %= lines.size;
    if (index < 0) index += lines.size;
  }
  return lines.First(line) + index * lines.inner;
}

absl::StatusOr<Lines> PreparePick(const Attrs& attrs,
                                  absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(size_t axis,
                          PickAxis(attrs.As<PickAttrs>(), shapes[0].rank()));
  return LinesAlong(shapes[0], axis);
}

// Of (head, index, data).
absl::StatusOr<Lines> PrepareBackward(const Attrs& attrs,
                                      absl::Span<const Shape> shapes) {
  return PreparePick(attrs, shapes.subspan(2));
}

template <typename T, typename Index>
absl::Status Pick(const RunContext& context, const PickAttrs& attrs,
                  const Lines& lines, Dense<const T> data,
                  Dense<const Index> index, Dense<T> out) {
  ParallelFor(*context.threads, out.size(), kGrain,
              [&](int64_t begin, int64_t end) {
                for (int64_t l = begin; l < end; ++l) {
                  out.data()[l] = data.data()[PickedAt(
                      lines, attrs.mode, l, Convert<int64_t>(index.data()[l]))];
                }
              });
  return absl::OkStatus();
}

// Of the third argument only the shape matters.
template <typename T, typename Index>
absl::Status PickBackward(const RunContext& context, const PickAttrs& attrs,
                          const Lines& lines, Dense<const T> head,
                          Dense<const Index> index, Dense<const T>,
                          Dense<T> grad) {
  ParallelFor(*context.threads, grad.size(), int64_t{1} << 16,
              [&](int64_t begin, int64_t end) {
                std::fill(grad.data() + begin, grad.data() + end,
                          static_cast<T>(0.0f));
              });
  ParallelFor(*context.threads, head.size(), kGrain,
              [&](int64_t begin, int64_t end) {
                for (int64_t l = begin; l < end; ++l) {
                  grad.data()[PickedAt(lines, attrs.mode, l,
                                       Convert<int64_t>(index.data()[l]))] =
                      head.data()[l];
                }
              });
  return absl::OkStatus();
}

// `data` and `index` are inputs of these numbers.
absl::StatusOr<Shape> InferIndex(ShapeInference& node, size_t data_input) {
  const auto& a = node.attrs<PickAttrs>();
  const Shape& data = node.input(data_input);
  MINNOW_ASSIGN_OR_RETURN(size_t axis, PickAxis(a, data.rank()));
  Shape without = Shape::Scalar();
  for (size_t i = 0; i < data.rank(); ++i) {
    if (i != axis) without.push_back(data[i]);
  }
  if (data.rank() == 1) without = {1};
  Shape with = data;
  with.set(axis, 1);
  if (data[axis] == 0 && without.known() && without.num_elements() > 0) {
    return node.InputError(data_input, "an axis with elements to pick from");
  }
  const Shape& index = node.input(1);
  const bool index_has_axis = index.known_rank() && index.rank() == data.rank();
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, index_has_axis ? with : without));
  return a.keepdims ? with : without;
}

absl::Status InferPick(ShapeInference& node) {
  if (!node.input(0).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(Shape out, InferIndex(node, 0));
  return node.MergeOutput(0, out);
}

absl::Status InferBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(2)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(2, node.output(0)));
  if (!node.input(2).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(Shape head, InferIndex(node, 2));
  return node.MergeInput(0, head);
}

OpDef PickOp() {
  return {
      .name = "pick",
      .aliases = {"_npx_pick", "choose_element_0index"},
      .doc = "out[i...] = data[i..., index[i...]], along the axis",
      .attrs = AttrsTypeOf<PickAttrs>(),
      .inputs = {"data", "index"},
      .shape = InferPick,
      .dtype = SameDTypeButIds,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("_backward_pick",
                        {node.head(0), node.input(1), node.input(0)},
                        node.untyped_attrs()),
                Symbol{}};
      },
      .kernels = KernelsForIds<NumberTypes>(
          NumberTypes(),
          []<typename T, typename Index>() {
            return KernelOf<Pick<T, Index>, PreparePick>();
          }),
  };
}

OpDef PickBackwardOp() {
  return {
      .name = "_backward_pick",
      .doc =
          "grad[i..., index[i...]] = head[i...], and 0 elsewhere, in the "
          "shape of data",
      .attrs = AttrsTypeOf<PickAttrs>(),
      .inputs = {"head", "index", {"data", Access::kUnread}},
      .outputs = {"grad"},
      .shape = InferBackward,
      .dtype = SameDTypeButIds,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("pick", {node.head(0), node.input(1)},
                        node.untyped_attrs()),
                Symbol{}, Symbol{}};
      },
      .kernels = KernelsForIds<NumberTypes>(
          FloatTypes(),
          []<typename T, typename Index>() {
            return KernelOf<PickBackward<T, Index>, PrepareBackward>();
          }),
  };
}

}  // namespace

namespace op {

Symbol Pick(Symbol data, Symbol index, const PickAttrs& attrs,
            NodeOptions options) {
  return Compose("pick", {data, index}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> PickOps() { return {PickOp(), PickBackwardOp()}; }

}  // namespace minnow
