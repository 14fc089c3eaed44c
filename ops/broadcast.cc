#include "minnow/ops/broadcast.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

// The dimension that is `k` from the end, counted from 1; 1 if there is none.
int64_t FromEnd(const Shape& shape, size_t k) {
  return k <= shape.rank() ? shape[shape.rank() - k] : 1;
}

// The strides of `shape` for a loop over an array of rank `rank`: 0 where it is
// repeated.
BroadcastPlan::Dims Strides(const Shape& shape, size_t rank) {
  BroadcastPlan::Dims strides(rank, 0);
  int64_t stride = 1;
  for (size_t k = 1; k <= shape.rank(); ++k) {
    const int64_t dim = FromEnd(shape, k);
    if (dim != 1) strides[rank - k] = stride;
    stride *= dim;
  }
  return strides;
}

}  // namespace

absl::Status InferBroadcastShape(ShapeInference& node) {
  const Shape& lhs = node.input(0);
  const Shape& rhs = node.input(1);
  if (!lhs.known_rank() || !rhs.known_rank()) return absl::OkStatus();
  const size_t rank = std::max(lhs.rank(), rhs.rank());
  Shape out = Shape::OfRank(rank);
  for (size_t k = 1; k <= rank; ++k) {
    const int64_t x = FromEnd(lhs, k);
    const int64_t y = FromEnd(rhs, k);
    int64_t dim = Shape::kUnknown;
    if (x == y || y == 1) {
      dim = x;
    } else if (x == 1) {
      dim = y;
    } else if (x == Shape::kUnknown) {
      dim = y;  // It is 1 or as large as the other.
    } else if (y == Shape::kUnknown) {
      dim = x;
    } else {
      return node.InputError(
          1, absl::StrCat("a shape that broadcasts with ", lhs.ToString()));
    }
    out.set(rank - k, dim);
  }
  return node.MergeOutput(0, out);
}

int64_t BroadcastPlan::rows() const {
  int64_t rows = 1;
  for (size_t k = 0; k + 1 < dims.size(); ++k) rows *= dims[k];
  return rows;
}

BroadcastPlan::Offsets BroadcastPlan::RowOffsets(int64_t i) const {
  Offsets offsets{0, 0};
  for (size_t k = dims.size() - 1; k-- > 0;) {
    const int64_t coordinate = i % dims[k];
    i /= dims[k];
    offsets.lhs += coordinate * lhs_strides[k];
    offsets.rhs += coordinate * rhs_strides[k];
  }
  return offsets;
}

BroadcastPlan PlanBroadcast(const Shape& lhs, const Shape& rhs,
                            const Shape& out) {
  const size_t rank = out.rank();
  const BroadcastPlan::Dims x = Strides(lhs, rank);
  const BroadcastPlan::Dims y = Strides(rhs, rank);
  // From the last dimension on; reversed at the end.
  BroadcastPlan plan;
  for (size_t k = rank; k-- > 0;) {
    if (out[k] == 1) continue;
    if (!plan.dims.empty()) {
      // Outer dimensions continue this one if a step in them is as long as all
      // of it, for both inputs.
      const int64_t dim = plan.dims.back();
      if (x[k] == plan.lhs_strides.back() * dim &&
          y[k] == plan.rhs_strides.back() * dim) {
        plan.dims.back() *= out[k];
        continue;
      }
    }
    plan.dims.push_back(out[k]);
    plan.lhs_strides.push_back(x[k]);
    plan.rhs_strides.push_back(y[k]);
  }
  while (plan.dims.size() < 2) {
    // A single element, or a single row.
    plan.dims.push_back(1);
    plan.lhs_strides.push_back(0);
    plan.rhs_strides.push_back(0);
  }
  std::reverse(plan.dims.begin(), plan.dims.end());
  std::reverse(plan.lhs_strides.begin(), plan.lhs_strides.end());
  std::reverse(plan.rhs_strides.begin(), plan.rhs_strides.end());
  return plan;
}

}  // namespace minnow
