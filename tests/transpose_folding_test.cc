// Transposes folded into products: which ones are, and that the result stays.
#include "minnow/graph/transpose_folding.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/gradient.h"
#include "minnow/graph/plan.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/dot.h"
#include "minnow/ops/transpose.h"

namespace minnow {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Pointwise;

Symbol Matrix(GraphBuilder& b, const char* name, Shape shape,
              StorageType storage = StorageType::kDense) {
  return b.Variable(
      name,
      {.shape = std::move(shape), .dtype = DType::kFloat64, .stype = storage});
}

std::vector<std::string> Operators(const absl::StatusOr<Graph>& graph) {
  EXPECT_TRUE(graph.ok()) << graph.status();
  const auto plan = MakePlan(*graph, {}, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  std::vector<std::string> operators;
  for (const PlanStep& step : plan->steps) {
    operators.push_back(plan->graph.nodes[step.node].op->name);
  }
  return operators;
}

// The first output for numbers from a seed.
std::vector<double> Result(const Graph& graph, bool transpose) {
  BindOptions options = {.rewrites = {.transpose = transpose}};
  std::mt19937 random(1);
  for (const Node& node : graph.nodes) {
    if (!node.is_variable()) continue;
    const Shape& shape = node.variable().shape;
    std::vector<double> values(static_cast<size_t>(shape.num_elements()));
    for (double& x : values) x = static_cast<double>(random() % 1000) / 500 - 1;
    options.variables[node.name] = *NDArray::FromValues<double>(shape, values);
  }
  auto executor = Executor::Bind(graph, std::move(options));
  EXPECT_TRUE(executor.ok()) << executor.status();
  EXPECT_TRUE(executor->Run().ok());
  const auto values = executor->Output(0).values<double>();
  return {values.begin(), values.end()};
}

TEST(TransposeFoldingTest, ProductsReadTheMatrixItself) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = Matrix(b, "x", {4, 3}), y = Matrix(b, "y", {5, 4});
  const Symbol tx = op::Transpose(x),
               ty = op::SwapAxis(y, {.dim1 = 0, .dim2 = -1});
  for (const Symbol product :
       {op::Dot(tx, ty), op::Dot(x, ty, {.transpose_a = true}),
        op::Dot(op::Transpose(tx), y,
                {.transpose_a = true, .transpose_b = true}),
        op::Dot(op::Transpose(y, {.axes = {1, 0}}), tx,
                {.transpose_a = true, .transpose_b = true})}) {
    const auto graph = b.Build({product});
    EXPECT_THAT(Operators(graph), ElementsAre("dot"));
    EXPECT_THAT(Result(*graph, true),
                Pointwise(DoubleEq(), Result(*graph, false)));
  }
}

TEST(TransposeFoldingTest, ProductsOfBatchesReadTheMatricesThemselves) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = Matrix(b, "x", {2, 4, 3}), y = Matrix(b, "y", {2, 5, 4});
  const auto graph =
      b.Build({op::BatchDot(op::Transpose(x, {.axes = {0, 2, 1}}),
                            op::SwapAxis(y, {.dim1 = 1, .dim2 = 2}))});
  EXPECT_THAT(Operators(graph), ElementsAre("batch_dot"));
  EXPECT_THAT(Result(*graph, true),
              Pointwise(DoubleEq(), Result(*graph, false)));
}

TEST(TransposeFoldingTest, GradientsReadTheMatrixItself) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = Matrix(b, "x", {6, 4}), w = Matrix(b, "w", {5, 4});
  const Symbol out = op::Dot(x, op::Transpose(w));
  const std::vector<Symbol> grads =
      Gradient(b, {out}, {Matrix(b, "head", {6, 5})}, {x});
  const auto graph = b.Build(grads);
  EXPECT_THAT(Operators(graph), ElementsAre("_backward_dot_lhs"));
  EXPECT_THAT(Result(*graph, true),
              Pointwise(DoubleEq(), Result(*graph, false)));
}

TEST(TransposeFoldingTest, OtherOrdersOfAxesStay) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = Matrix(b, "x", {2, 3, 3}), y = Matrix(b, "y", {3, 2, 3});
  EXPECT_THAT(Operators(b.Build(
                  {op::BatchDot(x, op::Transpose(y, {.axes = {1, 0, 2}}))})),
              ElementsAre("transpose", "batch_dot"));
  // dot contracts one axis; the transpose moves three.
  EXPECT_THAT(Operators(b.Build({op::Dot(op::Transpose(x), x)})),
              ElementsAre("transpose", "dot"));
}

TEST(TransposeFoldingTest, SparseProductsStay) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = Matrix(b, "x", {4, 3}, StorageType::kCsr);
  const Symbol y = Matrix(b, "y", {5, 3});
  EXPECT_THAT(Operators(b.Build({op::Dot(x, op::Transpose(y))})),
              ElementsAre("transpose", "dot"));
}

TEST(TransposeFoldingTest, ATransposeThatIsReadElsewhereStaysForThat) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = Matrix(b, "x", {3, 3});
  const Symbol t = op::Transpose(x);
  EXPECT_THAT(Operators(b.Build({op::Dot(t, t) + t})),
              ElementsAre("transpose", "dot", "broadcast_add"));
}

}  // namespace
}  // namespace minnow
