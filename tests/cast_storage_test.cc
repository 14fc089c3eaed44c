#include "minnow/ops/cast_storage.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/gradient.h"
#include "minnow/ops/builtin.h"

namespace minnow {
namespace {

// A matrix of which about two thirds of the rows, and a third of the rest, are
// zeros.
NDArray RandomMatrix(std::mt19937& random, int64_t rows, int64_t columns) {
  std::vector<float> values;
  for (int64_t i = 0; i < rows; ++i) {
    const bool empty = random() % 3 != 0;
    for (int64_t j = 0; j < columns; ++j) {
      values.push_back(empty || random() % 3 == 0
                           ? 0.0f
                           : static_cast<float>(random() % 100) - 50.5f);
    }
  }
  return *NDArray::FromValues<float>({rows, columns}, values);
}

constexpr StorageType kAll[] = {StorageType::kDense, StorageType::kRowSparse,
                                StorageType::kCsr};

NDArray Cast(const NDArray& array, StorageType to, int threads = 2) {
  GraphBuilder b(BuiltinOps());
  const Graph graph =
      *b.Build({op::CastStorage(b.Variable("x"), {.stype = to})});
  auto executor =
      Executor::Bind(graph, {.variables = {{"x", array}}, .threads = threads});
  EXPECT_TRUE(executor.ok()) << executor.status();
  EXPECT_TRUE(executor->Run().ok());
  return *executor->Output(0).Copy();
}

TEST(CastStorageTest, EveryStorageHoldsTheSameElements) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 50; ++trial) {
    const NDArray dense = RandomMatrix(random, random() % 9, random() % 9);
    for (StorageType from : kAll) {
      const NDArray array = Cast(dense, from);
      ASSERT_EQ(array.storage(), from);
      for (StorageType to : kAll) {
        const NDArray cast = Cast(array, to);
        ASSERT_EQ(cast.storage(), to);
        EXPECT_EQ(cast.ToDense()->ToString(), dense.ToString());
      }
    }
  }
}

TEST(CastStorageTest, LargeArraysOfEachTypeForAnyNumberOfThreads) {
  std::mt19937 random(2);
  // Rows of several to a block, and rows of several blocks.
  for (const auto& [rows, columns] : {std::pair{5000, 31}, {3, 200'000}}) {
    const NDArray numbers = RandomMatrix(random, rows, columns);
    for (DType dtype :
         {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16,
          DType::kInt8, DType::kUInt8, DType::kInt32, DType::kInt64}) {
      SCOPED_TRACE(absl::StrCat(DTypeName(dtype), " ", rows, " rows"));
      const NDArray dense = *numbers.Cast(dtype);
      for (StorageType storage : kAll) {
        const NDArray once = Cast(dense, storage, /*threads=*/1);
        for (int threads : {1, 2, 3, 8}) {
          const NDArray array = Cast(dense, storage, threads);
          EXPECT_EQ(array.indices(), once.indices());
          EXPECT_EQ(array.indptr(), once.indptr());
          const NDArray back = Cast(array, StorageType::kDense, threads);
          ASSERT_EQ(std::memcmp(back.raw(), dense.raw(), dense.num_bytes()), 0);
        }
      }
    }
  }
}

TEST(CastStorageTest, OfFloatsASignIsNothingAndANanIsSomething) {
  const NDArray floats =
      *NDArray::FromValues<float>({3, 1}, {-0.0f, std::nanf(""), 1e-7f});
  for (DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    const NDArray array = Cast(*floats.Cast(dtype), StorageType::kRowSparse);
    EXPECT_EQ(array.indices(), (std::vector<int64_t>{1, 2}))
        << DTypeName(dtype);
  }
  // The lowest integer has only the bit that is a float's sign.
  const NDArray lowest = *NDArray::FromValues<int32_t>(
      {2, 1}, {0, std::numeric_limits<int32_t>::min()});
  EXPECT_EQ(Cast(lowest, StorageType::kCsr).ToString(),
            "csr (2,1) int32 indptr [0, 0, 1] indices [0] [-2147483648]");
}

TEST(CastStorageTest, StoresOnlyRowsAndElementsThatAreNotZero) {
  const NDArray dense = *NDArray::FromValues<float>(
      {4, 2}, {0, 0, 1, 0, -0.0f, 0, 0, std::nanf("")});
  EXPECT_EQ(Cast(dense, StorageType::kRowSparse).ToString(),
            "row_sparse (4,2) float32 indices [1, 3] [1, 0, 0, nan]");
  EXPECT_EQ(Cast(dense, StorageType::kCsr).ToString(),
            "csr (4,2) float32 indptr [0, 0, 1, 1, 2] indices [0, 1] [1, nan]");
}

TEST(CastStorageTest, CsrHasTwoDimensions) {
  GraphBuilder b(BuiltinOps());
  const Graph graph = *b.Build({op::CastStorage(
      b.Variable("x"), {.stype = StorageType::kCsr}, {.name = "c"})});
  EXPECT_EQ(
      Executor::Bind(
          graph, {.variables = {{"x", *NDArray::Zeros({2}, DType::kFloat32)}}})
          .status()
          .message(),
      "node 'c' (cast_storage): argument 'data': expected two dimensions, "
      "found (2,)");
}

TEST(CastStorageTest, TheGradientPassesThrough) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x"), head = b.Variable("head");
  const std::vector<Symbol> grads = Gradient(
      b, {op::CastStorage(x, {.stype = StorageType::kRowSparse})}, {head}, {x});
  EXPECT_EQ(grads[0].at, head.at);
}

}  // namespace
}  // namespace minnow
