#include "minnow/ops/diag.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/move.h"

namespace minnow {
namespace {

// The shape of the matrix whose diagonal has `size` elements and no rest.
absl::StatusOr<Shape> SquareShape(int64_t k, int64_t size) {
  if (size == Shape::kUnknown) return Shape::OfRank(2);
  int64_t side = 0;
  if (k == std::numeric_limits<int64_t>::min() ||
      __builtin_add_overflow(size, std::abs(k), &side)) {
    return BadAttr("k", "a diagonal of a matrix", k);
  }
  return Shape{side, side};
}

int64_t DiagonalSize(int64_t k, int64_t rows, int64_t columns) {
  if (rows == Shape::kUnknown || columns == Shape::kUnknown) {
    return Shape::kUnknown;
  }
  // Far outside there is none; no sum overflows.
  k = std::clamp(k, -rows, columns);
  return std::max<int64_t>(0, std::min(rows + std::min<int64_t>(k, 0),
                                       columns - std::max<int64_t>(k, 0)));
}

absl::StatusOr<Shape> DiagonalShape(const DiagAttrs& a, const Shape& data) {
  MINNOW_ASSIGN_OR_RETURN(size_t rows, ReadAxis("axis1", a.axis1, data.rank()));
  MINNOW_ASSIGN_OR_RETURN(size_t columns,
                          ReadAxis("axis2", a.axis2, data.rank()));
  if (rows == columns) {
    return BadAttr("axis2", "another axis than axis1", a.axis2);
  }
  Shape out = Shape::Scalar();
  for (size_t i = 0; i < data.rank(); ++i) {
    if (i != rows && i != columns) out.push_back(data[i]);
  }
  out.push_back(DiagonalSize(a.k, data[rows], data[columns]));
  return out;
}

absl::StatusOr<Shape> DiagShape(const Attrs& attrs,
                                absl::Span<const Shape> inputs) {
  const auto& a = attrs.As<DiagAttrs>();
  const Shape& data = inputs[0];
  if (!data.known_rank()) return Shape();
  if (data.rank() == 1) return SquareShape(a.k, data[0]);
  return DiagonalShape(a, data);
}

// The diagonal of an array of two axes or more.
MoveView ViewDiagonal(const DiagAttrs& a, const Shape& data) {
  const StridedLayout layout = StridedLayout::Of(data);
  const size_t rows = *ResolveAxis(a.axis1, data.rank());
  const size_t columns = *ResolveAxis(a.axis2, data.rank());
  MoveView view = {*DiagonalShape(a, data), {}};
  for (size_t i = 0; i < data.rank(); ++i) {
    if (i != rows && i != columns) {
      view.from.strides.push_back(layout.strides[i]);
    }
  }
  view.from.strides.push_back(layout.strides[rows] + layout.strides[columns]);
  if (view.shape.num_elements() > 0) {
    view.from.offset =
        a.k < 0 ? -a.k * layout.strides[rows] : a.k * layout.strides[columns];
  }
  return view;
}

// From a vector to a matrix, of which it becomes the diagonal, or back.
MoveView ViewOfSquare(const DiagAttrs& a, const Shape& square) {
  return ViewDiagonal({.k = a.k}, square);
}

absl::StatusOr<MovePlan> PlanDiag(const Attrs& attrs,
                                  absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DiagAttrs>();
  if (shapes[0].rank() == 1) {
    return PlanInverseView(ViewOfSquare(a, shapes[1]), shapes[1], 2);
  }
  return PlanView(ViewDiagonal(a, shapes[0]), 2);
}

// Of the arguments head, data and out.
absl::StatusOr<MovePlan> PlanBackwardDiag(const Attrs& attrs,
                                          absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DiagAttrs>();
  if (shapes[1].rank() == 1) return PlanView(ViewOfSquare(a, shapes[0]), 3);
  return PlanInverseView(ViewDiagonal(a, shapes[1]), shapes[1], 3);
}

// For inference and gradients; the plans above know vectors, too.
MoveView NoView(const Attrs&, absl::Span<const Shape>) { return {}; }
constexpr char kDiag[] = "diag";
using DiagView = ViewOp<kDiag, DiagAttrs, DiagShape, NoView>;

}  // namespace

namespace op {

Symbol Diag(Symbol data, const DiagAttrs& attrs, NodeOptions options) {
  return Compose("diag", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> DiagOps() {
  OpDef diag = DiagView::Forward(
      "out[..., i] = data[..., i, ..., i + k, ...], in axis1 and axis2\n"
      "Of a vector, the matrix out[i, i + k] = data[i], which is 0 elsewhere.");
  diag.kernels = MoveKernels<PlanDiag>({kMoveIn, kMoveOut});
  OpDef backward = DiagView::Backward();
  backward.kernels =
      MoveKernels<PlanBackwardDiag>({kMoveIn, kMoveIn, kMoveOut});
  return {std::move(diag), std::move(backward)};
}

}  // namespace minnow
