#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/concat.h"
#include "minnow/ops/init.h"
#include "minnow/ops/move.h"
#include "minnow/ops/slice.h"

namespace minnow {
namespace {

// The parts of an axis of this size. Their sizes sum up to it, but for what
// stands before the first index.
absl::StatusOr<std::vector<AxisRange>> ReadParts(const SplitAttrs& a,
                                                 int64_t size) {
  const int64_t count = a.num_outputs;
  if (size % count != 0) {
    return BadAttr("num_outputs",
                   absl::StrCat("a divisor of the dimension ", size), count);
  }
  std::vector<AxisRange> parts;
  for (int64_t i = 0; i < count; ++i) {
    parts.push_back({.begin = i * (size / count), .size = size / count});
  }
  return parts;
}

absl::StatusOr<std::vector<AxisRange>> ReadParts(const SplitV2Attrs& a,
                                                 int64_t size) {
  std::vector<AxisRange> parts;
  if (a.sections > 0) {
    int64_t begin = 0;
    for (int64_t i = 0; i < a.sections; ++i) {
      const int64_t part = size / a.sections + (i < size % a.sections ? 1 : 0);
      parts.push_back({.begin = begin, .size = part});
      begin += part;
    }
    return parts;
  }
  const std::vector<int64_t>& indices = a.indices;
  for (size_t i = 0; i < indices.size(); ++i) {
    const int64_t end = i + 1 < indices.size() ? indices[i + 1] : size;
    if (indices[i] < 0 || indices[i] > end || end > size) {
      return BadAttr("indices",
                     absl::StrCat("ascending numbers of at most ", size),
                     indices[i]);
    }
    parts.push_back({.begin = indices[i], .size = end - indices[i]});
  }
  return parts;
}

int64_t NumParts(const SplitAttrs& a) { return a.num_outputs; }
int64_t NumParts(const SplitV2Attrs& a) {
  return a.sections > 0 ? a.sections
                        : static_cast<int64_t>(a.indices.get().size());
}

// More are taken for a damaged file.
constexpr int64_t kMaxParts = int64_t{1} << 20;

const char* PartsAttr(const SplitAttrs&) { return "num_outputs"; }
const char* PartsAttr(const SplitV2Attrs&) { return "indices"; }

template <typename A>
std::vector<std::string> PartNames(const Attrs& attrs) {
  const int64_t count = NumParts(attrs.As<A>());
  if (count <= 1 || count > kMaxParts) return {"out"};
  std::vector<std::string> names;
  for (int64_t i = 0; i < count; ++i) {
    names.push_back(absl::StrCat("out", i));
  }
  return names;
}

template <typename A>
absl::Status InferSplit(ShapeInference& node) {
  const A& a = node.attrs<A>();
  const Shape& data = node.input(0);
  if (NumParts(a) < 1 || NumParts(a) > kMaxParts) {
    return BadAttr(PartsAttr(a), absl::StrCat("1 to ", kMaxParts, " parts"),
                   NumParts(a));
  }
  if (!data.known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(size_t axis, ReadAxis("axis", a.axis, data.rank()));
  std::vector<AxisRange> parts(static_cast<size_t>(NumParts(a)),
                               AxisRange{.size = Shape::kUnknown});
  if (data[axis] != Shape::kUnknown) {
    MINNOW_ASSIGN_OR_RETURN(parts, ReadParts(a, data[axis]));
  }
  for (size_t k = 0; k < parts.size(); ++k) {
    Shape out = Shape::Scalar();
    for (size_t i = 0; i < data.rank(); ++i) {
      if (i != axis) {
        out.push_back(data[i]);
      } else if (!a.squeeze_axis) {
        out.push_back(parts[k].size);
      } else if (parts[k].size != Shape::kUnknown && parts[k].size != 1) {
        return absl::InvalidArgumentError(absl::StrCat(
            "attribute 'squeeze_axis': expected parts of size 1 in axis ",
            a.axis, ", found ", parts[k].size));
      }
    }
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(k, out));
  }
  return absl::OkStatus();
}

template <typename A>
absl::StatusOr<MovePlan> PlanSplit(const Attrs& attrs,
                                   absl::Span<const Shape> shapes) {
  const A& a = attrs.As<A>();
  const Shape& data = shapes[0];
  const size_t axis = *ResolveAxis(a.axis, data.rank());
  MINNOW_ASSIGN_OR_RETURN(std::vector<AxisRange> parts,
                          ReadParts(a, data[axis]));
  MovePlan plan;
  for (size_t k = 0; k < parts.size(); ++k) {
    Shape part = data;
    part.set(axis, parts[k].size);
    StridedLayout from = StridedLayout::Of(data);
    from.Slice(axis, parts[k]);
    plan.steps.push_back(
        {0, k + 1, PlanCopy(part, from, StridedLayout::Of(part))});
  }
  return plan;
}

template <typename A>
Symbol Joined(const GradientContext& node) {
  const A a = node.attrs<A>();
  const std::vector<Symbol> heads =
      HeadsOrZeros(node, static_cast<size_t>(NumParts(a)));
  return a.squeeze_axis ? op::Stack(heads, {.axis = a.axis})
                        : op::Concat(heads, {.dim = a.axis});
}

template <typename A>
OpDef SplitOp(const char* name, std::vector<std::string> aliases,
              const char* doc, GradientFn gradient) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .doc = doc,
      .attrs = AttrsTypeOf<A>(),
      .inputs = {"data"},
      .outputs = PartNames<A>,
      .shape = InferSplit<A>,
      .gradient = gradient,
      .kernels = MoveKernels<PlanSplit<A>>({kMoveIn, kMoveOutList}),
  };
}

std::vector<Symbol> SplitV2Gradient(const GradientContext& node) {
  const SplitV2Attrs a = node.attrs<SplitV2Attrs>();
  const Symbol joined = Joined<SplitV2Attrs>(node);
  if (a.sections > 0 || a.indices.get()[0] == 0) return {joined};
  // What stands before the first part belongs to none.
  const std::optional<int64_t> end = a.indices.get()[0];
  const Symbol before =
      op::SliceAxis(node.input(0), {.axis = a.axis, .begin = 0, .end = end});
  return {op::Concat({op::ZerosLike(before), joined}, {.dim = a.axis})};
}

std::vector<Symbol> ComposeParts(const char* op, Symbol data, Attrs attrs,
                                 int64_t count, NodeOptions options) {
  // One where inference will refuse the number.
  if (count < 1 || count > kMaxParts) count = 1;
  if (data.omitted()) return std::vector<Symbol>(static_cast<size_t>(count));
  const Symbol node =
      data.builder->Add(op, {data}, std::move(attrs), std::move(options));
  return data.builder->Outputs(node, static_cast<size_t>(count));
}

}  // namespace

namespace op {

std::vector<Symbol> Split(Symbol data, const SplitAttrs& attrs,
                          NodeOptions options) {
  return ComposeParts("SliceChannel", data, attrs, NumParts(attrs),
                      std::move(options));
}

std::vector<Symbol> SplitV2(Symbol data, const SplitV2Attrs& attrs,
                            NodeOptions options) {
  return ComposeParts("_split_v2", data, attrs, NumParts(attrs),
                      std::move(options));
}

}  // namespace op

std::vector<OpDef> SplitOps() {
  return {
      SplitOp<SplitAttrs>(
          "SliceChannel", {"split"},
          "out0, out1, ... = data, cut into num_outputs equal parts of the "
          "axis",
          [](const GradientContext& node) -> std::vector<Symbol> {
            return {Joined<SplitAttrs>(node)};
          }),
      SplitOp<SplitV2Attrs>(
          "_split_v2", {"_npi_split"},
          "out0, out1, ... = data, cut where indices say, or into sections",
          SplitV2Gradient),
  };
}

}  // namespace minnow
