// sum and norm of sparse arrays, against those of dense ones.
#include "minnow/ops/sparse_sum.h"

#include <random>

#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/cast_storage.h"
#include "minnow/ops/norm.h"
#include "minnow/ops/reduce.h"

namespace minnow {
namespace {

absl::StatusOr<NDArray> RunSum(const NDArray& array, StorageType storage,
                               const ReduceAttrs& attrs, int threads,
                               bool strict) {
  GraphBuilder b(BuiltinOps());
  const Graph graph = *b.Build(
      {op::Sum(op::CastStorage(b.Variable("x"), {.stype = storage}), attrs)});
  auto executor = Executor::Bind(graph, {.variables = {{"x", array}},
                                         .threads = threads,
                                         .strict_storage = strict});
  if (!executor.ok()) return executor.status();
  const absl::Status status = executor->Run();
  if (!status.ok()) return status;
  return executor->Output(0).Copy();
}

TEST(SparseSumTest, AddsUpWhatIsStored) {
  std::mt19937 random(1);
  for (DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    std::vector<double> values(60);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = i / 6 % 3 == 1 || random() % 2 == 0
                      ? 0
                      : static_cast<double>(random() % 8) - 3;
    }
    const NDArray array =
        *NDArray::FromValues<double>({10, 6}, values)->Cast(dtype);
    for (const ReduceAttrs& attrs :
         std::vector<ReduceAttrs>{{},
                                  {.keepdims = true},
                                  {.axis = {{0}}},
                                  {.axis = {{1}}},
                                  {.axis = {{-1}}, .keepdims = true},
                                  {.axis = {{0, 1}}},
                                  {.axis = {{0, 1}}, .exclude = true},
                                  {.axis = {{0}}, .exclude = true}}) {
      SCOPED_TRACE(DTypeName(dtype));
      const auto dense = RunSum(array, StorageType::kDense, attrs, 1, false);
      ASSERT_TRUE(dense.ok()) << dense.status();
      // Small integers: sums are exact in any order.
      const auto csr = RunSum(array, StorageType::kCsr, attrs, 2, true);
      ASSERT_TRUE(csr.ok()) << csr.status();
      EXPECT_EQ(csr->ToString(), dense->ToString());
      const auto rows = RunSum(array, StorageType::kRowSparse, attrs, 2,
                               !attrs.axis.has_value());
      ASSERT_TRUE(rows.ok()) << rows.status();
      EXPECT_EQ(rows->ToString(), dense->ToString());
    }
  }
}

TEST(SparseSumTest, TheSameBitsForAnyNumberOfThreads) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(500 * 300);
  for (float& x : values) x = uniform(random);
  const NDArray array = *NDArray::FromValues<float>({500, 300}, values);
  for (const ReduceAttrs& attrs :
       std::vector<ReduceAttrs>{{},
                                {.axis = {{0}}},
                                {.axis = {{1}}},
                                {.axis = {{0, 1}}, .exclude = true}}) {
    const std::string expected =
        RunSum(array, StorageType::kCsr, attrs, 1, true)->ToString();
    for (int threads : {2, 3, 8}) {
      EXPECT_EQ(
          RunSum(array, StorageType::kCsr, attrs, threads, true)->ToString(),
          expected);
    }
  }
}

absl::StatusOr<NDArray> RunNorm(const NDArray& array, StorageType storage,
                                int64_t ord, int threads) {
  GraphBuilder b(BuiltinOps());
  const Graph graph = *b.Build({op::Norm(
      op::CastStorage(b.Variable("x"), {.stype = storage}), {.ord = ord})});
  MINNOW_ASSIGN_OR_RETURN(Executor executor,
                          Executor::Bind(graph, {.variables = {{"x", array}},
                                                 .threads = threads,
                                                 .strict_storage = true}));
  MINNOW_RETURN_IF_ERROR(executor.Run());
  return executor.Output(0).Copy();
}

TEST(SparseNormTest, IsThatOfTheDenseArray) {
  std::mt19937 random(3);
  // No element is stored, some are, all are; in one block, and in several.
  for (const Shape& shape : {Shape{7, 5}, Shape{900, 77}}) {
    for (int64_t one_in : {0, 3, 1}) {
      std::vector<double> values(static_cast<size_t>(shape.num_elements()));
      for (double& x : values) {
        if (one_in == 0 || static_cast<int64_t>(random()) % one_in != 0) {
          continue;
        }
        x = static_cast<double>(random() % 6) + 1;
        if (random() % 2 == 0) x = -x;
      }
      const NDArray numbers = *NDArray::FromValues<double>(shape, values);
      for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kInt32}) {
        for (int64_t ord : {1, 2}) {
          const NDArray array = *numbers.Cast(dtype);
          const auto dense = RunNorm(array, StorageType::kDense, ord, 1);
          ASSERT_TRUE(dense.ok()) << dense.status();
          for (StorageType storage :
               {StorageType::kCsr, StorageType::kRowSparse}) {
            for (int threads : {1, 2, 3, 8}) {
              const auto found = RunNorm(array, storage, ord, threads);
              ASSERT_TRUE(found.ok()) << found.status();
              // Sums of squares of small integers are exact in any order.
              EXPECT_EQ(found->ToString(), dense->ToString())
                  << DTypeName(dtype) << " " << StorageTypeName(storage)
                  << " ord " << ord << " one in " << one_in;
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace minnow
