// ArrayData: the memory of an array, which all handles to it share.
//
// The rows of a row_sparse array that is updated lie in slots: a new row takes
// the next slot, wherever it stands in the array, so that it costs no move of
// the others. An index tells the slot of a row:
//
//   MINNOW_RETURN_IF_ERROR(AddRows(rows, row_bytes, *array));
//   const int64_t slot = array->FindRow(row);
//   std::byte* values = array->values.data() + slot * row_bytes;
//
// Everybody else sees ascending rows: SortRows brings them into order, and
// handles and views call it where it is due.
#ifndef MINNOW_CORE_ARRAY_DATA_H_
#define MINNOW_CORE_ARRAY_DATA_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/core/buffer.h"

namespace minnow {

struct ArrayData {
  Buffer values;
  std::vector<int64_t> indices;  // Rows of row_sparse, columns of csr.
  std::vector<int64_t> indptr;   // Of csr.

  // Whether the rows of a row_sparse array ascend.
  bool ascending = true;
  // The slots of rows; complete after IndexRows until the rows change.
  absl::flat_hash_map<int64_t, int64_t> slots;

  // The slot of a row, or -1.
  // REQUIRES: IndexRows has been called since the rows changed.
  int64_t FindRow(int64_t row) const {
    // Where the first rows are all there they need no index.
    if (slots.empty()) {
      return row < static_cast<int64_t>(indices.size()) ? row : -1;
    }
    const auto found = slots.find(row);
    return found == slots.end() ? -1 : found->second;
  }
};

// Makes room for `num_indices` indices and `value_bytes` bytes of values in a
// sparse array, for a kernel that writes all of them, rows in ascending order.
// A buffer that has become larger stays so.
absl::Status ResizeSparse(int64_t num_indices, int64_t value_bytes,
                          ArrayData& array);

// Makes the index of the rows, unless it is there.
void IndexRows(ArrayData& array);

// Adds those of `rows` that a row_sparse array does not store, as zeros behind
// the others, and indexes them all. The cost follows the rows that are new.
absl::Status AddRows(absl::Span<const int64_t> rows, int64_t row_bytes,
                     ArrayData& array);

// Puts the rows of a row_sparse array into ascending order.
void SortRows(int64_t row_bytes, ArrayData& array);

}  // namespace minnow

#endif  // MINNOW_CORE_ARRAY_DATA_H_
