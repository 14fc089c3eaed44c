// sum of sparse arrays, against that of dense ones.
#include "minnow/ops/sparse_sum.h"

#include <random>

#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/cast_storage.h"
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
       std::vector<ReduceAttrs>{{}, {.axis = {{0}}}, {.axis = {{1}}}}) {
    const std::string expected =
        RunSum(array, StorageType::kCsr, attrs, 1, true)->ToString();
    for (int threads : {2, 3, 8}) {
      EXPECT_EQ(
          RunSum(array, StorageType::kCsr, attrs, threads, true)->ToString(),
          expected);
    }
  }
}

}  // namespace
}  // namespace minnow
