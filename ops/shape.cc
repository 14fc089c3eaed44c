#include "minnow/ops/shape.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/move.h"
#include "minnow/ops/reshape.h"

namespace minnow {
namespace {

absl::Status InferFlatten(ShapeInference& node) {
  const Shape& data = node.input(0);
  Shape out = Shape::OfRank(2);
  if (data.known_rank()) {
    out.set(0, data.rank() == 0 ? 1 : data[0]);
    // Also where there are no elements to count.
    if (data.known() && data.rank() > 0) {
      out.set(1, data.num_elements(1, data.rank()));
    }
  }
  return MergeReshaped(node, out);
}

// A bound of the range of axes that reshape_like replaces or takes.
absl::StatusOr<size_t> Bound(absl::string_view name,
                             std::optional<int64_t> value, size_t fallback,
                             size_t rank) {
  if (!value.has_value()) return fallback;
  const int64_t bound =
      *value < 0 ? *value + static_cast<int64_t>(rank) : *value;
  if (bound < 0 || bound > static_cast<int64_t>(rank)) {
    return absl::InvalidArgumentError(absl::StrCat("attribute '", name,
                                                   "': expected an axis of ",
                                                   rank, ", found ", *value));
  }
  return static_cast<size_t>(bound);
}

absl::Status InferReshapeLike(ShapeInference& node) {
  const auto& a = node.attrs<ReshapeLikeAttrs>();
  const Shape& lhs = node.input(0);
  const Shape& rhs = node.input(1);
  if (!a.lhs_begin && !a.lhs_end && !a.rhs_begin && !a.rhs_end) {
    return MergeReshaped(node, rhs);
  }
  if (!lhs.known_rank() || !rhs.known_rank()) return absl::OkStatus();
  const auto bound = [](auto... args) { return Bound(args...); };
  MINNOW_ASSIGN_OR_RETURN(size_t lhs_begin,
                          bound("lhs_begin", a.lhs_begin, 0, lhs.rank()));
  MINNOW_ASSIGN_OR_RETURN(size_t lhs_end,
                          bound("lhs_end", a.lhs_end, lhs.rank(), lhs.rank()));
  MINNOW_ASSIGN_OR_RETURN(size_t rhs_begin,
                          bound("rhs_begin", a.rhs_begin, 0, rhs.rank()));
  MINNOW_ASSIGN_OR_RETURN(size_t rhs_end,
                          bound("rhs_end", a.rhs_end, rhs.rank(), rhs.rank()));
  Shape out = Shape::Scalar();
  for (size_t i = 0; i < lhs_begin; ++i) out.push_back(lhs[i]);
  for (size_t i = rhs_begin; i < rhs_end; ++i) out.push_back(rhs[i]);
  for (size_t i = lhs_end; i < lhs.rank(); ++i) out.push_back(lhs[i]);
  return MergeReshaped(node, out);
}

// An operator of one input that keeps its elements.
template <typename A>
OpDef SameElementsOp(const char* name, std::vector<std::string> aliases,
                     const char* doc, InferShapeFn infer) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .doc = doc,
      .attrs = AttrsTypeOf<A>(),
      .inputs = {"data"},
      .shape = infer,
      .gradient = ReshapeGradient,
      .inplace = {{0, 0}},
      .kernels = MoveKernels<PlanSameElements>({kMoveIn, kMoveOut}),
  };
}

OpDef ReshapeLikeOp() {
  return {
      .name = "reshape_like",
      .aliases = {"_npx_reshape_like"},
      .doc = "out = lhs, in the shape of rhs",
      .attrs = AttrsTypeOf<ReshapeLikeAttrs>(),
      .inputs = {"lhs", {"rhs", Access::kUnread}},
      .shape = InferReshapeLike,
      .dtype = SameDTypeButLast,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {op::ReshapeLike(node.head(0), node.input(0)), Symbol{}};
      },
      .inplace = {{0, 0}},
      .kernels = MoveKernels<PlanSameElements>({kMoveIn, kMoveLike, kMoveOut}),
  };
}

absl::Status InferExpandDims(ShapeInference& node) {
  const int64_t axis = node.attrs<ExpandDimsAttrs>().axis;
  const bool from_input = node.input(0).known_rank();
  if (!from_input && !node.output(0).known_rank()) return absl::OkStatus();
  const size_t rank =
      from_input ? node.input(0).rank() + 1 : node.output(0).rank();
  MINNOW_ASSIGN_OR_RETURN(size_t place, ReadAxis("axis", axis, rank));
  Shape out = Shape::OfRank(rank);
  for (size_t i = 0; from_input && i + 1 < rank; ++i) {
    out.set(i < place ? i : i + 1, node.input(0)[i]);
  }
  out.set(place, 1);
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  Shape data = Shape::Scalar();
  for (size_t i = 0; i < rank; ++i) {
    if (i != place) data.push_back(node.output(0)[i]);
  }
  return node.MergeInput(0, data);
}

absl::Status InferSqueeze(ShapeInference& node) {
  const auto& axes = node.attrs<SqueezeAttrs>().axis;
  const Shape& data = node.input(0);
  if (!data.known_rank()) return absl::OkStatus();
  std::vector<bool> dropped(data.rank());
  if (!axes.has_value()) {
    if (!data.known()) return absl::OkStatus();
    for (size_t i = 0; i < data.rank(); ++i) dropped[i] = data[i] == 1;
  } else {
    MINNOW_ASSIGN_OR_RETURN(Axes given, ReadAxes("axis", *axes, data.rank()));
    for (size_t axis : given) {
      if (data[axis] != 1 && data[axis] != Shape::kUnknown) {
        return node.InputError(0, absl::StrCat("size 1 in axis ", axis));
      }
      dropped[axis] = true;
    }
  }
  Shape out = Shape::Scalar();
  for (size_t i = 0; i < data.rank(); ++i) {
    if (!dropped[i]) out.push_back(data[i]);
  }
  if (out.rank() == 0) out.push_back(1);  // As in MXNet.
  return MergeReshaped(node, out);
}

// Shapes as arrays -----------------------------------------------------------

absl::Status InferShapeArray(ShapeInference& node) {
  if (!node.input(0).known_rank()) return absl::OkStatus();
  return node.MergeOutput(0, Shape{static_cast<int64_t>(node.input(0).rank())});
}

template <typename T>
absl::Status WriteShape(const RunContext&, const NoAttrs&, Dense<const T> data,
                        Dense<int64_t> out) {
  std::copy(data.dims.begin(), data.dims.end(), out.values.begin());
  return absl::OkStatus();
}

template <typename T>
absl::Status WriteSize(const RunContext&, const NoAttrs&, Dense<const T> data,
                       Dense<int64_t> out) {
  out.values[0] = data.size();
  return absl::OkStatus();
}

OpDef ShapeAsArrayOp(const char* name, std::vector<std::string> aliases,
                     const char* doc, InferShapeFn infer,
                     std::vector<Kernel> kernels) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .doc = doc,
      .inputs = {{"data", Access::kUnread}},
      .shape = infer,
      .dtype =
          [](DTypeInference& node) {
            return node.MergeOutput(0, DType::kInt64);
          },
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {Symbol{}};
      },
      .kernels = std::move(kernels),
  };
}

}  // namespace

namespace op {

Symbol ReshapeLike(Symbol lhs, Symbol rhs, const ReshapeLikeAttrs& attrs,
                   NodeOptions options) {
  return Compose("reshape_like", {lhs, rhs}, attrs, std::move(options));
}

Symbol ExpandDims(Symbol data, const ExpandDimsAttrs& attrs,
                  NodeOptions options) {
  return Compose("expand_dims", {data}, attrs, std::move(options));
}

Symbol Squeeze(Symbol data, const SqueezeAttrs& attrs, NodeOptions options) {
  return Compose("squeeze", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> ShapeOps() {
  return {
      SameElementsOp<NoAttrs>("Flatten", {"_npx_batch_flatten", "flatten"},
                              "out = data, with all axes but the first as one",
                              InferFlatten),
      ReshapeLikeOp(),
      SameElementsOp<ExpandDimsAttrs>(
          "expand_dims", {"_npi_expand_dims"},
          "out = data, with one more axis, of size 1", InferExpandDims),
      SameElementsOp<SqueezeAttrs>("squeeze", {},
                                   "out = data, without axes of size 1\n"
                                   "An array of one element keeps one axis.",
                                   InferSqueeze),
      ShapeAsArrayOp(
          "shape_array", {"_npx_shape_array"},
          "out = the dimensions of data, as int64", InferShapeArray,
          KernelsFor(AllTypes(),
                     []<typename T>() { return KernelOf<WriteShape<T>>(); })),
      ShapeAsArrayOp(
          "size_array", {}, "out[0] = the number of elements of data, as int64",
          [](ShapeInference& node) { return node.MergeOutput(0, Shape{1}); },
          KernelsFor(AllTypes(),
                     []<typename T>() { return KernelOf<WriteSize<T>>(); })),
  };
}

}  // namespace minnow
