// NDArray: a handle to an array. Copies of a handle share its values.
//
//   absl::StatusOr<NDArray> w = NDArray::Zeros({3, 4}, DType::kFloat32);
//   w->values<float>()[0] = 1;
//   NDArray same = *w;                       // Shares the values.
//   absl::StatusOr<NDArray> own = w->Copy(); // Has its own.
//   absl::StatusOr<NDArray> row = w->Rows(0, 1);       // A view: shares.
//   auto v = NDArray::FromValues<float>({2}, {1, 2});
//
// Sparse arrays:
//   row_sparse  some rows of the array, values of shape (rows, dims[1:]), with
//               the ascending numbers of the rows. The other rows are zero.
//   csr         two dimensions; for each row the ascending columns of its
//               values; row i has the values [indptr[i], indptr[i+1]).
// Their parts are checked when an array is made, so that kernels may trust
// them.
#ifndef MINNOW_CORE_NDARRAY_H_
#define MINNOW_CORE_NDARRAY_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/array_data.h"
#include "minnow/core/dtype.h"
#include "minnow/core/shape.h"

namespace minnow {

class NDArray {
 public:
  // No array.
  NDArray() = default;

  // Zeros. A sparse one stores no row and no value.
  static absl::StatusOr<NDArray> Zeros(
      const Shape& shape, DType dtype,
      StorageType storage = StorageType::kDense);
  // A dense array that holds a copy of `values`, which must be as many as the
  // shape says.
  template <typename T>
  static absl::StatusOr<NDArray> FromValues(const Shape& shape,
                                            absl::Span<const T> values);
  // `values` is dense, of shape (rows.size(), shape[1:]), and is copied. An
  // error unless `rows` are ascending, unique and inside the shape.
  static absl::StatusOr<NDArray> RowSparse(const Shape& shape,
                                           const NDArray& values,
                                           std::vector<int64_t> rows);
  // An error unless `values` could be those of so many rows.
  static absl::Status CheckRowSparse(const Shape& shape, const NDArray& values,
                                     int64_t num_rows);
  // `values` is dense, of shape (columns.size(),), and is copied. An error
  // unless `indptr` ascends from 0 to columns.size(), and the columns of each
  // row are ascending, unique and inside the shape.
  static absl::StatusOr<NDArray> Csr(const Shape& shape, const NDArray& values,
                                     std::vector<int64_t> indptr,
                                     std::vector<int64_t> columns);

  // A dense array inside the buffer of `data`, `offset` bytes from its start.
  static absl::StatusOr<NDArray> ViewOf(std::shared_ptr<ArrayData> data,
                                        int64_t offset, const Shape& shape,
                                        DType dtype);

  explicit operator bool() const { return data_ != nullptr; }
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  StorageType storage() const { return storage_; }
  int64_t num_elements() const { return shape_.num_elements(); }

  // The stored values: of all elements, if dense.
  // REQUIRES: DTypeOf<T> == dtype().
  template <typename T>
  absl::Span<T> values() const {
    return absl::MakeSpan(reinterpret_cast<T*>(raw()),
                          static_cast<size_t>(num_values()));
  }
  std::byte* raw() const {
    SortRows();
    return data_->values.data() + offset_;
  }
  int64_t num_values() const;
  int64_t num_bytes() const {
    return num_values() * static_cast<int64_t>(DTypeSize(dtype_));
  }
  // Rows of row_sparse, columns of csr; empty if dense.
  absl::Span<const int64_t> indices() const {
    SortRows();
    return data_->indices;
  }
  // Of csr; else empty.
  absl::Span<const int64_t> indptr() const { return data_->indptr; }

  // A view of a dense array: another shape of as many elements.
  absl::StatusOr<NDArray> Reshape(const Shape& shape) const;
  // The rows [begin, end): of a dense array a view, of a sparse one a copy that
  // is stored in the same way.
  absl::StatusOr<NDArray> Rows(int64_t begin, int64_t end) const;

  // With values of its own.
  absl::StatusOr<NDArray> Copy() const;
  // Dense, with values of its own.
  absl::StatusOr<NDArray> ToDense() const;
  // Overwrites the values by those of `source`: same shape, dtype and storage.
  absl::Status CopyFrom(const NDArray& source);
  // The elements, converted: an own dense array.
  absl::StatusOr<NDArray> Cast(DType dtype) const;

  // They share memory.
  bool Overlaps(const NDArray& other) const;
  // "dense (2,3) float32".
  std::string Describe() const;
  // The same, and the elements: all of a small array, the ends of a large one.
  std::string ToString() const;

  const std::shared_ptr<ArrayData>& data() const { return data_; }

 private:
  NDArray(std::shared_ptr<ArrayData> data, Shape shape, DType dtype,
          StorageType storage, int64_t offset = 0)
      : data_(std::move(data)),
        shape_(std::move(shape)),
        dtype_(dtype),
        storage_(storage),
        offset_(offset) {}

  // Kernels may have left the rows in another order.
  void SortRows() const {
    if (!data_->ascending) minnow::SortRows(num_row_bytes(), *data_);
  }
  int64_t num_row_bytes() const {
    return shape_.num_elements(1, shape_.rank()) *
           static_cast<int64_t>(DTypeSize(dtype_));
  }

  static absl::Status CheckCount(const Shape& shape, size_t found);

  std::shared_ptr<ArrayData> data_;
  Shape shape_;
  DType dtype_ = DType::kFloat32;
  StorageType storage_ = StorageType::kDense;
  int64_t offset_ = 0;  // Bytes from the start of the buffer; views have one.
};

template <typename T>
absl::StatusOr<NDArray> NDArray::FromValues(const Shape& shape,
                                            absl::Span<const T> values) {
  absl::StatusOr<NDArray> array = Zeros(shape, DTypeOf<T>);
  if (!array.ok()) return array;
  absl::Status status = CheckCount(shape, values.size());
  if (!status.ok()) return status;
  std::copy(values.begin(), values.end(), array->values<T>().begin());
  return array;
}

}  // namespace minnow

#endif  // MINNOW_CORE_NDARRAY_H_
