#include "minnow/executor/executor.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"
#include "minnow/tests/arrays.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The first example of the README.
Graph SgdStep(bool in_place = true) {
  GraphBuilder b(BuiltinOps());
  Symbol w = b.Variable("w"), g = b.Variable("g"), m = b.Variable("m");
  Symbol next = op::SgdMomUpdate(w, g, m, {.lr = 0.5f, .momentum = 0.5f},
                                 {.out = in_place ? w : Symbol{}});
  return *b.Build({next});
}

TEST(ExecutorTest, UpdatesTheBoundArraysInPlace) {
  NDArray w = Floats({2}, {1, 2}), g = Floats({2}, {2, 4});
  auto step = Executor::Bind(SgdStep(), {.variables = {{"w", w}, {"g", g}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(w), ElementsAre(0, 0));
  EXPECT_THAT(ValuesOf(step->Output(0)), ElementsAre(0, 0));
  EXPECT_THAT(ValuesOf(*step->Variable("m")), ElementsAre(-1, -2));
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(w), ElementsAre(-1.5, -3));
  EXPECT_EQ(step->plan().planned_bytes, 0) << "nothing but the variables";
}

TEST(ExecutorTest, LeavesAWeightAloneThatIsNotUpdated) {
  NDArray w = Floats({2}, {1, 2}), g = Floats({2}, {2, 4});
  auto step =
      Executor::Bind(SgdStep(false), {.variables = {{"w", w}, {"g", g}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(w), ElementsAre(1, 2));
  EXPECT_THAT(ValuesOf(step->Output(0)), ElementsAre(0, 0));
}

TEST(ExecutorTest, WritesNothingForTargetsWithoutUpdates) {
  NDArray w = Floats({1}, {1}), g = Floats({1}, {2}), m = Floats({1}, {4});
  auto step = Executor::Bind(
      SgdStep(),
      {.variables = {{"w", w}, {"g", g}, {"m", m}}, .updates = {{}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(step->Output(0)), ElementsAre(2));
  EXPECT_THAT(ValuesOf(w), ElementsAre(1));
  EXPECT_THAT(ValuesOf(m), ElementsAre(4));
}

TEST(ExecutorTest, ListsAllUnboundVariablesAtOnce) {
  EXPECT_EQ(Executor::Bind(SgdStep(), {}).status().message(),
            "variables without an array: 'w', 'g'; expected an array for each "
            "variable that is read and has no initializer");
}

TEST(ExecutorTest, NamesNodeArgumentExpectedAndFound) {
  EXPECT_EQ(Executor::Bind(SgdStep(), {.variables = {{"w", Floats({2}, {1, 2})},
                                                     {"g", Floats({1}, {1})}}})
                .status()
                .message(),
            "node 'sgd_mom_update0' (sgd_mom_update): argument 'grad': "
            "expected shape (2,), found (1,)");
}

TEST(ExecutorTest, RefusesAnUpdatedArrayThatAnotherVariableShares) {
  NDArray w = Floats({2}, {1, 2});
  EXPECT_EQ(Executor::Bind(SgdStep(), {.variables = {{"w", w}, {"g", w}}})
                .status()
                .message(),
            "variable 'w' is updated: expected an array of its own, found one "
            "that shares memory with variable 'g'");
}

TEST(ExecutorTest, ChangesHyperparametersBetweenRuns) {
  NDArray w = Floats({1}, {0}), g = Floats({1}, {1});
  auto step = Executor::Bind(SgdStep(), {.variables = {{"w", w}, {"g", g}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->SetAll("momentum", 0).ok());
  ASSERT_TRUE(step->FindSlot("sgd_mom_update0", "lr").ok());
  step->FindSlot("sgd_mom_update0", "lr")->Set(0.25);
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(w), ElementsAre(-0.25));
  EXPECT_THAT(
      std::string(
          step->FindSlot("sgd_mom_update0", "lazy_update").status().message()),
      HasSubstr("attribute 'lazy_update' is fixed when the graph is bound"));
  EXPECT_THAT(std::string(step->SetAll("lrr", 1).message()),
              HasSubstr("no node has a dynamic attribute 'lrr'"));
}

TEST(ExecutorTest, TwoChainedUpdatesOfOneVariableCountOnce) {
  GraphBuilder b(BuiltinOps());
  Symbol w = b.Variable("w"), g = b.Variable("g");
  Symbol once = op::SgdUpdate(w, g, {.lr = 1.0f}, {.out = w});
  op::SgdUpdate(once, g, {.lr = 2.0f}, {.out = w});
  auto graph = b.Build({});
  ASSERT_TRUE(graph.ok()) << graph.status();
  NDArray weight = Floats({1}, {10});
  auto step = Executor::Bind(
      *graph, {.variables = {{"w", weight}, {"g", Floats({1}, {1})}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(weight), ElementsAre(7));
}

TEST(ExecutorTest, ReadersOfAnOldValueSeeIt) {
  // b is updated from the old a, and a from the old b: whatever order the nodes
  // run in, one of them needs a value that the other has replaced.
  GraphBuilder builder(BuiltinOps());
  Symbol a = builder.Variable("a"), b = builder.Variable("b");
  op::SgdUpdate(a, b, {.lr = 1.0f}, {.out = a});
  op::SgdUpdate(b, a, {.lr = 1.0f}, {.out = b});
  auto graph = builder.Build({});
  ASSERT_TRUE(graph.ok()) << graph.status();
  NDArray x = Floats({1}, {5}), y = Floats({1}, {3});
  BindOptions options = {.variables = {{"a", x}, {"b", y}}};
  auto step = Executor::Bind(*graph, options);
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(x), ElementsAre(2));
  EXPECT_THAT(ValuesOf(y), ElementsAre(-2));
  options.strict_storage = true;
  EXPECT_THAT(std::string(Executor::Bind(*graph, options).status().message()),
              HasSubstr("expected to work in place (strict)"));
}

TEST(ExecutorTest, SetInputTakesAnotherArrayOfTheSameType) {
  NDArray w = Floats({1}, {0});
  auto step = Executor::Bind(
      SgdStep(), {.variables = {{"w", w}, {"g", Floats({1}, {1})}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->SetInput("g", Floats({1}, {4})).ok());
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(w), ElementsAre(-2));
  EXPECT_EQ(step->SetInput("g", Floats({2}, {4, 4})).message(),
            "variable 'g': expected dense (1,) float32, found dense (2,) "
            "float32");
  EXPECT_FALSE(step->SetInput("w", *step->Variable("m")).ok());
}

TEST(ExecutorTest, RefusesItsOwnOutputAsAnInput) {
  auto step = Executor::Bind(
      SgdStep(false),
      {.variables = {{"w", Floats({1}, {0})}, {"g", Floats({1}, {1})}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(std::string(step->SetInput("g", step->Output(0)).message()),
              HasSubstr("variable 'g': expected an array that lasts, found an "
                        "output of this executor"));
  EXPECT_TRUE(step->SetInput("g", *step->Output(0).Copy()).ok());
}

}  // namespace
}  // namespace minnow
