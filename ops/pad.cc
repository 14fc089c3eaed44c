#include "minnow/ops/pad.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/add_n.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/move.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/slice.h"
#include "minnow/ops/transpose.h"

namespace minnow {
namespace {

int64_t Before(const PadAttrs& a, size_t axis) {
  return a.pad_width.get()[2 * axis];
}
int64_t Behind(const PadAttrs& a, size_t axis) {
  return a.pad_width.get()[2 * axis + 1];
}

absl::Status CheckWidths(const PadAttrs& a, const Shape& data) {
  const std::vector<int64_t>& width = a.pad_width;
  if (width.size() != 2 * data.rank()) {
    return BadAttr("pad_width",
                   absl::StrCat(2 * data.rank(), " numbers, two for each axis"),
                   static_cast<int64_t>(width.size()));
  }
  for (size_t i = 0; i < width.size(); ++i) {
    if (width[i] < 0) return BadAttr("pad_width", "0 or more", width[i]);
    if (i < 4 && width[i] > 0) {
      return BadAttr("pad_width", "0 for the first two axes", width[i]);
    }
    const int64_t size = data[i / 2];
    if (size == Shape::kUnknown || width[i] == 0) continue;
    if (a.mode.get() == PadMode::kReflect && width[i] >= size) {
      return BadAttr(
          "pad_width",
          absl::StrCat("less than the dimension ", size, " to reflect"),
          width[i]);
    }
    if (a.mode.get() == PadMode::kEdge && size == 0) {
      return BadAttr("pad_width", "0 where there is no edge", width[i]);
    }
  }
  return absl::OkStatus();
}

absl::Status InferPad(ShapeInference& node) {
  const auto& a = node.attrs<PadAttrs>();
  const Shape& data = node.input(0);
  if (!data.known_rank()) return absl::OkStatus();
  if (data.rank() != 4 && data.rank() != 5) {
    return node.InputError(0, "four or five dimensions");
  }
  MINNOW_RETURN_IF_ERROR(CheckWidths(a, data));
  Shape out = data;
  for (size_t i = 0; i < data.rank(); ++i) {
    int64_t size = data[i];
    if (size == Shape::kUnknown) continue;
    if (__builtin_add_overflow(size, Before(a, i), &size) ||
        __builtin_add_overflow(size, Behind(a, i), &size)) {
      return BadAttr("pad_width", "a dimension that fits into 64 bits",
                     Before(a, i));
    }
    out.set(i, size);
  }
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  // And back.
  Shape in = Shape::OfRank(data.rank());
  for (size_t i = 0; i < in.rank(); ++i) {
    const int64_t size = node.output(0)[i] - Before(a, i) - Behind(a, i);
    if (node.output(0)[i] != Shape::kUnknown && size >= 0) in.set(i, size);
  }
  return node.MergeInput(0, in);
}

// A part of an axis of the result, and where its elements come from.
struct Segment {
  int64_t to, size, from, step;
};

std::vector<Segment> Segments(const PadAttrs& a, size_t axis, int64_t size) {
  const int64_t before = Before(a, axis);
  const int64_t behind = Behind(a, axis);
  std::vector<Segment> segments = {{before, size, 0, 1}};
  if (a.mode.get() == PadMode::kEdge) {
    segments.push_back({0, before, 0, 0});
    segments.push_back({before + size, behind, size - 1, 0});
  } else if (a.mode.get() == PadMode::kReflect) {
    segments.push_back({0, before, before, -1});
    segments.push_back({before + size, behind, size - 2, -1});
  }
  std::erase_if(segments, [](const Segment& s) { return s.size == 0; });
  return segments;
}

// The border of one value: in front of each axis and behind it, where no axis
// before it has reached into the border.
void FillBorder(const PadAttrs& a, const Shape& data, const Shape& out,
                MovePlan& plan) {
  plan.fill = a.constant_value;
  Shape rest = out;
  StridedLayout to = StridedLayout::Of(out);
  for (size_t i = 0; i < out.rank(); ++i) {
    for (const Segment& s :
         {Segment{0, Before(a, i), 0, 0},
          Segment{out[i] - Behind(a, i), Behind(a, i), 0, 0}}) {
      Shape border = rest;
      border.set(i, s.size);
      StridedLayout part = to;
      part.Slice(i, {.begin = s.to});
      plan.Fill(1, border, part);
    }
    rest.set(i, data[i]);
    to.Slice(i, {.begin = Before(a, i)});
  }
}

absl::StatusOr<MovePlan> PlanPad(const Attrs& attrs,
                                 absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<PadAttrs>();
  const Shape& data = shapes[0];
  MovePlan plan;
  if (a.mode.get() == PadMode::kConstant) {
    FillBorder(a, data, shapes[1], plan);
  }
  std::vector<std::vector<Segment>> segments;
  size_t count = 1;
  for (size_t i = 0; i < data.rank(); ++i) {
    segments.push_back(Segments(a, i, data[i]));
    count *= segments.back().size();
  }
  // Each choice of a segment for each axis is a block.
  for (size_t block = 0; block < count; ++block) {
    Shape shape = data;
    StridedLayout from = StridedLayout::Of(data);
    StridedLayout to = StridedLayout::Of(shapes[1]);
    size_t rest = block;
    for (size_t i = 0; i < data.rank(); ++i) {
      const Segment& s = segments[i][rest % segments[i].size()];
      rest /= segments[i].size();
      shape.set(i, s.size);
      from.Slice(i, {.begin = s.from, .step = s.step});
      to.Slice(i, {.begin = s.to});
    }
    plan.steps.push_back({0, 1, PlanCopy(shape, from, to)});
  }
  return plan;
}

// A part of an axis; negative numbers count from its end.
Symbol Part(Symbol x, size_t axis, int64_t begin, std::optional<int64_t> end) {
  return op::SliceAxis(
      x, {.axis = static_cast<int64_t>(axis), .begin = begin, .end = end});
}

// Zeros of the shape of `like`, but `x` in a part of the axis.
Symbol Place(Symbol x, Symbol like, size_t axis, int64_t begin,
             std::optional<int64_t> end) {
  const SliceAxisAttrs part = {
      .axis = static_cast<int64_t>(axis), .begin = begin, .end = end};
  return x.builder->Add("_backward_slice_axis", {x, like}, part);
}

// An axis of the head without its border, whose gradient goes to the elements
// that were copied there.
Symbol FoldBorder(const PadAttrs& a, size_t axis, Symbol head) {
  const int64_t before = Before(a, axis);
  const int64_t behind = Behind(a, axis);
  if (before == 0 && behind == 0) return head;
  const auto none = std::optional<int64_t>();
  const Symbol inside =
      Part(head, axis, before, behind > 0 ? std::optional(-behind) : none);
  std::vector<Symbol> sum = {inside};
  const auto axes = std::vector<int64_t>{static_cast<int64_t>(axis)};
  const bool edge = a.mode.get() == PadMode::kEdge;
  const auto fold = [&](Symbol border) {
    return edge ? op::Sum(border, {.axis = axes, .keepdims = true})
                : op::Reverse(border, {.axis = axes});
  };
  if (before > 0) {
    const Symbol border = fold(Part(head, axis, 0, before));
    sum.push_back(edge ? Place(border, inside, axis, 0, 1)
                       : Place(border, inside, axis, 1, before + 1));
  }
  if (behind > 0) {
    const Symbol border = fold(Part(head, axis, -behind, none));
    sum.push_back(edge ? Place(border, inside, axis, -1, none)
                       : Place(border, inside, axis, -1 - behind, -1));
  }
  return op::AddN(sum);
}

std::vector<Symbol> PadGradient(const GradientContext& node) {
  const PadAttrs a = node.attrs<PadAttrs>();
  const size_t rank = a.pad_width.get().size() / 2;
  if (a.mode.get() != PadMode::kConstant) {
    Symbol head = node.head(0);
    for (size_t i = 0; i < rank; ++i) head = FoldBorder(a, i, head);
    return {head};
  }
  SliceBounds begin, end;
  for (size_t i = 0; i < rank; ++i) {
    begin.push_back(Before(a, i));
    end.push_back(Behind(a, i) > 0 ? std::optional(-Behind(a, i))
                                   : std::nullopt);
  }
  return {op::Slice(node.head(0), {.begin = begin, .end = end})};
}

}  // namespace

namespace op {

Symbol Pad(Symbol data, const PadAttrs& attrs, NodeOptions options) {
  return Compose("Pad", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> PadOps() {
  return {{
      .name = "Pad",
      .aliases = {"pad"},
      .doc =
          "out[n, c, i + pad_width[4], j + pad_width[6]] = data[n, c, i, j], "
          "and a border around it\n"
          "Also of data with three dimensions behind the first two.",
      .attrs = AttrsTypeOf<PadAttrs>(),
      .inputs = {"data"},
      .shape = InferPad,
      .gradient = PadGradient,
      .kernels = MoveKernels<PlanPad>({kMoveIn, kMoveOut}),
  }};
}

}  // namespace minnow
