#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/convert.h"
#include "minnow/core/ndarray.h"
#include "minnow/tests/arrays.h"

namespace minnow {
namespace {

using Ints = std::vector<int64_t>;

// n values 1, 2, 3, ...
NDArray Counting(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.num_elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i + 1);
  }
  return Floats(shape, values);
}

std::string Error(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(NDArrayTest, ZerosAreAlignedAndZero) {
  for (DType dtype : kAllDTypes) {
    const NDArray array = *NDArray::Zeros({3, 5}, dtype);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(array.raw()) % Buffer::kAlignment, 0);
    EXPECT_EQ(array.num_bytes(), 15 * static_cast<int64_t>(DTypeSize(dtype)));
    for (int64_t i = 0; i < array.num_bytes(); ++i) {
      EXPECT_EQ(array.raw()[i], std::byte{0});
    }
  }
  EXPECT_EQ(NDArray::Zeros(Shape::Scalar(), DType::kInt8)->num_values(), 1);
  EXPECT_EQ(NDArray::Zeros({0, 5}, DType::kInt8)->num_values(), 0);
  const NDArray rows =
      *NDArray::Zeros({4, 2}, DType::kFloat32, StorageType::kRowSparse);
  EXPECT_EQ(rows.num_values(), 0);
  const NDArray csr =
      *NDArray::Zeros({4, 2}, DType::kFloat32, StorageType::kCsr);
  EXPECT_EQ(csr.num_values(), 0);
  EXPECT_EQ(csr.indptr(), (Ints{0, 0, 0, 0, 0}));
}

TEST(NDArrayTest, WhatCannotBeMadeIsAnError) {
  constexpr int64_t kHuge = int64_t{1} << 60;
  using Limits = std::numeric_limits<int64_t>;
  EXPECT_FALSE(NDArray::Zeros({kHuge, kHuge}, DType::kInt8).ok());
  EXPECT_FALSE(NDArray::Zeros({2, Shape::kUnknown}, DType::kInt8).ok());
  EXPECT_EQ(NDArray::Zeros({kHuge}, DType::kInt8).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(
      NDArray::Zeros({kHuge, 1}, DType::kInt8, StorageType::kCsr).status(),
      absl::ResourceExhaustedError(
          "no memory for csr (1152921504606846976,1)"));
  EXPECT_FALSE(NDArray::Csr({Limits::max(), 0}, Floats({0}, {}), {0}, {}).ok());
  EXPECT_EQ(Error(NDArray::Zeros(Shape::Scalar(), DType::kInt8,
                                 StorageType::kRowSparse)
                      .status()),
            "a row_sparse array has one dimension or more, found ()");
  EXPECT_EQ(
      Error(NDArray::Zeros({2}, DType::kInt8, StorageType::kCsr).status()),
      "a csr array has two dimensions, found (2,)");
  EXPECT_EQ(Error(NDArray::FromValues<float>({2, 2}, {1, 2, 3}).status()),
            "shape (2,2): expected 4 values, found 3");
}

TEST(NDArrayTest, HandlesAndViewsShareCopiesDoNot) {
  const NDArray array = Counting({3, 2});
  const NDArray handle = array, reshaped = *array.Reshape({6}),
                row = *array.Rows(1, 2), copy = *array.Copy();
  array.values<float>()[2] = 42;
  EXPECT_EQ(handle.values<float>()[2], 42);
  EXPECT_EQ(reshaped.values<float>()[2], 42);
  EXPECT_EQ(row.values<float>()[0], 42);
  EXPECT_EQ(copy.values<float>()[2], 3);
  EXPECT_EQ(row.shape(), (Shape{1, 2}));
  // A copy of a view holds the view alone.
  EXPECT_EQ(ValuesOf(*row.Copy()), (std::vector<float>{42, 4}));
  EXPECT_EQ(ValuesOf(*row.Reshape({2})), (std::vector<float>{42, 4}));
}

TEST(NDArrayTest, ViewsOfWhatIsNotThereAreErrors) {
  const NDArray array = Counting({3, 2});
  EXPECT_EQ(Error(array.Reshape({4}).status()),
            "cannot reshape dense (3,2) float32 to (4,)");
  EXPECT_FALSE(array.Reshape({Shape::kUnknown, 2}).ok());
  for (auto [begin, end] : {std::pair{-1, 1}, {2, 1}, {0, 4}}) {
    EXPECT_FALSE(array.Rows(begin, end).ok()) << begin << " " << end;
  }
  EXPECT_EQ(Error(array.Rows(0, 4).status()),
            "no rows [0,4) of dense (3,2) float32");
  EXPECT_FALSE(Floats(Shape::Scalar(), {1}).Rows(0, 0).ok());
  const NDArray sparse =
      *NDArray::Zeros({3, 2}, DType::kFloat32, StorageType::kRowSparse);
  EXPECT_FALSE(sparse.Reshape({6}).ok());
  EXPECT_FALSE(sparse.Rows(0, 4).ok());
}

TEST(NDArrayTest, OverlapsAreSharedBytes) {
  const NDArray array = Counting({6, 2});
  for (int64_t a = 0; a <= 6; ++a) {
    for (int64_t b = a; b <= 6; ++b) {
      for (int64_t c = 0; c <= 6; ++c) {
        for (int64_t d = c; d <= 6; ++d) {
          bool share = false;
          for (int64_t row = 0; row < 6; ++row) {
            share |= a <= row && row < b && c <= row && row < d;
          }
          EXPECT_EQ(array.Rows(a, b)->Overlaps(*array.Rows(c, d)), share)
              << a << " " << b << " " << c << " " << d;
        }
      }
    }
  }
  EXPECT_FALSE(array.Overlaps(*array.Copy()));
  EXPECT_FALSE(NDArray().Overlaps(NDArray()));
}

TEST(NDArrayTest, CopyFromWantsTheSameKind) {
  NDArray array = Counting({2, 2});
  EXPECT_TRUE(array.CopyFrom(Floats({2, 2}, {5, 6, 7, 8})).ok());
  EXPECT_EQ(ValuesOf(array), (std::vector<float>{5, 6, 7, 8}));
  EXPECT_EQ(Error(array.CopyFrom(Counting({4}))),
            "expected dense (2,2) float32, found dense (4,) float32");
  EXPECT_FALSE(array.CopyFrom(*array.Cast(DType::kFloat64)).ok());

  NDArray sparse =
      *NDArray::Zeros({3, 2}, DType::kFloat32, StorageType::kRowSparse);
  const NDArray handle = sparse;
  EXPECT_TRUE(
      sparse.CopyFrom(*NDArray::RowSparse({3, 2}, Counting({1, 2}), {2})).ok());
  EXPECT_EQ(handle.indices(), Ints{2}) << "Handles share the new rows.";
  EXPECT_EQ(ValuesOf(handle), (std::vector<float>{1, 2}));
}

TEST(RowSparseTest, NamesTheFirstBadRow) {
  const auto error = [](Ints rows) {
    const int64_t n = static_cast<int64_t>(rows.size());
    return Error(
        NDArray::RowSparse({5, 2}, Counting({n, 2}), std::move(rows)).status());
  };
  EXPECT_EQ(error({3, 1, 0}),
            "indices[1]: expected more than 3 (ascending and unique), found 1");
  EXPECT_EQ(error({0, 2, 2}),
            "indices[2]: expected more than 2 (ascending and unique), found 2");
  EXPECT_EQ(error({0, 5, 9}),
            "indices[1]: expected a number in [0,5), found 5");
  EXPECT_EQ(error({-1, 0}), "indices[0]: expected a number in [0,5), found -1");
}

TEST(RowSparseTest, ValuesMustFitTheRows) {
  const auto error = [](const Shape& shape, const NDArray& values, Ints rows) {
    return Error(NDArray::RowSparse(shape, values, std::move(rows)).status());
  };
  EXPECT_EQ(error({5, 2}, Counting({2, 2}), {1}),
            "values: expected dense (1,2), found dense (2,2) float32");
  EXPECT_EQ(error({5, 2}, NDArray(), {1}),
            "values: expected dense (1,2), found nothing");
  EXPECT_EQ(error(Shape(), Counting({1, 2}), {1}),
            "a row_sparse array has one dimension or more, found unknown");
}

TEST(CsrTest, NamesTheFirstBadPlace) {
  const auto error = [](Ints indptr, Ints columns) {
    const int64_t n = static_cast<int64_t>(columns.size());
    return Error(NDArray::Csr({2, 4}, Counting({n}), std::move(indptr),
                              std::move(columns))
                     .status());
  };
  EXPECT_EQ(error({0, 1}, {0, 1}),
            "indptr: expected 3 numbers from 0 to 2, found 2 from 0 to 1");
  EXPECT_EQ(error({}, {}), "indptr: expected 3 numbers from 0 to 0, found 0");
  EXPECT_EQ(error({1, 1, 2}, {0, 1}),
            "indptr: expected 3 numbers from 0 to 2, found 3 from 1 to 2");
  EXPECT_EQ(error({0, 3, 2}, {0, 1}),
            "indptr[1]: expected a number in [0,2], found 3");
  EXPECT_EQ(error({0, -1, 2}, {0, 1}),
            "indptr[1]: expected a number in [0,2], found -1");
  EXPECT_EQ(error({0, 2, 2}, {1, 1}),
            "indices[1]: expected more than 1 (ascending and unique), found 1");
  EXPECT_EQ(error({0, 1, 3}, {0, 3, 2}),
            "indices[2]: expected more than 3 (ascending and unique), found 2");
  EXPECT_EQ(error({0, 1, 2}, {0, 4}),
            "indices[1]: expected a number in [0,4), found 4");
  // A row may begin below the end of the one before.
  EXPECT_TRUE(NDArray::Csr({2, 4}, Counting({2}), {0, 1, 2}, {3, 0}).ok());
}

// Ascending numbers below n, each there by chance.
Ints SomeOf(int64_t n, std::mt19937& random) {
  Ints some;
  for (int64_t i = 0; i < n; ++i) {
    if (random() % 2 == 0) some.push_back(i);
  }
  return some;
}

TEST(ToDenseTest, PutsEachValueInItsPlace) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const int64_t rows = random() % 6, columns = random() % 6;
    const auto at = [&](int64_t row, int64_t column) {
      return static_cast<size_t>(row * columns + column);
    };
    const Shape shape{rows, columns};

    const Ints stored = SomeOf(rows, random);
    const int64_t num_stored = static_cast<int64_t>(stored.size());
    const NDArray row_sparse =
        *NDArray::RowSparse(shape, Counting({num_stored, columns}), stored);
    std::vector<float> expected(at(rows, 0));
    float next = 1;
    for (int64_t row : stored) {
      for (int64_t c = 0; c < columns; ++c) expected[at(row, c)] = next++;
    }
    EXPECT_EQ(ValuesOf(*row_sparse.ToDense()), expected);

    Ints indptr = {0}, all_columns;
    expected.assign(expected.size(), 0);
    next = 1;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t c : SomeOf(columns, random)) {
        all_columns.push_back(c);
        expected[at(row, c)] = next++;
      }
      indptr.push_back(static_cast<int64_t>(all_columns.size()));
    }
    const NDArray values = Counting({static_cast<int64_t>(all_columns.size())});
    const NDArray csr = *NDArray::Csr(shape, values, indptr, all_columns);
    EXPECT_EQ(ValuesOf(*csr.ToDense()), expected);

    // A copy has parts of its own.
    const NDArray copy = *csr.Copy();
    EXPECT_FALSE(copy.Overlaps(csr));
    EXPECT_EQ(copy.indptr(), csr.indptr());
    EXPECT_EQ(copy.indices(), csr.indices());
    EXPECT_EQ(ValuesOf(copy), ValuesOf(csr));
  }
}

TEST(CastTest, ConvertsEachElementBetweenAllTypes) {
  const std::vector<float> numbers = {0, 1, -1, 2.5f, -7.75f, 100, 300, 1e6f};
  const NDArray source = Floats({8}, numbers);
  for (DType from : kAllDTypes) {
    for (DType to : kAllDTypes) {
      const NDArray middle = *source.Cast(from), result = *middle.Cast(to);
      EXPECT_EQ(result.dtype(), to);
      EXPECT_EQ(result.shape(), source.shape());
      EXPECT_FALSE(result.Overlaps(middle));
      VisitDType(from, [&]<typename From>() {
        VisitDType(to, [&]<typename To>() {
          for (size_t i = 0; i < numbers.size(); ++i) {
            EXPECT_EQ(result.values<To>()[i],
                      Convert<To>(Convert<From>(numbers[i])));
          }
        });
      });
    }
  }
}

TEST(CastTest, OfASparseArrayIsDense) {
  const NDArray sparse = *NDArray::RowSparse({3, 1}, Counting({1, 1}), {1});
  for (DType dtype : {DType::kFloat32, DType::kInt32}) {
    const NDArray cast = *sparse.Cast(dtype);
    EXPECT_EQ(cast.storage(), StorageType::kDense);
    EXPECT_EQ(ValuesOf(*cast.Cast(DType::kFloat32)),
              (std::vector<float>{0, 1, 0}));
  }
}

TEST(PrintTest, ShowsKindAndElements) {
  EXPECT_EQ(NDArray().ToString(), "none");
  EXPECT_EQ(Floats({2}, {0.1f, -2}).ToString(), "dense (2,) float32 [0.1, -2]");
  EXPECT_EQ(NDArray::FromValues<bool>({2}, {true, false})->ToString(),
            "dense (2,) bool [1, 0]");
  EXPECT_EQ(NDArray::FromValues<int8_t>({1}, {-5})->ToString(),
            "dense (1,) int8 [-5]");
  EXPECT_EQ(NDArray::Csr({2, 3}, Counting({2}), {0, 1, 2}, {2, 0})->ToString(),
            "csr (2,3) float32 indptr [0, 1, 2] indices [2, 0] [1, 2]");
  EXPECT_EQ(Counting({100}).ToString(),
            "dense (100,) float32 [1, 2, 3, 4, 5, 6, 7, 8, ..., "
            "93, 94, 95, 96, 97, 98, 99, 100]");
}

TEST(RowsTest, OfASparseArrayAreACopy) {
  const NDArray some = *NDArray::RowSparse({6, 2}, Counting({3, 2}), {1, 2, 5});
  const NDArray csr =
      *NDArray::Csr({3, 4}, Counting({4}), {0, 2, 2, 4}, {0, 3, 1, 2});
  for (const NDArray& array : {some, csr}) {
    const NDArray dense = *array.ToDense();
    for (int64_t begin = 0; begin <= array.shape()[0]; ++begin) {
      for (int64_t end = begin; end <= array.shape()[0]; ++end) {
        const NDArray rows = *array.Rows(begin, end);
        EXPECT_EQ(rows.storage(), array.storage());
        EXPECT_EQ(rows.ToDense()->ToString(),
                  dense.Rows(begin, end)->ToString());
        EXPECT_FALSE(rows.Overlaps(array));
      }
    }
  }
  EXPECT_EQ(some.Rows(2, 6)->ToString(),
            "row_sparse (4,2) float32 indices [0, 3] [3, 4, 5, 6]");
  EXPECT_EQ(csr.Rows(1, 3)->ToString(),
            "csr (2,4) float32 indptr [0, 0, 2] indices [1, 2] [3, 4]");
  EXPECT_EQ(Error(csr.Rows(2, 4).status()),
            "no rows [2,4) of csr (3,4) float32");
}

}  // namespace
}  // namespace minnow
