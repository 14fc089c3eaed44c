#include "minnow/ops/ensure_rows.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/gradient.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"

namespace minnow {
namespace {

using ::testing::HasSubstr;

const Shape kShape = {50, 3};

// The value of a weight after its rows `ids` were asked for, batch by batch.
absl::StatusOr<NDArray> WeightAfter(
    StorageType stype, const std::vector<std::vector<int64_t>>& batches) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w", {.shape = kShape,
                                    .dtype = DType::kFloat32,
                                    .stype = stype,
                                    .init = Initializer::Xavier()});
  op::EnsureRows(w, b.Variable("ids"));
  absl::StatusOr<Graph> graph = b.Build({});
  if (!graph.ok()) return graph.status();
  NDArray weight;
  for (const std::vector<int64_t>& batch : batches) {
    BindOptions options = {
        .variables = {{"ids",
                       *NDArray::FromValues<int64_t>(
                           {static_cast<int64_t>(batch.size())}, batch)}},
        .seed = 7};
    if (weight) options.variables["w"] = weight;
    absl::StatusOr<Executor> executor = Executor::Bind(*graph, options);
    if (!executor.ok()) return executor.status();
    weight = *executor->Variable("w");
    absl::Status status = executor->Run();
    if (!status.ok()) return status;
  }
  return weight;
}

TEST(EnsureRowsTest, ANewRowHasTheValuesThatItHasInADenseWeight) {
  const NDArray dense = *WeightAfter(StorageType::kDense, {{}});
  std::mt19937 random(1);
  std::vector<std::vector<int64_t>> batches(3);
  for (auto& batch : batches) {
    for (int i = 0; i < 15; ++i) batch.push_back(random() % 50);
  }
  const NDArray sparse = *WeightAfter(StorageType::kRowSparse, batches);
  EXPECT_LT(sparse.indices().size(), 50u);
  for (const auto& batch : batches) {
    for (int64_t row : batch) {
      EXPECT_EQ(sparse.ToDense()->Rows(row, row + 1)->ToString(),
                dense.Rows(row, row + 1)->ToString());
    }
  }
}

TEST(EnsureRowsTest, RowsThatWereThereStay) {
  const NDArray once = *WeightAfter(StorageType::kRowSparse, {{8, 3}});
  const NDArray again = *WeightAfter(StorageType::kRowSparse, {{8, 3}, {3, 8}});
  EXPECT_EQ(once.ToString(), again.ToString());
  EXPECT_THAT(once.indices(), testing::ElementsAre(3, 8));
}

TEST(EnsureRowsTest, AnIdThatIsNoRowIsAnErrorAndNothingIsWritten) {
  for (StorageType stype : {StorageType::kDense, StorageType::kRowSparse}) {
    for (int64_t id : {int64_t{50}, int64_t{-1}, int64_t{1} << 40}) {
      const absl::Status status = WeightAfter(stype, {{8, id}}).status();
      EXPECT_THAT(status.message(),
                  HasSubstr(absl::StrCat(
                      "node '_ensure_rows0' (_ensure_rows): ids[1]: expected a "
                      "row in [0,50), found ",
                      id)));
    }
  }
}

TEST(EnsureRowsTest, TheWeightIsAVariableWithAnInitializer) {
  GraphBuilder b(BuiltinOps());
  op::EnsureRows(b.Variable("w"), b.Variable("ids"));
  EXPECT_THAT(b.status().message(),
              HasSubstr("expected a variable with an initializer"));
}

TEST(EnsureRowsTest, AnUpdateFollowsInTheSameStep) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w", {.shape = kShape,
                                    .dtype = DType::kFloat32,
                                    .stype = StorageType::kRowSparse,
                                    .init = Initializer::One()});
  const Symbol rows = op::EnsureRows(w, b.Variable("ids"));
  op::SgdUpdate(rows, b.Variable("grad", {.stype = StorageType::kRowSparse}),
                {.lr = 0.5f}, {.out = w});
  const NDArray grad = *NDArray::RowSparse(
      kShape, *NDArray::FromValues<float>({1, 3}, {2, 2, 2}), {4});
  auto executor = Executor::Bind(
      *b.Build({}),
      {.variables = {{"ids", *NDArray::FromValues<int32_t>({2}, {9, 4})},
                     {"grad", grad}},
       .strict_storage = true});
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_EQ(executor->Run(), absl::OkStatus());
  EXPECT_EQ(executor->Variable("w")->ToString(),
            "row_sparse (50,3) float32 indices [4, 9] [0, 0, 0, 1, 1, 1]");
}

}  // namespace
}  // namespace minnow
