// Shapes of arrays, which may be known in part.
//
//   Shape s{2, 3};               // Rank 2, 6 elements.
//   Shape::Scalar();             // Rank 0, 1 element.
//   Shape{0, 3};                 // Rank 2, no element.
//   Shape();                     // Of unknown rank.
//   Shape{Shape::kUnknown, 3};   // Rank 2, one dimension known.
#ifndef MINNOW_CORE_SHAPE_H_
#define MINNOW_CORE_SHAPE_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/dtype.h"

namespace minnow {

class Shape {
 public:
  // A dimension that is not known.
  static constexpr int64_t kUnknown = -1;

  // Of unknown rank.
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims)
      : Shape(absl::MakeConstSpan(dims.begin(), dims.size())) {}
  explicit Shape(absl::Span<const int64_t> dims);
  // Not inline, for whoever infers copies shapes.
  Shape(const Shape& other);
  Shape& operator=(const Shape& other);
  Shape(Shape&& other) noexcept = default;
  Shape& operator=(Shape&& other) noexcept = default;

  static Shape Scalar() { return Shape(absl::Span<const int64_t>()); }
  // Of this rank, with unknown dimensions.
  static Shape OfRank(size_t rank);

  bool known_rank() const { return known_rank_; }
  // Rank and all dimensions are known.
  bool known() const;
  // REQUIRES: known_rank(). So for all that follow.
  size_t rank() const { return dims_.size(); }
  int64_t operator[](size_t axis) const { return dims_[axis]; }
  void set(size_t axis, int64_t dim) { dims_[axis] = dim; }
  void push_back(int64_t dim);
  absl::Span<const int64_t> dims() const { return dims_; }

  // REQUIRES: known(), and CheckedBytes() has been seen to succeed.
  int64_t num_elements() const;
  // The product of the dimensions in [begin, end), likewise.
  int64_t num_elements(size_t begin, size_t end) const;

  // The bytes of a dense array of this shape. An error if the shape is not
  // known, has a negative dimension, or if the product overflows.
  absl::StatusOr<int64_t> CheckedBytes(DType dtype) const;

  // Takes over what `other` knows. An error, and no change, if they
  // contradict each other: "expected shape (2,3), found (2,4)", where this
  // shape is the one that was expected.
  absl::Status Merge(const Shape& other);

  bool operator==(const Shape& other) const = default;

  // "(2,3)", "(2,)", "()", "(?,3)", "unknown".
  std::string ToString() const;

 private:
  absl::InlinedVector<int64_t, 4> dims_;
  bool known_rank_ = false;
};

// Resolves an axis in [-rank, rank). The error names the range.
absl::StatusOr<size_t> ResolveAxis(int64_t axis, size_t rank);

}  // namespace minnow

#endif  // MINNOW_CORE_SHAPE_H_
