#include "minnow/ops/shape.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/transpose.h"

namespace minnow {
namespace {

// The codes of ReshapeAttrs::shape.
constexpr int64_t kCopy = 0;
constexpr int64_t kInfer = -1;
constexpr int64_t kCopyRest = -2;
constexpr int64_t kMerge = -3;
constexpr int64_t kSplit = -4;

// Unknown if a factor is, and if it overflows: no array is so large.
int64_t Product(int64_t x, int64_t y) {
  int64_t product = 0;
  if (x == Shape::kUnknown || y == Shape::kUnknown ||
      __builtin_mul_overflow(x, y, &product)) {
    return Shape::kUnknown;
  }
  return product;
}

absl::Status BadCode(int64_t code, absl::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrCat("attribute 'shape': ", code, " ", problem));
}

// One dimension of the new shape, or two for kSplit.
struct Code {
  int64_t value;
  int64_t left = 0, right = 0;
};

absl::StatusOr<std::vector<Code>> ReadCodes(absl::Span<const int64_t> shape) {
  std::vector<Code> codes;
  for (size_t i = 0; i < shape.size(); ++i) {
    Code code = {shape[i]};
    if (code.value < kSplit) return BadCode(code.value, "has no meaning");
    if (code.value == kSplit) {
      if (i + 2 >= shape.size()) {
        return BadCode(kSplit, "must be followed by two numbers");
      }
      code.left = shape[++i];
      code.right = shape[++i];
      if (std::min(code.left, code.right) < kInfer ||
          std::max(code.left, code.right) <= 0) {
        return BadCode(kSplit,
                       "must be followed by two numbers, one of which may be "
                       "-1");
      }
    }
    codes.push_back(code);
  }
  return codes;
}

// The two factors of `dim`, or what is known of them.
absl::StatusOr<std::pair<int64_t, int64_t>> Split(int64_t dim, Code code) {
  const auto factor = [dim](int64_t other) {
    return dim == Shape::kUnknown || other == 0 ? Shape::kUnknown : dim / other;
  };
  if (code.left == kInfer) code.left = factor(code.right);
  if (code.right == kInfer) code.right = factor(code.left);
  const int64_t product = Product(code.left, code.right);
  if (dim != Shape::kUnknown && product != dim) {
    return BadCode(kSplit, absl::StrCat("cannot split ", dim));
  }
  return std::make_pair(code.left, code.right);
}

// The new dimensions, in the order of the codes; a single kInfer is left as
// Shape::kUnknown.
absl::StatusOr<std::vector<int64_t>> ApplyCodes(
    absl::Span<const Code> codes, absl::Span<const int64_t> data) {
  std::vector<int64_t> dims;
  size_t next = 0;  // Of data.
  bool inferred = false;
  for (const Code& code : codes) {
    const size_t needed = code.value == kMerge                          ? 2
                          : code.value == kCopy || code.value == kSplit ? 1
                                                                        : 0;
    if (next + needed > data.size()) {
      return BadCode(code.value, "finds no dimension of data");
    }
    switch (code.value) {
      case kCopyRest:
        while (next < data.size()) dims.push_back(data[next++]);
        break;
      case kMerge:
        dims.push_back(Product(data[next], data[next + 1]));
        next += 2;
        break;
      case kSplit: {
        MINNOW_ASSIGN_OR_RETURN(auto parts, Split(data[next++], code));
        dims.push_back(parts.first);
        dims.push_back(parts.second);
        break;
      }
      case kInfer:
        if (inferred) return BadCode(kInfer, "may be given once");
        inferred = true;
        dims.push_back(Shape::kUnknown);
        ++next;
        break;
      default:
        dims.push_back(code.value == kCopy ? data[next] : code.value);
        ++next;
    }
  }
  return dims;
}

absl::StatusOr<Shape> ShapeFromCodes(const ReshapeAttrs& a, const Shape& x) {
  MINNOW_ASSIGN_OR_RETURN(std::vector<Code> codes, ReadCodes(a.shape));
  std::vector<int64_t> data(x.dims().begin(), x.dims().end());
  if (a.reverse) {
    std::reverse(data.begin(), data.end());
    std::reverse(codes.begin(), codes.end());
    for (Code& code : codes) std::swap(code.left, code.right);
  }
  MINNOW_ASSIGN_OR_RETURN(std::vector<int64_t> dims, ApplyCodes(codes, data));
  if (a.reverse) std::reverse(dims.begin(), dims.end());
  return Shape(dims);
}

Shape ShapeFromTarget(const ReshapeAttrs& a, const Shape& x) {
  Shape out(a.target_shape);
  if (a.keep_highest) out.set(0, x.rank() == 0 ? 1 : x[0]);
  for (size_t i = a.keep_highest ? 1 : 0; i < out.rank(); ++i) {
    if (out[i] == 0) out.set(i, Shape::kUnknown);
  }
  return out;
}

// The elements of `shape` without its unknown dimension, of which there must be
// one; -1 otherwise.
int64_t KnownElements(const Shape& shape) {
  int64_t elements = 1;
  int unknown = 0;
  for (int64_t dim : shape.dims()) {
    if (dim == Shape::kUnknown) {
      ++unknown;
    } else if (__builtin_mul_overflow(elements, dim, &elements)) {
      return -1;
    }
  }
  return unknown == 1 ? elements : -1;
}

// Fills in the one unknown dimension of an array of so many elements.
void FillIn(int64_t elements, Shape& shape) {
  const int64_t known = KnownElements(shape);
  if (known <= 0 || elements % known != 0) return;
  for (size_t i = 0; i < shape.rank(); ++i) {
    if (shape[i] == Shape::kUnknown) shape.set(i, elements / known);
  }
}

// The two hold the same elements: what one lacks follows from the other.
absl::Status MergeReshaped(ShapeInference& node, Shape out) {
  Shape data = node.input(0);
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  out = node.output(0);
  if (!out.known_rank()) return absl::OkStatus();
  if (data.known()) {
    FillIn(data.num_elements(), out);
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  } else if (out.known() && data.known_rank()) {
    FillIn(out.num_elements(), data);
    MINNOW_RETURN_IF_ERROR(node.MergeInput(0, data));
  }
  if (!data.known()) return absl::OkStatus();
  // Bytes of uint8: elements. The other shape may be anything that was asked
  // for, so its size is checked.
  MINNOW_ASSIGN_OR_RETURN(const int64_t from, data.CheckedBytes(DType::kUInt8));
  const absl::StatusOr<int64_t> to =
      out.known() ? out.CheckedBytes(DType::kUInt8) : -1;
  if (!to.ok() || *to != from) {
    return node.InputError(
        0, absl::StrCat("as many elements as ", out.ToString(), " has"));
  }
  return absl::OkStatus();
}

absl::Status InferReshape(ShapeInference& node) {
  const auto& a = node.attrs<ReshapeAttrs>();
  const Shape& data = node.input(0);
  if (!data.known_rank()) return absl::OkStatus();
  if (!a.shape.empty()) {
    MINNOW_ASSIGN_OR_RETURN(Shape out, ShapeFromCodes(a, data));
    return MergeReshaped(node, out);
  }
  if (!a.target_shape.empty()) {
    return MergeReshaped(node, ShapeFromTarget(a, data));
  }
  return MergeReshaped(node, Shape());
}

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

template <typename T>
void CopyElements(const RunContext& context, Dense<const T> from, Dense<T> to) {
  if (from.data() == to.data()) return;
  ParallelFor(*context.threads, from.size(), int64_t{1} << 16,
              [&](int64_t begin, int64_t end) {
                std::copy(from.data() + begin, from.data() + end,
                          to.data() + begin);
              });
}

template <typename A, typename T>
absl::Status Copy(const RunContext& context, const A&, Dense<const T> data,
                  Dense<T> out) {
  CopyElements(context, data, out);
  return absl::OkStatus();
}

// Of the second argument only the shape matters.
template <typename T>
absl::Status CopyLike(const RunContext& context, const ReshapeLikeAttrs&,
                      Dense<const T> lhs, Dense<const T>, Dense<T> out) {
  CopyElements(context, lhs, out);
  return absl::OkStatus();
}

template <typename A>
std::vector<Kernel> CopyKernels() {
  return KernelsFor(AllTypes(),
                    []<typename T>() { return KernelOf<Copy<A, T>>(); });
}

std::vector<Symbol> ReshapeGradient(const GradientContext& node) {
  return {op::ReshapeLike(node.head(0), node.input(0))};
}

OpDef ReshapeOp() {
  return {
      .name = "Reshape",
      .aliases = {"reshape"},
      .doc = "out = data, in another shape",
      .attrs = AttrsTypeOf<ReshapeAttrs>(),
      .inputs = {"data"},
      .shape = InferReshape,
      .gradient = ReshapeGradient,
      .inplace = {{0, 0}},
      .kernels = CopyKernels<ReshapeAttrs>(),
  };
}

OpDef FlattenOp() {
  return {
      .name = "Flatten",
      .aliases = {"_npx_batch_flatten", "flatten"},
      .doc = "out = data, with all axes but the first as one",
      .inputs = {"data"},
      .shape = InferFlatten,
      .gradient = ReshapeGradient,
      .inplace = {{0, 0}},
      .kernels = CopyKernels<NoAttrs>(),
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
      .gradient = ReshapeGradient,
      .inplace = {{0, 0}},
      .kernels = KernelsFor(
          AllTypes(), []<typename T>() { return KernelOf<CopyLike<T>>(); }),
  };
}

absl::StatusOr<std::vector<size_t>> ReadAxes(const TransposeAttrs& a,
                                             size_t rank) {
  std::vector<size_t> axes;
  if (a.axes.empty()) {
    for (size_t i = rank; i-- > 0;) axes.push_back(i);
    return axes;
  }
  if (a.axes.size() != rank) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute 'axes': expected ", rank, " axes, found ", a.axes.size()));
  }
  for (int64_t axis : a.axes) {
    absl::StatusOr<size_t> resolved = ResolveAxis(axis, rank);
    if (!resolved.ok()) return Annotate(resolved.status(), "attribute 'axes'");
    if (std::find(axes.begin(), axes.end(), *resolved) != axes.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "attribute 'axes': expected each axis once, found ", axis, " again"));
    }
    axes.push_back(*resolved);
  }
  return axes;
}

absl::Status InferTranspose(ShapeInference& node) {
  const bool from_input = node.input(0).known_rank();
  if (!from_input && !node.output(0).known_rank()) return absl::OkStatus();
  const size_t rank = from_input ? node.input(0).rank() : node.output(0).rank();
  MINNOW_ASSIGN_OR_RETURN(std::vector<size_t> axes,
                          ReadAxes(node.attrs<TransposeAttrs>(), rank));
  if (from_input) {
    Shape out = Shape::OfRank(rank);
    for (size_t i = 0; i < rank; ++i) out.set(i, node.input(0)[axes[i]]);
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  }
  Shape data = Shape::OfRank(rank);
  for (size_t i = 0; i < rank; ++i) data.set(axes[i], node.output(0)[i]);
  return node.MergeInput(0, data);
}

absl::StatusOr<TransposePlan> PrepareTranspose(const Attrs& attrs,
                                               absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(
      std::vector<size_t> axes,
      ReadAxes(attrs.As<TransposeAttrs>(), shapes[0].rank()));
  return PlanTranspose(shapes[0], axes);
}

template <typename T>
absl::Status TransposeElements(const RunContext& context, const TransposeAttrs&,
                               const TransposePlan& plan, Dense<const T> data,
                               Dense<T> out) {
  Transpose(*context.threads, plan, data.data(), out.data());
  return absl::OkStatus();
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

OpDef TransposeOp() {
  return {
      .name = "transpose",
      .doc =
          "out[i_0, ..., i_n] = data[j_0, ..., j_n], where j[axes[k]] = i[k]",
      .attrs = AttrsTypeOf<TransposeAttrs>(),
      .inputs = {"data"},
      .shape = InferTranspose,
      .gradient = TransposeGradient,
      .kernels = KernelsFor(
          AllTypes(),
          []<typename T>() {
            return KernelOf<TransposeElements<T>, PrepareTranspose>();
          }),
  };
}

}  // namespace

namespace op {

Symbol Reshape(Symbol data, const ReshapeAttrs& attrs, NodeOptions options) {
  return Compose("Reshape", {data}, attrs, std::move(options));
}

Symbol ReshapeLike(Symbol lhs, Symbol rhs, const ReshapeLikeAttrs& attrs,
                   NodeOptions options) {
  return Compose("reshape_like", {lhs, rhs}, attrs, std::move(options));
}

Symbol Flatten(Symbol data, NodeOptions options) {
  return Compose("Flatten", {data}, {}, std::move(options));
}

Symbol Transpose(Symbol data, const TransposeAttrs& attrs,
                 NodeOptions options) {
  return Compose("transpose", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> ShapeOps() {
  return {ReshapeOp(), FlattenOp(), ReshapeLikeOp(), TransposeOp()};
}

}  // namespace minnow
