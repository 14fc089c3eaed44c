#include "minnow/ops/transpose.h"

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

namespace minnow {
namespace {

// Permutations ---------------------------------------------------------------

absl::StatusOr<Axes> Permutation(const TransposeAttrs& a, size_t rank) {
  Axes axes;
  if (a.axes.empty()) {
    for (size_t i = rank; i-- > 0;) axes.push_back(i);
    return axes;
  }
  if (a.axes.size() != rank) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute 'axes': expected ", rank, " axes, found ", a.axes.size()));
  }
  return ReadAxes("axes", a.axes, rank);
}

absl::StatusOr<Axes> Permutation(const SwapAxisAttrs& a, size_t rank) {
  Axes axes;
  for (size_t i = 0; i < rank; ++i) axes.push_back(i);
  MINNOW_ASSIGN_OR_RETURN(size_t dim1, ReadAxis("dim1", a.dim1, rank));
  MINNOW_ASSIGN_OR_RETURN(size_t dim2, ReadAxis("dim2", a.dim2, rank));
  std::swap(axes[dim1], axes[dim2]);
  return axes;
}

template <typename A>
absl::Status InferPermuted(ShapeInference& node) {
  const bool from_input = node.input(0).known_rank();
  if (!from_input && !node.output(0).known_rank()) return absl::OkStatus();
  const size_t rank = from_input ? node.input(0).rank() : node.output(0).rank();
  MINNOW_ASSIGN_OR_RETURN(Axes axes, Permutation(node.attrs<A>(), rank));
  if (from_input) {
    Shape out = Shape::OfRank(rank);
    for (size_t i = 0; i < rank; ++i) out.set(i, node.input(0)[axes[i]]);
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  }
  Shape data = Shape::OfRank(rank);
  for (size_t i = 0; i < rank; ++i) data.set(axes[i], node.output(0)[i]);
  return node.MergeInput(0, data);
}

template <typename A>
absl::StatusOr<MovePlan> PlanPermuted(const Attrs& attrs,
                                      absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(Axes axes,
                          Permutation(attrs.As<A>(), shapes[0].rank()));
  const StridedLayout data = StridedLayout::Of(shapes[0]);
  StridedLayout from;
  for (size_t axis : axes) from.strides.push_back(data.strides[axis]);
  return PlanView({shapes[1], from}, 2);
}

template <typename A>
bool SwapsLastAxes(const Attrs& attrs, size_t rank) {
  absl::StatusOr<Axes> axes = Permutation(attrs.As<A>(), rank);
  if (!axes.ok() || rank < 2) return false;
  std::swap((*axes)[rank - 2], (*axes)[rank - 1]);
  return std::is_sorted(axes->begin(), axes->end());
}

std::vector<Symbol> TransposeGradient(const GradientContext& node) {
  const std::vector<int64_t>& axes = node.attrs<TransposeAttrs>().axes;
  const auto rank = static_cast<int64_t>(axes.size());
  TransposeAttrs inverse;
  inverse.axes.resize(axes.size());
  for (int64_t i = 0; i < rank; ++i) {
    inverse.axes[(axes[i] + rank) % rank] = i;
  }
  return {op::Transpose(node.head(0), inverse)};
}

// An operator that moves each element to a place of its own.
template <typename A, auto plan>
OpDef OrderOp(const char* name, std::vector<std::string> aliases,
              const char* doc, InferShapeFn infer, GradientFn gradient) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .doc = doc,
      .attrs = AttrsTypeOf<A>(),
      .inputs = {"data"},
      .shape = infer,
      .gradient = gradient,
      .kernels = MoveKernels<plan>({kMoveIn, kMoveOut}),
  };
}

template <typename A>
OpDef PermutationOp(const char* name, std::vector<std::string> aliases,
                    const char* doc, GradientFn gradient) {
  OpDef op = OrderOp<A, PlanPermuted<A>>(name, std::move(aliases), doc,
                                         InferPermuted<A>, gradient);
  op.is_transpose = SwapsLastAxes<A>;
  return op;
}

// reverse --------------------------------------------------------------------

absl::Status InferReverse(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(SameShape(node));
  if (!node.input(0).known_rank()) return absl::OkStatus();
  return ReadAxes("axis", node.attrs<ReverseAttrs>().axis.get(),
                  node.input(0).rank())
      .status();
}

absl::StatusOr<MovePlan> PlanReverse(const Attrs& attrs,
                                     absl::Span<const Shape> shapes) {
  const Shape& shape = shapes[0];
  MINNOW_ASSIGN_OR_RETURN(
      Axes axes,
      ReadAxes("axis", attrs.As<ReverseAttrs>().axis.get(), shape.rank()));
  StridedLayout from = StridedLayout::Of(shape);
  for (size_t axis : axes) {
    from.Slice(axis, {.begin = shape[axis] - 1, .step = -1});
  }
  return PlanView({shape, from}, 2);
}

// Blocks of images -----------------------------------------------------------

// The shape of the deep array, from that of the wide one.
absl::StatusOr<Shape> DeepShape(int64_t block, const Shape& wide) {
  Shape deep = wide;
  for (size_t i = 2; i < 4; ++i) {
    if (wide[i] == Shape::kUnknown) continue;
    if (wide[i] % block != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "attribute 'block_size': expected a divisor of the dimension ",
          wide[i], " in axis ", i, ", found ", block));
    }
    deep.set(i, wide[i] / block);
  }
  int64_t channels = wide[1];
  if (channels != Shape::kUnknown &&
      (__builtin_mul_overflow(channels, block, &channels) ||
       __builtin_mul_overflow(channels, block, &channels))) {
    return absl::InvalidArgumentError("the dimension in axis 1 is too large");
  }
  deep.set(1, channels);
  return deep;
}

absl::StatusOr<Shape> WideShape(int64_t block, const Shape& deep) {
  Shape wide = deep;
  for (size_t i = 2; i < 4; ++i) {
    int64_t size = deep[i];
    if (size == Shape::kUnknown) continue;
    if (__builtin_mul_overflow(size, block, &size)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the dimension in axis ", i, " is too large"));
    }
    wide.set(i, size);
  }
  int64_t channels = deep[1];
  for (int i = 0; i < 2 && channels != Shape::kUnknown; ++i) {
    if (channels % block != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "attribute 'block_size': expected a number whose square divides the "
          "dimension ",
          deep[1], " in axis 1, found ", block));
    }
    channels /= block;
  }
  wide.set(1, channels);
  return wide;
}

template <bool to_depth>
absl::Status InferBlocks(ShapeInference& node) {
  const int64_t block = node.attrs<BlockSizeAttrs>().block_size;
  if (block < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute 'block_size': expected 1 or more, found ", block));
  }
  const auto forward = to_depth ? DeepShape : WideShape;
  const auto back = to_depth ? WideShape : DeepShape;
  if (node.input(0).known_rank()) {
    if (node.input(0).rank() != 4) return node.InputError(0, "four dimensions");
    MINNOW_ASSIGN_OR_RETURN(Shape out, forward(block, node.input(0)));
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  }
  const Shape& out = node.output(0);
  if (!out.known_rank() || out.rank() != 4) {
    return node.MergeOutput(0, Shape::OfRank(4));
  }
  MINNOW_ASSIGN_OR_RETURN(Shape data, back(block, out));
  return node.MergeInput(0, data);
}

// Both arrays with axes for the places in a block:
//   wide (n, c, h, block_h, w, block_w), deep (n, block_h, block_w, c, h, w).
template <bool to_depth>
absl::StatusOr<MovePlan> PlanBlocks(const Attrs& attrs,
                                    absl::Span<const Shape> shapes) {
  const int64_t block = attrs.As<BlockSizeAttrs>().block_size;
  const Shape& deep = shapes[to_depth ? 1 : 0];
  const int64_t channels = shapes[to_depth ? 0 : 1][1];
  const Shape walk = {deep[0], block, block, channels, deep[2], deep[3]};
  const StridedLayout x =
      StridedLayout::Of({deep[0], channels, deep[2], block, deep[3], block});
  StridedLayout wide;
  for (size_t axis : {0, 3, 5, 1, 2, 4}) {
    wide.strides.push_back(x.strides[axis]);
  }
  const StridedLayout packed = StridedLayout::Of(walk);
  MovePlan plan;
  plan.steps.push_back(
      {0, 1,
       to_depth ? PlanCopy(walk, wide, packed) : PlanCopy(walk, packed, wide)});
  return plan;
}

}  // namespace

namespace op {

Symbol Transpose(Symbol data, const TransposeAttrs& attrs,
                 NodeOptions options) {
  return Compose("transpose", {data}, attrs, std::move(options));
}

Symbol SwapAxis(Symbol data, const SwapAxisAttrs& attrs, NodeOptions options) {
  return Compose("SwapAxis", {data}, attrs, std::move(options));
}

Symbol Reverse(Symbol data, const ReverseAttrs& attrs, NodeOptions options) {
  return Compose("reverse", {data}, attrs, std::move(options));
}

Symbol SpaceToDepth(Symbol data, const BlockSizeAttrs& attrs,
                    NodeOptions options) {
  return Compose("space_to_depth", {data}, attrs, std::move(options));
}

Symbol DepthToSpace(Symbol data, const BlockSizeAttrs& attrs,
                    NodeOptions options) {
  return Compose("depth_to_space", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> TransposeOps() {
  return {
      PermutationOp<TransposeAttrs>(
          "transpose", {},
          "out[i_0, ..., i_n] = data[j_0, ..., j_n], where j[axes[k]] = i[k]",
          TransposeGradient),
      PermutationOp<SwapAxisAttrs>(
          "SwapAxis", {"_npi_swapaxes", "swapaxes"},
          "out[..., i, ..., j, ...] = data[..., j, ..., i, ...], in the axes "
          "dim1 and dim2",
          [](const GradientContext& node) -> std::vector<Symbol> {
            return {op::SwapAxis(node.head(0), node.attrs<SwapAxisAttrs>())};
          }),
      OrderOp<ReverseAttrs, PlanReverse>(
          "reverse", {"flip"},
          "out[..., i, ...] = data[..., n - 1 - i, ...], in each axis of axis",
          InferReverse,
          [](const GradientContext& node) -> std::vector<Symbol> {
            return {op::Reverse(node.head(0), node.attrs<ReverseAttrs>())};
          }),
      OrderOp<BlockSizeAttrs, PlanBlocks<true>>(
          "space_to_depth", {},
          "out[n, (i * b + j) * channels + c, y, x] = "
          "data[n, c, y * b + i, x * b + j], where b = block_size",
          InferBlocks<true>,
          [](const GradientContext& node) -> std::vector<Symbol> {
            return {
                op::DepthToSpace(node.head(0), node.attrs<BlockSizeAttrs>())};
          }),
      OrderOp<BlockSizeAttrs, PlanBlocks<false>>(
          "depth_to_space", {},
          "out[n, c, y * b + i, x * b + j] = "
          "data[n, (i * b + j) * channels + c, y, x], where b = block_size",
          InferBlocks<false>,
          [](const GradientContext& node) -> std::vector<Symbol> {
            return {
                op::SpaceToDepth(node.head(0), node.attrs<BlockSizeAttrs>())};
          }),
  };
}

}  // namespace minnow
