#include "minnow/ops/repeat.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/move.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/reshape.h"
#include "minnow/ops/shape.h"

namespace minnow {
namespace {

// Unknown if a factor is.
absl::StatusOr<int64_t> Times(absl::string_view name, int64_t dim,
                              int64_t count) {
  if (dim == Shape::kUnknown) return dim;
  if (__builtin_mul_overflow(dim, count, &dim)) {
    return BadAttr(name, "a number of elements that fits into 64 bits", count);
  }
  return dim;
}

// The gradient of copies is their sum: the head is given an axis for the copies
// by `split`, codes of Reshape that are read from the right, and `axes` are
// summed.
Symbol SumOfCopies(const GradientContext& node, std::vector<int64_t> split,
                   std::vector<int64_t> axes) {
  const Symbol copies =
      op::Reshape(node.head(0), {.shape = std::move(split), .reverse = true});
  return op::ReshapeLike(op::Sum(copies, {.axis = std::move(axes)}),
                         node.input(0));
}

// repeat ---------------------------------------------------------------------

absl::StatusOr<Shape> RepeatShape(const Attrs& attrs,
                                  absl::Span<const Shape> inputs) {
  const auto& a = attrs.As<RepeatAttrs>();
  if (a.repeats < 0) return BadAttr("repeats", "0 or more", a.repeats);
  Shape out = inputs[0];
  if (!a.axis.has_value()) {
    if (!out.known()) return Shape{Shape::kUnknown};
    MINNOW_RETURN_IF_ERROR(out.CheckedBytes(DType::kUInt8).status());
    out = Shape{out.num_elements()};
  }
  if (!out.known_rank()) return out;
  MINNOW_ASSIGN_OR_RETURN(size_t axis,
                          ReadAxis("axis", a.axis.value_or(0), out.rank()));
  MINNOW_ASSIGN_OR_RETURN(int64_t size, Times("repeats", out[axis], a.repeats));
  out.set(axis, size);
  return out;
}

MoveView ViewRepeat(const Attrs& attrs, absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<RepeatAttrs>();
  Shape data = shapes[0];
  if (!a.axis.has_value()) data = Shape{data.num_elements()};
  const size_t axis = *ResolveAxis(a.axis.value_or(0), data.rank());
  // An axis for the copies, behind the one that becomes longer.
  MoveView view = {Shape::Scalar(), StridedLayout::Of(data)};
  for (size_t i = 0; i < data.rank(); ++i) {
    view.shape.push_back(data[i]);
    if (i == axis) view.shape.push_back(a.repeats);
  }
  view.from.Insert(axis + 1, 0);
  return view;
}

std::vector<Symbol> RepeatGradient(const GradientContext& node) {
  const RepeatAttrs a = node.attrs<RepeatAttrs>();
  if (a.repeats == 0) return {Symbol{}};
  if (!a.axis.has_value()) return {SumOfCopies(node, {-1, a.repeats}, {-1})};
  const int64_t axis = *a.axis;
  if (axis < 0) {
    // The axis -1 - k becomes -2 - k, and the copies -1 - k.
    std::vector<int64_t> split = {-2, -4, -1, a.repeats};
    split.insert(split.end(), static_cast<size_t>(-1 - axis), 0);
    return {SumOfCopies(node, std::move(split), {axis})};
  }
  std::vector<int64_t> split(static_cast<size_t>(axis), 0);
  for (int64_t code :
       {int64_t{-4}, int64_t{-1}, a.repeats.get(), int64_t{-2}}) {
    split.push_back(code);
  }
  const Symbol copies = op::Reshape(node.head(0), {.shape = split});
  return {op::Sum(copies, {.axis = {{axis + 1}}})};
}

constexpr char kRepeat[] = "repeat";
using RepeatView = ViewOp<kRepeat, RepeatAttrs, RepeatShape, ViewRepeat>;

// tile -----------------------------------------------------------------------

// `count` elements at the end of a list that is filled up in front with 1.
template <typename Dims>
std::vector<int64_t> AlignRight(const Dims& dims, size_t count) {
  std::vector<int64_t> aligned(count - dims.size(), 1);
  aligned.insert(aligned.end(), dims.begin(), dims.end());
  return aligned;
}

absl::StatusOr<Shape> TileShape(const Attrs& attrs,
                                absl::Span<const Shape> inputs) {
  const std::vector<int64_t>& reps = attrs.As<TileAttrs>().reps;
  for (int64_t count : reps) {
    if (count < 0) return BadAttr("reps", "0 or more", count);
  }
  if (!inputs[0].known_rank()) return inputs[0];
  const size_t rank = std::max(inputs[0].rank(), reps.size());
  const std::vector<int64_t> counts = AlignRight(reps, rank);
  Shape out(AlignRight(inputs[0].dims(), rank));
  for (size_t i = 0; i < rank; ++i) {
    MINNOW_ASSIGN_OR_RETURN(int64_t size, Times("reps", out[i], counts[i]));
    out.set(i, size);
  }
  return out;
}

MoveView ViewTile(const Attrs& attrs, absl::Span<const Shape> shapes) {
  const std::vector<int64_t>& reps = attrs.As<TileAttrs>().reps;
  const size_t rank = std::max(shapes[0].rank(), reps.size());
  const std::vector<int64_t> counts = AlignRight(reps, rank);
  const Shape data(AlignRight(shapes[0].dims(), rank));
  const StridedLayout layout = StridedLayout::Of(data);
  // An axis for the copies, in front of each.
  MoveView view = {Shape::Scalar(), {}};
  for (size_t i = 0; i < rank; ++i) {
    view.shape.push_back(counts[i]);
    view.from.strides.push_back(0);
    view.shape.push_back(data[i]);
    view.from.strides.push_back(layout.strides[i]);
  }
  return view;
}

std::vector<Symbol> TileGradient(const GradientContext& node) {
  const std::vector<int64_t> reps = node.attrs<TileAttrs>().reps;
  if (std::find(reps.begin(), reps.end(), 0) != reps.end()) return {Symbol{}};
  if (reps.empty()) return {node.head(0)};
  std::vector<int64_t> split = {-2};
  std::vector<int64_t> axes;
  for (size_t i = 0; i < reps.size(); ++i) {
    split.insert(split.end(), {-4, reps[i], -1});
    axes.push_back(-2 * static_cast<int64_t>(i + 1));
  }
  return {SumOfCopies(node, std::move(split), std::move(axes))};
}

constexpr char kTile[] = "tile";
using TileView = ViewOp<kTile, TileAttrs, TileShape, ViewTile>;

}  // namespace

namespace op {

Symbol Repeat(Symbol data, const RepeatAttrs& attrs, NodeOptions options) {
  return Compose("repeat", {data}, attrs, std::move(options));
}

Symbol Tile(Symbol data, const TileAttrs& attrs, NodeOptions options) {
  return Compose("tile", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> RepeatOps() {
  OpDef repeat = RepeatView::Forward(
      "out[..., i, ...] = data[..., i / repeats, ...], in the axis");
  repeat.aliases = {"_np_repeat"};
  repeat.gradient = RepeatGradient;
  OpDef tile = TileView::Forward(
      "out[i, j, ...] = data[i % n, j % m, ...], where data is (n,m,...)\n"
      "Axes that data or reps lack, in front, have size 1, or one copy.");
  tile.aliases = {"_npi_tile"};
  tile.gradient = TileGradient;
  return {std::move(repeat), std::move(tile)};
}

}  // namespace minnow
