// Constant folding: what depends on no variable runs once, when the graph is
// bound; and nodes of which only the shape is read never run.
#include "minnow/graph/constant_folding.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/plan.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/init.h"
#include "minnow/ops/sgd.h"
#include "minnow/ops/unary.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Steps {
  std::vector<std::string> once, each_run;
};

// The operators of the plan's steps.
Steps Planned(const absl::StatusOr<Graph>& graph, bool fold = true) {
  EXPECT_TRUE(graph.ok()) << graph.status();
  const auto plan = MakePlan(*graph, {}, {.rewrites = {.fold = fold}});
  EXPECT_TRUE(plan.ok()) << plan.status();
  Steps steps;
  for (size_t i = 0; i < plan->steps.size(); ++i) {
    const int32_t node = plan->steps[i].node;
    (i < plan->num_constant_steps ? steps.once : steps.each_run)
        .push_back(node < 0 ? "copy" : plan->graph.nodes[node].op->name);
  }
  return steps;
}

Symbol Vector(GraphBuilder& b, const char* name) {
  return b.Variable(name, {.shape = {3}, .dtype = DType::kFloat32});
}

TEST(ConstantFoldingTest, WhatDependsOnNoVariableRunsOnce) {
  GraphBuilder b(BuiltinOps());
  const Symbol mask = op::Square(op::Arange(b, {.start = 0, .stop = 3}));
  const auto graph = b.Build({Vector(b, "x") * mask});
  EXPECT_THAT(Planned(graph).once, ElementsAre("_arange", "square"));
  EXPECT_THAT(Planned(graph).each_run, ElementsAre("broadcast_mul"));
  EXPECT_THAT(Planned(graph, /*fold=*/false).once, IsEmpty());
  EXPECT_EQ(Planned(graph, /*fold=*/false).each_run.size(), 3);
}

TEST(ConstantFoldingTest, ShapesAreConstantAndWhatHasThemNeedNotRun) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = Vector(b, "x");
  const auto graph = b.Build({x + op::OnesLike(op::Exp(x))});
  EXPECT_THAT(Planned(graph).once, ElementsAre("ones_like"));
  EXPECT_THAT(Planned(graph).each_run, ElementsAre("broadcast_add"));
  EXPECT_THAT(Planned(graph, /*fold=*/false).each_run,
              ElementsAre("ones_like", "broadcast_add"));
}

TEST(ConstantFoldingTest, TheResultIsTheSameInEveryRun) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = Vector(b, "x");
  const Symbol steps = op::Arange(b, {.start = 1, .stop = 4});
  b.Update(x, x * steps + op::Exp(steps * 0.0f));
  const auto graph = b.Build({});
  for (const bool fold : {true, false}) {
    const NDArray array = *NDArray::FromValues<float>({3}, {1, 1, 1});
    auto step = Executor::Bind(
        *graph, {.variables = {{"x", array}}, .rewrites = {.fold = fold}});
    ASSERT_TRUE(step.ok()) << step.status();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(step->Run().ok());
    EXPECT_THAT(array.values<float>(), ElementsAre(4, 15, 40)) << fold;
  }
}

TEST(ConstantFoldingTest, AnotherShapeHasItsOwnConstants) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x");
  const auto graph = b.Build({x * (op::OnesLike(x) + 1.0f)});
  const auto small = *NDArray::FromValues<float>({2}, {1, 2});
  auto step = Executor::Bind(*graph, {.variables = {{"x", small}}});
  ASSERT_TRUE(step.ok()) << step.status();
  auto larger = step->Reshape({{"x", {3}}});
  ASSERT_TRUE(larger.ok()) << larger.status();
  ASSERT_TRUE(
      larger->SetInput("x", *NDArray::FromValues<float>({3}, {1, 2, 3})).ok());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(larger->Run().ok());
    EXPECT_THAT(larger->Output(0).values<float>(), ElementsAre(2, 4, 6));
    ASSERT_TRUE(step->Run().ok());
    EXPECT_THAT(step->Output(0).values<float>(), ElementsAre(2, 4));
  }
}

TEST(ConstantFoldingTest, WhatIsChangedOrHandedOutIsNoConstant) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = Vector(b, "w");
  // An output, the new value of a variable, and what an update writes over.
  b.Update(w, op::Ones(b, {.shape = {3}}));
  const Symbol changed =
      op::SgdUpdate(op::Zeros(b, {.shape = {3}}), Vector(b, "g"), {.lr = 1.0f});
  const auto graph =
      b.Build({op::Full(b, {.value = 2, .shape = {3}}), changed});
  EXPECT_THAT(Planned(graph).once, IsEmpty());
  EXPECT_EQ(Planned(graph).each_run.size(), 4);
}

TEST(ConstantFoldingTest, RandomNumbersAreDrawnInEveryRun) {
  GraphBuilder b(BuiltinOps());
  const Symbol noise =
      b.Add("Dropout", {op::Ones(b, {.shape = {3}})}, {}, {.name = "noise"});
  EXPECT_THAT(Planned(b.Build({noise * 2.0f})).each_run,
              ElementsAre("Dropout", "_mul_scalar"));
}

TEST(ConstantFoldingTest, LargeValuesAreMadeInEachRun) {
  GraphBuilder b(BuiltinOps());
  const int64_t elements = kMaxConstantBytes / 4;
  const auto twice = [&](int64_t n) {
    const Symbol x = b.Variable("x" + std::to_string(n), {.shape = {n}});
    return b.Build({x + op::Ones(b, {.shape = {n}})});
  };
  EXPECT_THAT(Planned(twice(elements)).once, ElementsAre("_ones"));
  EXPECT_THAT(Planned(twice(elements + 1)).once, IsEmpty());
}

TEST(ConstantFoldingTest, ThePlanSaysWhatRunsOnce) {
  GraphBuilder b(BuiltinOps());
  const auto graph = b.Build({Vector(b, "x") + op::Ones(b, {.shape = {3}})});
  const auto plan = MakePlan(*graph, {}, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->ToString(), HasSubstr("once, at bind"));
  EXPECT_THAT(plan->ToString(), HasSubstr(", constants 64;"));
}

}  // namespace
}  // namespace minnow
