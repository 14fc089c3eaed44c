#include "minnow/ops/stored_values.h"

namespace minnow {

absl::StatusOr<int64_t> StoreSamePlaces(StorageType storage,
                                        const ArrayRef& from, size_t from_size,
                                        const ArrayRef& to, size_t to_size) {
  ArrayData& source = *from.sparse;
  ArrayData& target = *to.sparse;
  const auto num_indices = static_cast<int64_t>(source.indices.size());
  int64_t num_values = num_indices;
  if (storage == StorageType::kRowSparse) {
    const int64_t row_size = internal::RowSize(from.dims);
    SortRows(row_size * static_cast<int64_t>(from_size), source);
    num_values *= row_size;
  }
  MINNOW_RETURN_IF_ERROR(ResizeSparse(
      num_indices, num_values * static_cast<int64_t>(to_size), target));
  target.indices = source.indices;
  target.indptr = source.indptr;
  return num_values;
}

}  // namespace minnow
