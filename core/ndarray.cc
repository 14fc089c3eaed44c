#include "minnow/core/ndarray.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include "minnow/core/attr_value.h"
#include "minnow/core/convert.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

// An error unless indices[begin, end) are ascending, unique and in [0, limit).
absl::Status CheckAscending(absl::Span<const int64_t> indices, int64_t begin,
                            int64_t end, int64_t limit,
                            absl::string_view what) {
  for (int64_t i = begin; i < end; ++i) {
    if (indices[i] < 0 || indices[i] >= limit) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, "[", i, "]: expected a number in [0,", limit,
                       "), found ", indices[i]));
    }
    if (i > begin && indices[i] <= indices[i - 1]) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, "[", i, "]: expected more than ", indices[i - 1],
                       " (ascending and unique), found ", indices[i]));
    }
  }
  return absl::OkStatus();
}

Shape ValuesShape(const Shape& shape, int64_t rows) {
  Shape result{rows};
  for (size_t i = 1; i < shape.rank(); ++i) result.push_back(shape[i]);
  return result;
}

absl::Status CheckValues(const NDArray& values, const Shape& expected) {
  if (!values || values.storage() != StorageType::kDense ||
      values.shape() != expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("values: expected dense ", expected.ToString(), ", found ",
                     values ? values.Describe() : "nothing"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status NDArray::CheckCount(const Shape& shape, size_t found) {
  if (static_cast<int64_t>(found) == shape.num_elements()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("shape ", shape.ToString(), ": expected ",
                   shape.num_elements(), " values, found ", found));
}

absl::StatusOr<NDArray> NDArray::Zeros(const Shape& shape, DType dtype,
                                       StorageType storage) {
  MINNOW_ASSIGN_OR_RETURN(int64_t bytes, shape.CheckedBytes(dtype));
  auto data = std::make_shared<ArrayData>();
  switch (storage) {
    case StorageType::kDense:
      break;
    case StorageType::kRowSparse:
      if (shape.rank() < 1) {
        return absl::InvalidArgumentError(
            "a row_sparse array has one dimension or more, found ()");
      }
      bytes = 0;
      break;
    case StorageType::kCsr:
      if (shape.rank() != 2) {
        return absl::InvalidArgumentError(absl::StrCat(
            "a csr array has two dimensions, found ", shape.ToString()));
      }
      try {
        data->indptr.assign(static_cast<size_t>(shape[0]) + 1, 0);
      } catch (const std::exception&) {  // No memory, or beyond max_size().
        return absl::ResourceExhaustedError(
            absl::StrCat("no memory for csr ", shape.ToString()));
      }
      bytes = 0;
      break;
  }
  MINNOW_ASSIGN_OR_RETURN(data->values, Buffer::Allocate(bytes));
  return NDArray(std::move(data), shape, dtype, storage);
}

absl::Status NDArray::CheckRowSparse(const Shape& shape, const NDArray& values,
                                     int64_t num_rows) {
  if (!shape.known() || shape.rank() < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("a row_sparse array has one dimension or more, found ",
                     shape.ToString()));
  }
  MINNOW_RETURN_IF_ERROR(CheckValues(values, ValuesShape(shape, num_rows)));
  return shape.CheckedBytes(values.dtype()).status();
}

absl::StatusOr<NDArray> NDArray::RowSparse(const Shape& shape,
                                           const NDArray& values,
                                           std::vector<int64_t> rows) {
  MINNOW_RETURN_IF_ERROR(
      CheckRowSparse(shape, values, static_cast<int64_t>(rows.size())));
  MINNOW_RETURN_IF_ERROR(CheckAscending(
      rows, 0, static_cast<int64_t>(rows.size()), shape[0], "indices"));
  MINNOW_ASSIGN_OR_RETURN(NDArray own, values.Copy());
  own.data_->indices = std::move(rows);
  return NDArray(own.data_, shape, values.dtype(), StorageType::kRowSparse);
}

absl::StatusOr<NDArray> NDArray::Csr(const Shape& shape, const NDArray& values,
                                     std::vector<int64_t> indptr,
                                     std::vector<int64_t> columns) {
  if (!shape.known() || shape.rank() != 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a csr array has two dimensions, found ", shape.ToString()));
  }
  const int64_t nnz = static_cast<int64_t>(columns.size());
  MINNOW_RETURN_IF_ERROR(CheckValues(values, Shape{nnz}));
  MINNOW_RETURN_IF_ERROR(shape.CheckedBytes(values.dtype()).status());
  const uint64_t num_bounds = static_cast<uint64_t>(shape[0]) + 1;
  if (indptr.size() != num_bounds || indptr.front() != 0 ||
      indptr.back() != nnz) {
    return absl::InvalidArgumentError(absl::StrCat(
        "indptr: expected ", num_bounds, " numbers from 0 to ", nnz, ", found ",
        indptr.size(),
        indptr.empty()
            ? ""
            : absl::StrCat(" from ", indptr.front(), " to ", indptr.back())));
  }
  for (int64_t row = 0; row < shape[0]; ++row) {
    if (indptr[row] > indptr[row + 1] || indptr[row + 1] > nnz) {
      return absl::InvalidArgumentError(
          absl::StrCat("indptr[", row + 1, "]: expected a number in [",
                       indptr[row], ",", nnz, "], found ", indptr[row + 1]));
    }
    MINNOW_RETURN_IF_ERROR(CheckAscending(columns, indptr[row], indptr[row + 1],
                                          shape[1], "indices"));
  }
  MINNOW_ASSIGN_OR_RETURN(NDArray own, values.Copy());
  own.data_->indices = std::move(columns);
  own.data_->indptr = std::move(indptr);
  return NDArray(own.data_, shape, values.dtype(), StorageType::kCsr);
}

absl::StatusOr<NDArray> NDArray::ViewOf(std::shared_ptr<ArrayData> data,
                                        int64_t offset, const Shape& shape,
                                        DType dtype) {
  MINNOW_ASSIGN_OR_RETURN(int64_t bytes, shape.CheckedBytes(dtype));
  if (offset < 0 || offset > data->values.size() ||
      bytes > data->values.size() - offset) {
    return absl::InvalidArgumentError(
        absl::StrCat("a view of ", bytes, " bytes at ", offset,
                     " is outside of a buffer of ", data->values.size()));
  }
  return NDArray(std::move(data), shape, dtype, StorageType::kDense, offset);
}

int64_t NDArray::num_values() const {
  switch (storage_) {
    case StorageType::kRowSparse:
      return static_cast<int64_t>(data_->indices.size()) *
             shape_.num_elements(1, shape_.rank());
    case StorageType::kCsr:
      return static_cast<int64_t>(data_->indices.size());
    case StorageType::kDense:
      break;
  }
  return shape_.num_elements();
}

absl::StatusOr<NDArray> NDArray::Reshape(const Shape& shape) const {
  MINNOW_RETURN_IF_ERROR(shape.CheckedBytes(dtype_).status());
  if (storage_ != StorageType::kDense ||
      shape.num_elements() != num_elements()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot reshape ", Describe(), " to ", shape.ToString()));
  }
  return NDArray(data_, shape, dtype_, storage_, offset_);
}

absl::StatusOr<NDArray> NDArray::Rows(int64_t begin, int64_t end) const {
  if (storage_ != StorageType::kDense || shape_.rank() < 1 || begin < 0 ||
      begin > end || end > shape_[0]) {
    return absl::InvalidArgumentError(
        absl::StrCat("no rows [", begin, ",", end, ") of ", Describe()));
  }
  return NDArray(data_, ValuesShape(shape_, end - begin), dtype_, storage_,
                 offset_ + begin * num_row_bytes());
}

absl::StatusOr<NDArray> NDArray::Copy() const {
  auto data = std::make_shared<ArrayData>();
  MINNOW_ASSIGN_OR_RETURN(data->values, Buffer::Allocate(num_bytes()));
  std::memcpy(data->values.data(), raw(), static_cast<size_t>(num_bytes()));
  data->indices = data_->indices;
  data->indptr = data_->indptr;
  return NDArray(std::move(data), shape_, dtype_, storage_);
}

absl::StatusOr<NDArray> NDArray::ToDense() const {
  if (storage_ == StorageType::kDense) return Copy();
  MINNOW_ASSIGN_OR_RETURN(NDArray dense, Zeros(shape_, dtype_));
  const size_t size = DTypeSize(dtype_);
  std::byte* to = dense.raw();
  const std::byte* from = raw();
  if (storage_ == StorageType::kRowSparse) {
    const auto row_bytes = static_cast<size_t>(num_row_bytes());
    for (size_t i = 0; i < indices().size(); ++i) {
      std::memcpy(to + static_cast<size_t>(indices()[i]) * row_bytes,
                  from + i * row_bytes, row_bytes);
    }
    return dense;
  }
  for (int64_t row = 0; row < shape_[0]; ++row) {
    for (int64_t i = indptr()[row]; i < indptr()[row + 1]; ++i) {
      const int64_t at = row * shape_[1] + indices()[i];
      std::memcpy(to + static_cast<size_t>(at) * size,
                  from + static_cast<size_t>(i) * size, size);
    }
  }
  return dense;
}

absl::Status NDArray::CopyFrom(const NDArray& source) {
  if (shape_ != source.shape_ || dtype_ != source.dtype_ ||
      storage_ != source.storage_) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected ", Describe(), ", found ", source.Describe()));
  }
  if (storage_ == StorageType::kDense) {
    std::memmove(raw(), source.raw(), static_cast<size_t>(num_bytes()));
    return absl::OkStatus();
  }
  MINNOW_ASSIGN_OR_RETURN(NDArray copy, source.Copy());
  *data_ = std::move(*copy.data_);
  return absl::OkStatus();
}

absl::StatusOr<NDArray> NDArray::Cast(DType dtype) const {
  if (dtype == dtype_) return ToDense();
  NDArray dense = *this;
  if (storage_ != StorageType::kDense) {
    MINNOW_ASSIGN_OR_RETURN(dense, ToDense());
  }
  MINNOW_ASSIGN_OR_RETURN(NDArray result, Zeros(shape_, dtype));
  VisitDType(dtype_, [&]<typename From>() {
    VisitDType(dtype, [&]<typename To>() {
      const absl::Span<From> from = dense.values<From>();
      const absl::Span<To> to = result.values<To>();
      for (size_t i = 0; i < from.size(); ++i) to[i] = Convert<To>(from[i]);
    });
  });
  return result;
}

bool NDArray::Overlaps(const NDArray& other) const {
  if (data_ == nullptr || data_ != other.data_) return false;
  if (storage_ != StorageType::kDense) return true;
  // The bytes of both; none where one of them is empty.
  return std::max(offset_, other.offset_) <
         std::min(offset_ + num_bytes(), other.offset_ + other.num_bytes());
}

std::string NDArray::Describe() const {
  return absl::StrCat(StorageTypeName(storage_), " ", shape_.ToString(), " ",
                      DTypeName(dtype_));
}

std::string NDArray::ToString() const {
  if (data_ == nullptr) return "none";
  std::string text = Describe();
  constexpr int64_t kEnds = 8;
  const auto list = [&](absl::string_view name, int64_t n, auto&& item) {
    absl::StrAppend(&text, " ", name, "[");
    for (int64_t i = 0; i < n; ++i) {
      if (i == kEnds && n > 2 * kEnds) {
        text += ", ...";
        i = n - kEnds;
      }
      absl::StrAppend(&text, i > 0 ? ", " : "", item(i));
    }
    text += "]";
  };
  if (!indptr().empty()) {
    list("indptr ", static_cast<int64_t>(indptr().size()),
         [&](int64_t i) { return indptr()[i]; });
  }
  if (storage_ != StorageType::kDense) {
    list("indices ", static_cast<int64_t>(indices().size()),
         [&](int64_t i) { return indices()[i]; });
  }
  VisitDType(dtype_, [&]<typename T>() {
    list("", num_values(), [v = values<T>()](int64_t i) {
      if constexpr (std::is_same_v<ComputeType<T>, float>) {
        return AttrText(AttrScalar(static_cast<float>(v[i])));
      } else if constexpr (std::is_same_v<T, double>) {
        return AttrText(AttrScalar(v[i]));
      } else {
        return absl::StrCat(static_cast<int64_t>(v[i]));
      }
    });
  });
  return text;
}

}  // namespace minnow
