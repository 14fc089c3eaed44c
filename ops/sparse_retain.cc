#include "minnow/ops/sparse_retain.h"

#include <algorithm>
#include <cstring>

#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/ops/row_ids.h"

namespace minnow {
namespace {

// The ids, ascending and each once.
template <typename Id>
absl::StatusOr<std::vector<int64_t>> SortedRows(Dense<const Id> ids,
                                                int64_t num_rows) {
  MINNOW_RETURN_IF_ERROR(CheckRowIds("indices", IdsOf(ids), num_rows));
  std::vector<int64_t> rows(ids.values.size());
  std::transform(ids.values.begin(), ids.values.end(), rows.begin(),
                 [](Id id) { return Convert<int64_t>(id); });
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

template <typename T, typename Id>
absl::Status RetainRows(const RunContext& context, const NoAttrs&,
                        RowSparse<const T> data, Dense<const Id> indices,
                        RowSparse<T> out) {
  MINNOW_ASSIGN_OR_RETURN(std::vector<int64_t> rows,
                          SortedRows(indices, data.dims[0]));
  std::vector<int64_t> slots;
  size_t kept = 0;
  auto at = data.rows.begin();
  for (int64_t row : rows) {
    at = std::lower_bound(at, data.rows.end(), row);
    if (at == data.rows.end()) break;
    if (*at != row) continue;
    rows[kept++] = row;
    slots.push_back(at - data.rows.begin());
  }
  rows.resize(kept);
  return CopyRows(*context.threads,
                  reinterpret_cast<const std::byte*>(data.values.data()), slots,
                  data.row_size() * static_cast<int64_t>(sizeof(T)),
                  std::move(rows), *out.array);
}

// Of a dense array, such as a gradient.
template <typename T, typename Id>
absl::Status RetainDenseRows(const RunContext& context, const NoAttrs&,
                             Dense<const T> data, Dense<const Id> indices,
                             RowSparse<T> out) {
  MINNOW_ASSIGN_OR_RETURN(std::vector<int64_t> rows,
                          SortedRows(indices, data.dims[0]));
  const std::vector<int64_t> slots = rows;
  return CopyRows(*context.threads,
                  reinterpret_cast<const std::byte*>(data.data()), slots,
                  data.row_size() * static_cast<int64_t>(sizeof(T)),
                  std::move(rows), *out.array);
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
          Joined({KernelsForIds(NumberTypes(),
                                []<typename T, typename Id>() {
                                  return KernelOf<RetainRows<T, Id>>();
                                }),
                  KernelsForIds(NumberTypes(),
                                []<typename T, typename Id>() {
                                  return KernelOf<RetainDenseRows<T, Id>>();
                                })}),
      .fails_on_data = true,
  };
}

}  // namespace

std::vector<OpDef> SparseRetainOps() { return {SparseRetainOp()}; }

}  // namespace minnow
