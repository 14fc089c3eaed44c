#include "minnow/ops/transpose.h"

namespace minnow {

TransposePlan PlanTranspose(const Shape& x, const std::vector<size_t>& axes) {
  TransposePlan plan;
  const size_t rank = x.rank();
  std::vector<int64_t> strides(rank, 1);
  for (size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * x[i];
  // The axes of the result, from the innermost one on.
  std::vector<TransposePlan::Axis> merged;
  int64_t stride = 1;
  for (size_t i = rank; i-- > 0;) {
    const int64_t size = x[axes[i]];
    const int64_t from = strides[axes[i]];
    if (!merged.empty() && from == merged.back().from * merged.back().size) {
      merged.back().size *= size;
    } else if (size != 1) {
      merged.push_back({size, from, stride});
    }
    stride *= size;
  }
  if (merged.empty()) return plan;
  plan.cols = merged[0];
  for (size_t i = 1; i < merged.size(); ++i) {
    // The innermost axis of the input, unless that is `cols` already; then the
    // one that comes next in the result.
    const bool is_rows = plan.cols.from == 1 ? i == 1 : merged[i].from == 1;
    if (is_rows) {
      plan.rows = merged[i];
    } else {
      plan.others.push_back(merged[i]);
      plan.num_matrices *= merged[i].size;
    }
  }
  return plan;
}

}  // namespace minnow
