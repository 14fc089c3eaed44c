#include "minnow/ops/reshape.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/shape.h"

namespace minnow {
namespace {

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

}  // namespace

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

absl::StatusOr<MovePlan> PlanSameElements(const Attrs&,
                                          absl::Span<const Shape> shapes) {
  MovePlan plan;
  plan.CopyAll(0, shapes.size() - 1, shapes[0]);
  return plan;
}

std::vector<Symbol> ReshapeGradient(const GradientContext& node) {
  return {op::ReshapeLike(node.head(0), node.input(0))};
}

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
    // Other codes may go beyond the axes that data have.
    if (needed > 0 && next + needed > data.size()) {
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
      .kernels = MoveKernels<PlanSameElements>({kMoveIn, kMoveOut}),
  };
}

}  // namespace

namespace op {

Symbol Reshape(Symbol data, const ReshapeAttrs& attrs, NodeOptions options) {
  return Compose("Reshape", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> ReshapeOps() { return {ReshapeOp()}; }

}  // namespace minnow
