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
#include "minnow/ops/repeat.h"
#include "minnow/ops/sum_to_like.h"

namespace minnow {
namespace {

// Broadcasts an axis to a size; either may be unknown.
absl::Status BroadcastAxisTo(size_t axis, int64_t size, const Shape& data,
                             Shape& out) {
  const int64_t from = data[axis];
  if (from != 1 && from != Shape::kUnknown && size != Shape::kUnknown &&
      from != size) {
    return absl::InvalidArgumentError(
        absl::StrCat("argument 'data': expected 1 or ", size, " in axis ", axis,
                     ", found ", data.ToString()));
  }
  // A known size other than 1 stays.
  out.set(axis, from > 1 || from == 0 ? from : size);
  return absl::OkStatus();
}

absl::StatusOr<Shape> BroadcastToShape(const Attrs& attrs,
                                       absl::Span<const Shape> inputs) {
  const std::vector<int64_t>& shape = attrs.As<BroadcastToAttrs>().shape;
  const Shape& data = inputs[0];
  Shape out = data;
  if (!data.known_rank()) return out;
  if (shape.size() != data.rank()) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'shape': expected ", data.rank(),
                     " dimensions, as data has, found ", shape.size()));
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0) return BadAttr("shape", "0 or more", shape[i]);
    if (shape[i] == 0) continue;
    MINNOW_RETURN_IF_ERROR(BroadcastAxisTo(i, shape[i], data, out));
  }
  return out;
}

absl::StatusOr<Shape> BroadcastAxisShape(const Attrs& attrs,
                                         absl::Span<const Shape> inputs) {
  const auto& a = attrs.As<BroadcastAxisAttrs>();
  const Shape& data = inputs[0];
  Shape out = data;
  if (a.size.size() != a.axis.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'size': expected as many sizes as axes, ",
                     a.axis.size(), ", found ", a.size.size()));
  }
  if (!data.known_rank()) return out;
  MINNOW_ASSIGN_OR_RETURN(Axes axes, ReadAxes("axis", a.axis, data.rank()));
  for (size_t i = 0; i < axes.size(); ++i) {
    if (a.size[i] < 0) return BadAttr("size", "0 or more", a.size[i]);
    if (data[axes[i]] != 1 && data[axes[i]] != Shape::kUnknown) {
      return absl::InvalidArgumentError(
          absl::StrCat("argument 'data': expected 1 in axis ", a.axis[i],
                       ", found ", data.ToString()));
    }
    out.set(axes[i], a.size[i]);
  }
  return out;
}

absl::StatusOr<Shape> BroadcastLikeShape(const Attrs& attrs,
                                         absl::Span<const Shape> inputs) {
  const auto& a = attrs.As<BroadcastLikeAttrs>();
  const Shape& lhs = inputs[0];
  const Shape& rhs = inputs[1];
  Shape out = lhs;
  if (a.lhs_axes.has_value() != a.rhs_axes.has_value() ||
      (a.lhs_axes.has_value() && a.lhs_axes->size() != a.rhs_axes->size())) {
    return BadAttr("rhs_axes", "as many axes as lhs_axes has",
                   static_cast<int64_t>(
                       a.rhs_axes.value_or(std::vector<int64_t>()).size()));
  }
  if (!lhs.known_rank() || !rhs.known_rank()) return Shape();
  if (!a.lhs_axes.has_value()) {
    if (lhs.rank() != rhs.rank()) {
      return absl::InvalidArgumentError(
          absl::StrCat("argument 'rhs': expected rank ", lhs.rank(),
                       ", as that of lhs, found ", rhs.ToString()));
    }
    for (size_t i = 0; i < lhs.rank(); ++i) {
      MINNOW_RETURN_IF_ERROR(BroadcastAxisTo(i, rhs[i], lhs, out));
    }
    return out;
  }
  if (a.lhs_axes->empty()) {
    return BadAttr("lhs_axes", "an axis or more", 0);
  }
  MINNOW_ASSIGN_OR_RETURN(Axes to,
                          ReadAxes("lhs_axes", *a.lhs_axes, lhs.rank()));
  MINNOW_ASSIGN_OR_RETURN(Axes from,
                          ReadAxes("rhs_axes", *a.rhs_axes, rhs.rank()));
  for (size_t i = 0; i < to.size(); ++i) {
    MINNOW_RETURN_IF_ERROR(BroadcastAxisTo(to[i], rhs[from[i]], lhs, out));
  }
  return out;
}

// The shapes say all.
MoveView ViewBroadcast(const Attrs&, absl::Span<const Shape> shapes) {
  const Shape& data = shapes[0];
  MoveView view = {shapes.back(), StridedLayout::Of(data)};
  for (size_t i = 0; i < data.rank(); ++i) {
    if (data[i] == 1) view.from.Repeat(i);
  }
  return view;
}

std::vector<Symbol> BroadcastGradient(const GradientContext& node) {
  std::vector<Symbol> gradients(node.num_inputs());
  gradients[0] = op::SumToLike(node.head(0), node.input(0));
  return gradients;
}

constexpr char kBroadcastTo[] = "broadcast_to";
constexpr char kBroadcastAxis[] = "broadcast_axis";
constexpr char kBroadcastLike[] = "broadcast_like";

template <typename View>
OpDef BroadcastOp(const char* doc, std::vector<std::string> aliases = {}) {
  OpDef op = View::Forward(doc);
  op.aliases = std::move(aliases);
  op.gradient = BroadcastGradient;
  return op;
}

}  // namespace

namespace op {

Symbol BroadcastTo(Symbol data, const BroadcastToAttrs& attrs,
                   NodeOptions options) {
  return Compose("broadcast_to", {data}, attrs, std::move(options));
}

Symbol BroadcastAxis(Symbol data, const BroadcastAxisAttrs& attrs,
                     NodeOptions options) {
  return Compose("broadcast_axis", {data}, attrs, std::move(options));
}

Symbol BroadcastLike(Symbol lhs, Symbol rhs, const BroadcastLikeAttrs& attrs,
                     NodeOptions options) {
  return Compose("broadcast_like", {lhs, rhs}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> BroadcastOps() {
  OpDef like = BroadcastOp<ViewOp<kBroadcastLike, BroadcastLikeAttrs,
                                  BroadcastLikeShape, ViewBroadcast, 2>>(
      "out = lhs, where an axis of size 1 is repeated until it is as long "
      "as that of rhs");
  like.inputs = {"lhs", {"rhs", Access::kUnread}};
  return {BroadcastOp<ViewOp<kBroadcastTo, BroadcastToAttrs, BroadcastToShape,
                             ViewBroadcast>>(
              "out = data, where axes of size 1 are repeated until the shape "
              "is `shape`"),
          BroadcastOp<ViewOp<kBroadcastAxis, BroadcastAxisAttrs,
                             BroadcastAxisShape, ViewBroadcast>>(
              "out = data, where the axes, of size 1, are repeated",
              {"broadcast_axes"}),
          std::move(like)};
}

}  // namespace minnow
