#include "minnow/ops/sparse_retain.h"

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/gradient.h"
#include "minnow/ops/builtin.h"

namespace minnow {
namespace {

NDArray SomeRows() {
  return *NDArray::RowSparse(
      {6, 2}, *NDArray::FromValues<float>({3, 2}, {1, 2, 3, 4, 5, 6}),
      {0, 2, 5});
}

absl::StatusOr<NDArray> Retain(const NDArray& data, const NDArray& indices) {
  GraphBuilder b(BuiltinOps());
  const Graph graph = *b.Build({op::SparseRetain(
      b.Variable("x"), b.Variable("indices"), {.name = "rows"})});
  auto executor =
      Executor::Bind(graph, {.variables = {{"x", data}, {"indices", indices}}});
  if (!executor.ok()) return executor.status();
  absl::Status status = executor->Run();
  if (!status.ok()) return status;
  return executor->Output(0).Copy();
}

TEST(SparseRetainTest, KeepsTheListedRowsThatAreThere) {
  const auto rows =
      Retain(SomeRows(), *NDArray::FromValues<int64_t>({4}, {5, 1, 0, 5}));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->ToString(),
            "row_sparse (6,2) float32 indices [0, 5] [1, 2, 5, 6]");
  const auto none = Retain(SomeRows(), *NDArray::Zeros({0}, DType::kFloat32));
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->ToString(), "row_sparse (6,2) float32 indices [] []");
}

TEST(SparseRetainTest, ADenseArrayGivesItsRows) {
  const auto rows =
      Retain(*SomeRows().ToDense(), *NDArray::FromValues<float>({2}, {2, 1}));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->ToString(),
            "row_sparse (6,2) float32 indices [1, 2] [0, 0, 3, 4]");
}

TEST(SparseRetainTest, ARowOutsideIsAnError) {
  const auto rows =
      Retain(SomeRows(), *NDArray::FromValues<int32_t>({2}, {1, 6}));
  EXPECT_TRUE(absl::StrContains(rows.status().message(),
                                "indices[1]: expected a row in [0,6), found 6"))
      << rows.status();
}

TEST(SparseRetainTest, TheGradientHasTheListedRows) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x"), indices = b.Variable("indices");
  Symbol head = b.Variable("head");
  const std::vector<Symbol> grads =
      Gradient(b, {op::SparseRetain(x, indices)}, {head}, {x});
  const Graph graph = *b.Build({grads[0]});
  auto executor = Executor::Bind(
      graph,
      {.variables = {
           {"indices", *NDArray::FromValues<int64_t>({1}, {2})},
           {"head", *NDArray::FromValues<float>(
                        {6, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})}}});
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok());
  EXPECT_EQ(executor->Output(0).ToString(),
            "row_sparse (6,2) float32 indices [2] [4, 5]");
}

}  // namespace
}  // namespace minnow
