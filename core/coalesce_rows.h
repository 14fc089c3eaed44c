// Rows that occur several times: brought into order, and summed.
//
//   // (4,2) with the rows 0 and 3; what occurs twice is summed.
//   MINNOW_ASSIGN_OR_RETURN(
//       NDArray grad, CoalesceRows({4, 2}, values, {3, 0, 3}, threads));
//
// The values of a row are summed in the order in which they occur, so the bits
// do not depend on the number of threads; those of 16 bits in float32, rounded
// once.
//
// Kernels take it apart, with memory that is there:
//
//   const RowGroups groups = GroupRows(threads, n, num_rows, load, workspace);
//   for (int64_t i = 0; i < groups.size(); ++i) rows[i] = groups.row(i);
//   SumRows(threads, groups, DType::kFloat32, row_size, values, sums);
#ifndef MINNOW_CORE_COALESCE_ROWS_H_
#define MINNOW_CORE_COALESCE_ROWS_H_

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/ndarray.h"
#include "minnow/core/thread_pool.h"

namespace minnow {

// A row_sparse array of this shape; `values` is dense, of shape (rows.size(),
// shape[1:]), and `rows` are in any order. A row outside of the shape is an
// error.
absl::StatusOr<NDArray> CoalesceRows(const Shape& shape, const NDArray& values,
                                     absl::Span<const int64_t> rows,
                                     ThreadPool& threads);

// The occurrences of rows, by row, and in their order for each row.
struct RowGroups {
  struct Entry {
    int64_t row, position;
  };
  absl::Span<const Entry> entries;
  // Where each row begins among them; the last one is the end.
  absl::Span<const int64_t> begins;

  // Different rows.
  int64_t size() const { return static_cast<int64_t>(begins.size()) - 1; }
  int64_t row(int64_t i) const { return entries[begins[i]].row; }
};

// Bytes of memory that GroupRows needs; an error if they cannot be counted.
absl::StatusOr<int64_t> GroupRowsBytes(int64_t n);

// Groups n rows. load(begin, count, rows) writes the numbers of `count` rows
// from `begin` on, and is called on any thread.
// REQUIRES: the rows are in [0, num_rows).
RowGroups GroupRows(
    ThreadPool& threads, int64_t n, int64_t num_rows,
    absl::FunctionRef<void(int64_t begin, int64_t count, int64_t* rows)> load,
    absl::Span<std::byte> memory);

// Row i of `sums` is the sum of those rows of `values` that are in group i.
void SumRows(ThreadPool& threads, const RowGroups& groups, DType dtype,
             int64_t row_size, const void* values, void* sums);

// The same along an inner axis, and into place: values (outer, n, row_size),
// sums (outer, num_rows, row_size), of which other rows stay as they are.
struct RowSumShape {
  int64_t outer, n, num_rows, row_size;
};
void SumRowsInto(ThreadPool& threads, const RowGroups& groups, DType dtype,
                 const RowSumShape& shape, const void* values, void* sums);

}  // namespace minnow

#endif  // MINNOW_CORE_COALESCE_ROWS_H_
