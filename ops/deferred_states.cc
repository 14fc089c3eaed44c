#include "minnow/ops/deferred_states.h"

#include <atomic>

#include "minnow/core/status.h"

namespace minnow {

absl::Status CheckLast(ThreadPool& threads, const int32_t* last, int64_t now,
                       int64_t n,
                       absl::FunctionRef<int64_t(int64_t i)> row_of) {
  std::atomic<int64_t> first_bad = n;
  ParallelFor(threads, n, int64_t{1} << 14, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (last[row_of(i)] >= 0 && last[row_of(i)] <= now) continue;
      int64_t found = first_bad;
      while (i < found && !first_bad.compare_exchange_weak(found, i)) {
      }
      return;
    }
  });
  if (first_bad == n) return absl::OkStatus();
  const int64_t row = row_of(first_bad);
  return absl::InvalidArgumentError(
      absl::StrCat("argument 'last': expected numbers in [0,", now, "], found ",
                   last[row], " for row ", row));
}

absl::Status InferStates(ShapeInference& node, const Places& places) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(places.step, {1}));
  MINNOW_RETURN_IF_ERROR(
      node.MergeInput(places.mom, node.input(places.weight)));
  MINNOW_RETURN_IF_ERROR(
      node.MergeInput(places.weight, node.input(places.mom)));
  const Shape& weight = node.input(places.weight);
  if (weight.known_rank()) {
    if (weight.rank() < 1) {
      return node.InputError(places.weight, "one dimension or more");
    }
    MINNOW_RETURN_IF_ERROR(node.MergeInput(places.last, {weight[0]}));
  }
  if (node.input(places.history).known() &&
      !DeferredHistory<double>::IsShape(node.input(places.history))) {
    return node.InputError(places.history,
                           "shape (n * 257,4) for a history of n * 256 steps");
  }
  return absl::OkStatus();
}

absl::Status InferStateTypes(DTypeInference& node, const Places& places) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(places.last, DType::kInt32));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(places.history, DType::kFloat64));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(places.step, DType::kInt64));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(places.weight, node.output(0)));
  MINNOW_RETURN_IF_ERROR(
      node.MergeInput(places.weight, node.input(places.mom)));
  MINNOW_RETURN_IF_ERROR(
      node.MergeInput(places.mom, node.input(places.weight)));
  return node.MergeOutput(0, node.input(places.weight));
}

}  // namespace minnow
