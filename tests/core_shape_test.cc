#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/shape.h"

namespace minnow {
namespace {

constexpr int64_t kUnknown = Shape::kUnknown;
constexpr int64_t kHuge = int64_t{1} << 40;

TEST(ShapeTest, TellsApartUnknownRankUnknownDimensionAndZero) {
  const Shape unknown, scalar = Shape::Scalar(), zero{0, 3}, part{kUnknown, 3};
  EXPECT_FALSE(unknown.known_rank());
  EXPECT_FALSE(unknown.known());
  EXPECT_TRUE(scalar.known());
  EXPECT_EQ(scalar.rank(), 0);
  EXPECT_EQ(scalar.num_elements(), 1);
  EXPECT_TRUE(zero.known());
  EXPECT_EQ(zero.num_elements(), 0);
  EXPECT_TRUE(part.known_rank());
  EXPECT_FALSE(part.known());
  EXPECT_EQ(Shape::OfRank(2), (Shape{kUnknown, kUnknown}));
  EXPECT_NE(unknown, scalar);
  EXPECT_NE(zero, part);
}

TEST(ShapeTest, Prints) {
  EXPECT_EQ(Shape().ToString(), "unknown");
  EXPECT_EQ(Shape::Scalar().ToString(), "()");
  EXPECT_EQ(Shape{2}.ToString(), "(2,)");
  EXPECT_EQ((Shape{2, 0, 3}).ToString(), "(2,0,3)");
  EXPECT_EQ((Shape{kUnknown, 3}).ToString(), "(?,3)");
}

TEST(ShapeTest, BytesAreTheCheckedProduct) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const DType dtype = kAllDTypes[random() % kAllDTypes.size()];
    Shape shape = Shape::Scalar();
    // Without the zeros; in 128 bits, which four dimensions cannot overflow.
    __extension__ unsigned __int128 product = DTypeSize(dtype);
    bool empty = false;
    for (uint64_t n = random() % 5; n > 0; --n) {
      const int64_t dim =
          static_cast<int64_t>(random() % (uint64_t{1} << (random() % 25)));
      shape.push_back(dim);
      product *= dim == 0 ? 1 : static_cast<uint64_t>(dim);
      empty |= dim == 0;
    }
    const absl::StatusOr<int64_t> bytes = shape.CheckedBytes(dtype);
    const bool fits = product <= std::numeric_limits<int64_t>::max();
    ASSERT_EQ(bytes.ok(), fits) << shape.ToString();
    if (fits) {
      EXPECT_EQ(*bytes, empty ? 0 : static_cast<int64_t>(product));
    }
  }
}

TEST(ShapeTest, BytesErrorsSayWhatIsWrong) {
  const auto error = [](const Shape& shape) {
    return std::string(shape.CheckedBytes(DType::kFloat32).status().message());
  };
  EXPECT_EQ(error({kHuge, kHuge}),
            "shape (1099511627776,1099511627776) of float32 is too large: its "
            "bytes overflow 64 bits");
  // Strides would overflow.
  EXPECT_NE(error({kHuge, kHuge, 0}), "");
  EXPECT_EQ(error({kHuge, 0}), "");
  EXPECT_EQ(error({2, kUnknown}), "shape (2,?) is not known in full");
  EXPECT_EQ(error(Shape()), "shape unknown is not known in full");
  EXPECT_EQ(error({2, -2}), "shape (2,-2) has a negative dimension");
}

// A shape with what is known of `whole` by chance.
Shape Part(const Shape& whole, std::mt19937_64& random) {
  if (random() % 4 == 0) return Shape();
  Shape part = whole;
  for (size_t i = 0; i < part.rank(); ++i) {
    if (random() % 2 == 0) part.set(i, kUnknown);
  }
  return part;
}

TEST(ShapeTest, MergedPartsKnowWhatEitherKnows) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 2000; ++round) {
    Shape whole = Shape::Scalar();
    for (uint64_t n = random() % 5; n > 0; --n) {
      whole.push_back(static_cast<int64_t>(random() % 3));
    }
    const Shape a = Part(whole, random), b = Part(whole, random);
    Shape merged = a;
    ASSERT_TRUE(merged.Merge(b).ok());
    EXPECT_EQ(merged.known_rank(), a.known_rank() || b.known_rank());
    for (size_t i = 0; merged.known_rank() && i < merged.rank(); ++i) {
      const bool known = (a.known_rank() && a[i] != kUnknown) ||
                         (b.known_rank() && b[i] != kUnknown);
      EXPECT_EQ(merged[i], known ? whole[i] : kUnknown);
    }
    Shape other_way = b;
    ASSERT_TRUE(other_way.Merge(a).ok());
    EXPECT_EQ(other_way, merged);

    // A dimension of its own contradicts, and nothing changes.
    if (whole.rank() == 0) continue;
    Shape wrong = whole;
    const size_t axis = random() % whole.rank();
    wrong.set(axis, whole[axis] + 1);
    Shape unchanged = whole;
    EXPECT_FALSE(unchanged.Merge(wrong).ok());
    EXPECT_EQ(unchanged, whole);
  }
}

TEST(ShapeTest, MergeErrorsShowBothShapes) {
  Shape expected{kUnknown, 3};
  EXPECT_EQ(expected.Merge({2, 4}).message(),
            "expected shape (?,3), found (2,4)");
  EXPECT_EQ(expected.Merge({2}).message(), "expected shape (?,3), found (2,)");
  EXPECT_EQ(expected, (Shape{kUnknown, 3}));
}

TEST(ShapeTest, AxesCountFromEitherEnd) {
  for (size_t rank = 0; rank < 5; ++rank) {
    const int64_t n = static_cast<int64_t>(rank);
    for (int64_t axis = 0; axis < n; ++axis) {
      EXPECT_EQ(*ResolveAxis(axis, rank), axis);
      EXPECT_EQ(*ResolveAxis(axis - n, rank), axis);
    }
    EXPECT_FALSE(ResolveAxis(n, rank).ok());
    EXPECT_FALSE(ResolveAxis(-n - 1, rank).ok());
  }
  EXPECT_EQ(ResolveAxis(2, 2).status().message(),
            "expected an axis in [-2,2), found 2");
}

}  // namespace
}  // namespace minnow
