#include "minnow/ops/cast_storage.h"

#include <random>

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

NDArray Cast(const NDArray& array, StorageType to) {
  GraphBuilder b(BuiltinOps());
  const Graph graph =
      *b.Build({op::CastStorage(b.Variable("x"), {.stype = to})});
  auto executor = Executor::Bind(graph, {.variables = {{"x", array}}});
  EXPECT_TRUE(executor.ok()) << executor.status();
  EXPECT_TRUE(executor->Run().ok());
  return *executor->Output(0).Copy();
}

TEST(CastStorageTest, EveryStorageHoldsTheSameElements) {
  constexpr StorageType kAll[] = {StorageType::kDense, StorageType::kRowSparse,
                                  StorageType::kCsr};
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
