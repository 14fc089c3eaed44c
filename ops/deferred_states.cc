#include "minnow/ops/deferred_states.h"

#include <algorithm>
#include <atomic>

#include "minnow/core/status.h"
#include "minnow/ops/convert_elements.h"

namespace minnow {
namespace {

constexpr int64_t kCheckGrain = 1 << 7;
constexpr int64_t kCheckBatch = 64;

}  // namespace

absl::Status CheckLast(ThreadPool& threads, const int32_t* last, int64_t now,
                       int64_t n,
                       absl::FunctionRef<int64_t(int64_t i)> row_of) {
  std::atomic<int64_t> first_bad = n;
  ParallelFor(threads, n, kCheckGrain, [&](int64_t begin, int64_t end) {
    // All rows of a batch are asked for before the first is waited for.
    int64_t rows[kCheckBatch];
    for (; begin < end; begin += kCheckBatch) {
      const int64_t size = std::min(kCheckBatch, end - begin);
      for (int64_t k = 0; k < size; ++k) {
        rows[k] = row_of(begin + k);
        __builtin_prefetch(last + rows[k], /*rw=*/0);
      }
      const int64_t* const bad = std::find_if(
          rows, rows + size,
          [&](int64_t row) { return last[row] < 0 || last[row] > now; });
      if (bad == rows + size) continue;
      const int64_t i = begin + (bad - rows);
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

void VisitInFloats(
    DType dtype, int64_t row_size, const std::array<RowAccess, 3>& rows,
    absl::FunctionRef<void(int64_t size, std::byte* const* at)> f) {
  std::byte* at[3];
  if (dtype == DType::kFloat32 || dtype == DType::kFloat64) {
    for (size_t k = 0; k < rows.size(); ++k) {
      at[k] = rows[k].to != nullptr ? rows[k].to
                                    : const_cast<std::byte*>(rows[k].from);
    }
    return f(row_size, at);
  }
  constexpr int64_t kTile = 512;
  float tiles[3][kTile];
  const auto item = static_cast<int64_t>(DTypeSize(dtype));
  for (int64_t begin = 0; begin < row_size; begin += kTile) {
    const int64_t size = std::min(kTile, row_size - begin);
    for (size_t k = 0; k < rows.size(); ++k) {
      at[k] = reinterpret_cast<std::byte*>(tiles[k]);
      if (rows[k].from == nullptr) continue;
      ConvertElements(dtype, rows[k].from + begin * item, DType::kFloat32,
                      tiles[k], size);
    }
    f(size, at);
    for (size_t k = 0; k < rows.size(); ++k) {
      if (rows[k].to == nullptr) continue;
      ConvertElements(DType::kFloat32, tiles[k], dtype,
                      rows[k].to + begin * item, size);
    }
  }
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
