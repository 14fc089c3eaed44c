#include "minnow/ops/sparse_retain.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/row_ids.h"

namespace minnow {
namespace {

// The ids, ascending and each once.
absl::StatusOr<std::vector<int64_t>> SortedRows(const Ids& ids,
                                                int64_t num_rows) {
  MINNOW_RETURN_IF_ERROR(CheckRowIds("indices", ids, num_rows));
  std::vector<int64_t> rows(static_cast<size_t>(ids.size));
  if (rows.empty()) return rows;
  LoadRows(ids, TakeMode::kRaise, num_rows, 0, ids.size, rows.data());
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

// Copies the rows that stand at `slots` into out, as the rows `rows`.
absl::Status CopyRows(ThreadPool& threads, const std::byte* from,
                      absl::Span<const int64_t> slots, int64_t row_bytes,
                      std::vector<int64_t> rows, ArrayData& out) {
  const auto count = static_cast<int64_t>(rows.size());
  MINNOW_RETURN_IF_ERROR(ResizeSparse(count, count * row_bytes, out));
  std::byte* const to = out.values.data();
  const int64_t grain = (1 << 17) / (row_bytes + 1) + 1;
  ParallelFor(threads, count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::memcpy(to + i * row_bytes, from + slots[i] * row_bytes,
                  static_cast<size_t>(row_bytes));
    }
  });
  out.indices = std::move(rows);
  return absl::OkStatus();
}

absl::Status RetainRows(const RunContext& context, const NoAttrs&,
                        AnyRowSparseIn<0> data, AnyIn<1> indices,
                        AnyRowSparseOut<0> out) {
  MINNOW_ASSIGN_OR_RETURN(std::vector<int64_t> rows,
                          SortedRows(IdsOf(indices), data.dims[0]));
  const absl::Span<const int64_t> stored = data.array->indices;
  std::vector<int64_t> slots;
  size_t kept = 0;
  auto at = stored.begin();
  for (int64_t row : rows) {
    at = std::lower_bound(at, stored.end(), row);
    if (at == stored.end()) break;
    if (*at != row) continue;
    rows[kept++] = row;
    slots.push_back(at - stored.begin());
  }
  rows.resize(kept);
  return CopyRows(*context.threads, data.array->values.data(), slots,
                  data.row_bytes(), std::move(rows), *out.array);
}

// Of a dense array, such as a gradient.
absl::Status RetainDenseRows(const RunContext& context, const NoAttrs&,
                             AnyIn<0> data, AnyIn<1> indices,
                             AnyRowSparseOut<0> out) {
  MINNOW_ASSIGN_OR_RETURN(std::vector<int64_t> rows,
                          SortedRows(IdsOf(indices), data.dims[0]));
  const std::vector<int64_t> slots = rows;
  return CopyRows(*context.threads, static_cast<const std::byte*>(data.data),
                  slots, out.row_bytes(), std::move(rows), *out.array);
}

absl::Status InferShape(ShapeInference& node) {
  const Shape& data = node.input(0);
  const Shape& indices = node.input(1);
  if (data.known_rank() && data.rank() < 1) {
    return node.InputError(0, "one dimension or more");
  }
  if (indices.known_rank() && indices.rank() != 1) {
    return node.InputError(1, "one dimension");
  }
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, data));
  return node.MergeInput(0, node.output(0));
}

OpDef SparseRetainOp() {
  return {
      .name = "_sparse_retain",
      .aliases = {"sparse_retain"},
      .doc = R"(out[i...] = data[i...] for each i of indices, else 0
The result is row_sparse; indices may stand in any order.)",
      .inputs = {"data", "indices"},
      .shape = InferShape,
      .dtype = SameDTypeButIds,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {op::SparseRetain(node.head(0), node.input(1)), Symbol{}};
      },
      .kernels =
          Joined({AnyKernels<RetainRows>(NumberTypes(), RowIdTypes()),
                  AnyKernels<RetainDenseRows>(NumberTypes(), RowIdTypes())}),
      .fails_on_data = true,
  };
}

}  // namespace

std::vector<OpDef> SparseRetainOps() { return {SparseRetainOp()}; }

}  // namespace minnow
