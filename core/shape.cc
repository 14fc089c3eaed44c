#include "minnow/core/shape.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace minnow {

Shape::Shape(absl::Span<const int64_t> dims)
    : dims_(dims.begin(), dims.end()), known_rank_(true) {}

Shape::Shape(const Shape& other) = default;
Shape& Shape::operator=(const Shape& other) = default;

void Shape::push_back(int64_t dim) {
  dims_.push_back(dim);
  known_rank_ = true;
}

Shape Shape::OfRank(size_t rank) {
  Shape shape;
  shape.dims_.assign(rank, kUnknown);
  shape.known_rank_ = true;
  return shape;
}

bool Shape::known() const {
  return known_rank_ &&
         std::find(dims_.begin(), dims_.end(), kUnknown) == dims_.end();
}

int64_t Shape::num_elements() const { return num_elements(0, rank()); }

int64_t Shape::num_elements(size_t begin, size_t end) const {
  int64_t n = 1;
  for (size_t i = begin; i < end; ++i) n *= dims_[i];
  return n;
}

absl::StatusOr<int64_t> Shape::CheckedBytes(DType dtype) const {
  if (!known()) {
    return absl::InvalidArgumentError(
        absl::StrCat("shape ", ToString(), " is not known in full"));
  }
  // Zeros last: (2^40, 2^40, 0) has no element, but a product on the way to it
  // overflows, and strides would, too.
  int64_t bytes = static_cast<int64_t>(DTypeSize(dtype));
  bool empty = false;
  for (int64_t dim : dims_) {
    if (dim < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape ", ToString(), " has a negative dimension"));
    }
    if (dim == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(bytes, dim, &bytes)) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape ", ToString(), " of ", DTypeName(dtype),
                       " is too large: its bytes overflow 64 bits"));
    }
  }
  return empty ? 0 : bytes;
}

absl::Status Shape::Merge(const Shape& other) {
  if (!other.known_rank_) return absl::OkStatus();
  if (!known_rank_) {
    *this = other;
    return absl::OkStatus();
  }
  bool agree = rank() == other.rank();
  for (size_t i = 0; agree && i < rank(); ++i) {
    agree = dims_[i] == other.dims_[i] || dims_[i] == kUnknown ||
            other.dims_[i] == kUnknown;
  }
  if (!agree) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected shape ", ToString(), ", found ", other.ToString()));
  }
  for (size_t i = 0; i < rank(); ++i) {
    if (dims_[i] == kUnknown) dims_[i] = other.dims_[i];
  }
  return absl::OkStatus();
}

std::string Shape::ToString() const {
  if (!known_rank_) return "unknown";
  std::string text = "(";
  for (size_t i = 0; i < rank(); ++i) {
    if (i > 0) text += ",";
    if (dims_[i] == kUnknown) {
      text += "?";
    } else {
      absl::StrAppend(&text, dims_[i]);
    }
  }
  return text + (rank() == 1 ? ",)" : ")");
}

absl::StatusOr<size_t> ResolveAxis(int64_t axis, size_t rank) {
  const int64_t n = static_cast<int64_t>(rank);
  if (axis < -n || axis >= n) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected an axis in [", -n, ",", n, "), found ", axis));
  }
  return static_cast<size_t>(axis < 0 ? axis + n : axis);
}

}  // namespace minnow
