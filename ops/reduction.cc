#include "minnow/ops/reduction.h"

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

bool ReducesAll(const ReduceAttrs& attrs) {
  return !attrs.axis.has_value() || attrs.axis->empty();
}

// Rows of fewer elements are too short for a loop over vectors.
constexpr int64_t kNarrow = 256;

int64_t CeilDiv(int64_t x, int64_t y) { return (x + y - 1) / y; }

int64_t OffsetOf(const std::vector<ReducePlan::Axis>& axes, int64_t index) {
  int64_t offset = 0;
  for (size_t i = axes.size(); i-- > 1;) {
    offset += index % axes[i].size * axes[i].stride;
    index /= axes[i].size;
  }
  return axes.empty() ? 0 : offset + index * axes[0].stride;
}

}  // namespace

absl::StatusOr<std::vector<bool>> ReducedAxes(const ReduceAttrs& attrs,
                                              size_t rank) {
  if (ReducesAll(attrs)) return std::vector<bool>(rank, true);
  std::vector<bool> listed(rank, false);
  for (int64_t axis : *attrs.axis) {
    absl::StatusOr<size_t> resolved = ResolveAxis(axis, rank);
    if (!resolved.ok()) return Annotate(resolved.status(), "attribute 'axis'");
    if (listed[*resolved]) {
      return absl::InvalidArgumentError(absl::StrCat(
          "attribute 'axis': expected each axis once, found ", axis, " again"));
    }
    listed[*resolved] = true;
  }
  if (attrs.exclude) listed.flip();
  return listed;
}

absl::StatusOr<Shape> ReducedShape(const ReduceAttrs& attrs, const Shape& x) {
  MINNOW_ASSIGN_OR_RETURN(std::vector<bool> reduced,
                          ReducedAxes(attrs, x.rank()));
  Shape out = Shape::Scalar();
  bool all = true;
  for (size_t i = 0; i < x.rank(); ++i) {
    if (!reduced[i]) {
      out.push_back(x[i]);
      all = false;
    } else if (attrs.keepdims) {
      out.push_back(1);
    }
  }
  if (all && !attrs.keepdims) return Shape{1};
  return out;
}

absl::Status InferReduce(ShapeInference& node) {
  if (!node.input(0).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(
      Shape out, ReducedShape(node.attrs<ReduceAttrs>(), node.input(0)));
  return node.MergeOutput(0, out);
}

int64_t ReducePlan::Offset(int64_t kept_index, int64_t reduced_index) const {
  return OffsetOf(kept, kept_index) + OffsetOf(reduced, reduced_index);
}

ReducePlan PlanReduce(const Shape& x, const std::vector<bool>& is_reduced) {
  ReducePlan plan;
  // From the innermost axis on: neighbours of one kind are one axis.
  struct Group {
    int64_t size, stride;
    bool reduced;
  };
  std::vector<Group> groups;
  int64_t stride = 1;
  for (size_t i = x.rank(); i-- > 0;) {
    if (is_reduced[i]) {
      plan.count *= x[i];
    } else {
      plan.num_outputs *= x[i];
    }
    if (x[i] == 1) continue;
    if (!groups.empty() && groups.back().reduced == is_reduced[i]) {
      groups.back().size *= x[i];
    } else {
      groups.push_back({x[i], stride, is_reduced[i]});
    }
    stride *= x[i];
  }
  if (!groups.empty()) {
    plan.run = groups[0].size;
    plan.run_is_reduced = groups[0].reduced;
  }
  for (size_t i = groups.size(); i-- > 1;) {
    const Group& group = groups[i];
    (group.reduced ? plan.reduced : plan.kept)
        .push_back({group.size, group.stride});
    (group.reduced ? plan.num_reduced : plan.num_kept) *= group.size;
  }
  using internal::kReduceGrain;
  plan.chunk = std::min(
      plan.run, plan.run_is_reduced ? kReduceGrain : internal::kMaxColumns);
  plan.chunk = std::max<int64_t>(plan.chunk, 1);
  plan.num_chunks = CeilDiv(plan.run, plan.chunk);
  plan.segment = std::max<int64_t>(1, kReduceGrain / plan.chunk);
  const int64_t items =
      plan.num_reduced * (plan.run_is_reduced ? plan.num_chunks : 1);
  plan.num_segments = std::max<int64_t>(1, CeilDiv(items, plan.segment));
  const bool rows_are_adjacent =
      plan.reduced.size() == 1 && plan.reduced[0].stride == plan.run;
  if (!plan.run_is_reduced && rows_are_adjacent) {
    plan.rows_at_once = std::clamp<int64_t>(
        kNarrow / std::max<int64_t>(plan.run, 1), 1, plan.segment);
  }
  if (plan.num_segments > 1) {
    plan.workspace_bytes = plan.num_outputs * plan.num_segments *
                           static_cast<int64_t>(sizeof(int64_t));
  }
  return plan;
}

absl::StatusOr<ReducePlan> PrepareReduce(const Attrs& attrs,
                                         absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(
      std::vector<bool> reduced,
      ReducedAxes(attrs.As<ReduceAttrs>(), shapes[0].rank()));
  return PlanReduce(shapes[0], reduced);
}

}  // namespace minnow
