#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/plan.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"
#include "minnow/tests/arrays.h"

namespace minnow {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

NDArray Floats(std::vector<float> values) {
  const int64_t size = static_cast<int64_t>(values.size());
  return *NDArray::FromValues<float>({size}, values);
}

absl::Status CheckedCopy(const RunContext&, const NoAttrs&,
                         Dense<const float> x, Dense<float> out) {
  for (size_t i = 0; i < x.values.size(); ++i) {
    if (x.values[i] < 0) {
      return absl::OutOfRangeError(
          "argument 'data': expected no negative element");
    }
  }
  std::copy(x.values.begin(), x.values.end(), out.values.begin());
  return absl::OkStatus();
}

// The operators of this program, and one that fails on negative elements.
std::shared_ptr<const OpRegistry> CheckedOps() {
  auto ops = std::make_shared<OpRegistry>(*BuiltinOps());
  EXPECT_TRUE(ops->Add({.name = "checked",
                        .doc = "out = data, if no element is negative",
                        .inputs = {"data"},
                        .shape = SameShape,
                        .inplace = {{0, 0}},
                        .kernels = {KernelOf<CheckedCopy>()},
                        .fails_on_data = true})
                  .ok());
  return ops;
}

TEST(FailsOnDataTest, RunsBeforeTheFirstWrite) {
  GraphBuilder b(CheckedOps());
  Symbol w = b.Variable("w"), g = b.Variable("g"), x = b.Variable("x");
  op::SgdUpdate(w, g, {.lr = 1.0f}, {.out = w});
  Symbol y = b.Add("checked", {x}, {}, {.name = "check"});
  NDArray weight = Floats({1}), data = Floats({-1});
  auto step = Executor::Bind(
      *b.Build({y}),
      {.variables = {{"w", weight}, {"g", Floats({1})}, {"x", data}}});
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_EQ(step->Run().message(),
            "node 'check' (checked): argument 'data': expected no negative "
            "element");
  EXPECT_THAT(ValuesOf(weight), ElementsAre(1));
  EXPECT_EQ(step->num_runs(), 0u);
  data.values<float>()[0] = 2;
  EXPECT_TRUE(step->Run().ok()) << "nothing was lost";
  EXPECT_THAT(ValuesOf(weight), ElementsAre(0));
}

// Both take what they have checked: neither is changed if either check fails.
TEST(FailsOnDataTest, TwoCheckedUpdatesAreWrittenWhenBothHavePassed) {
  GraphBuilder b(CheckedOps());
  Symbol v = b.Variable("v"), w = b.Variable("w");
  b.Update(v, b.Add("checked", {b.Variable("x")}));
  b.Update(w, b.Add("checked", {b.Variable("y")}));
  NDArray first = Floats({1}), second = Floats({2});
  auto step =
      Executor::Bind(*b.Build({}), {.variables = {{"v", first},
                                                  {"w", second},
                                                  {"x", Floats({3})},
                                                  {"y", Floats({-4})}}});
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_FALSE(step->Run().ok());
  EXPECT_THAT(ValuesOf(first), ElementsAre(1));
  EXPECT_THAT(ValuesOf(second), ElementsAre(2));
  ASSERT_TRUE(step->SetInput("y", Floats({4})).ok());
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(first), ElementsAre(3));
  EXPECT_THAT(ValuesOf(second), ElementsAre(4));
}

// One check needs a new weight, the other nothing: that one comes first.
TEST(FailsOnDataTest, WhatWritesRunsAfterChecksThatDoNotNeedIt) {
  GraphBuilder b(CheckedOps());
  Symbol w = b.Variable("w"), g = b.Variable("g");
  Symbol next = op::SgdUpdate(w, g, {.lr = 1.0f}, {.out = w});
  Symbol late = b.Add("checked", {next});
  Symbol early = b.Add("checked", {b.Variable("x")});
  NDArray weight = Floats({1});
  auto step = Executor::Bind(
      *b.Build({late, early}),
      {.variables = {{"w", weight}, {"g", Floats({1})}, {"x", Floats({-1})}}});
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_THAT(std::string(step->Run().message()),
              Not(HasSubstr("the executor is broken")));
  EXPECT_THAT(ValuesOf(weight), ElementsAre(1));
}

TEST(FailsOnDataTest, AFailureAfterAWriteBreaksTheExecutorAndSaysWhatChanged) {
  GraphBuilder b(CheckedOps());
  Symbol w = b.Variable("w"), g = b.Variable("g"), m = b.Variable("m");
  Symbol next = op::SgdMomUpdate(w, g, m, {.lr = 1.0f}, {.out = w});
  Symbol y = b.Add("checked", {next}, {}, {.name = "check"});
  auto step = Executor::Bind(
      *b.Build({y}), {.variables = {{"w", Floats({1})}, {"g", Floats({5})}}});
  ASSERT_TRUE(step.ok()) << step.status();
  const std::string error =
      "node 'check' (checked): argument 'data': expected no negative element; "
      "the run had changed 'w', 'm', the executor is broken";
  EXPECT_EQ(step->Run().message(), error);
  EXPECT_EQ(step->Run().message(), error) << "it runs no more";
}

// A value that updates one variable and is the start of another one's update.
TEST(PlanTest, AValueThatUpdatesAVariableOutlivesWhatIsMadeFromItInPlace) {
  GraphBuilder b(BuiltinOps());
  Symbol v = b.Variable("v"), w = b.Variable("w"), g = b.Variable("g");
  Symbol once = op::SgdUpdate(w, g, {.lr = 1.0f}, {.out = v});
  op::SgdUpdate(once, g, {.lr = 2.0f}, {.out = w});
  NDArray first = Floats({0}), second = Floats({10});
  auto step = Executor::Bind(
      *b.Build({}),
      {.variables = {{"v", first}, {"w", second}, {"g", Floats({1})}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(first), ElementsAre(9));
  EXPECT_THAT(ValuesOf(second), ElementsAre(7));
}

// The bytes of the arena for `make` of an array of 256 bytes.
int64_t BytesFor(Symbol (*make)(GraphBuilder& b, Symbol x)) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Add("tanh", {b.Variable("x", {.shape = {64}})});
  return MakePlan(*b.Build({make(b, x)}), {}, {})->planned_bytes;
}

TEST(PlanTest, WhatIsMadeOfOneArrayAloneLiesInItsPlace) {
  EXPECT_EQ(BytesFor([](GraphBuilder& b, Symbol x) {
              return b.Add("elemwise_mul", {x, x});
            }),
            256);
}

// The condition is not among what `where` may write over.
TEST(PlanTest, AnInputThatIsAlsoReadElsewhereIsNotWrittenOver) {
  EXPECT_EQ(BytesFor([](GraphBuilder& b, Symbol x) {
              return b.Add("where", {x, x, b.Variable("y", {.shape = {64}})});
            }),
            512);
}

TEST(PlanTest, TwoVariablesExchangeTheirValues) {
  GraphBuilder builder(BuiltinOps());
  Symbol a = builder.Variable("a"), b = builder.Variable("b");
  builder.Update(a, b);
  builder.Update(b, a);
  NDArray x = Floats({1}), y = Floats({2});
  auto step = Executor::Bind(*builder.Build({a, b}),
                             {.variables = {{"a", x}, {"b", y}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(ValuesOf(x), ElementsAre(2));
  EXPECT_THAT(ValuesOf(y), ElementsAre(1));
  EXPECT_THAT(ValuesOf(step->Output(0)), ElementsAre(1)) << "as it was before";
}

Graph Chain(int length) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x");
  for (int i = 0; i < length; ++i) x = b.Add("exp", {x});
  return *b.Build({x});
}

TEST(PlanTest, AnElementwiseChainTakesTheMemoryOfOneValue) {
  const auto plan = MakePlan(Chain(10), {{"x", {.shape = {64}}}}, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->planned_bytes, 256);
  EXPECT_EQ(plan->lower_bound_bytes, 256);
  EXPECT_EQ(plan->unshared_bytes, 2560);
}

TEST(PlanTest, AnArenaAboveTheLimitIsAnError) {
  const absl::flat_hash_map<std::string, VariableType> types = {
      {"x", {.shape = {64}}}};
  EXPECT_TRUE(MakePlan(Chain(2), types, {.memory_limit = 256}).ok());
  const absl::Status status =
      MakePlan(Chain(2), types, {.memory_limit = 255}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "the plan: expected at most 255 bytes of memory, found 256");
}

TEST(PlanTest, ListsAllVariablesOfUnknownShape) {
  GraphBuilder b(BuiltinOps());
  Symbol y =
      b.Add("dot", {b.Variable("x", {.shape = {2, -1}}), b.Variable("w")});
  EXPECT_EQ(MakePlan(*b.Build({y}), {}, {}).status().message(),
            "the shapes of these variables are not known: 'x' (2,?), 'w' "
            "unknown");
}

TEST(PlanTest, AnUpdateHasTheTypeOfItsVariable) {
  GraphBuilder b(BuiltinOps());
  Symbol w = b.Variable("w", {.shape = {2}});
  b.Update(w, b.Add("exp", {b.Variable("x", {.shape = {3}})}));
  EXPECT_EQ(MakePlan(*b.Build({}), {}, {}).status().message(),
            "update of variable 'w' by node 'exp0' (exp): expected (2,) "
            "float32, found (3,) float32");
}

TEST(ExecutorReshapeTest, SharesVariablesSlotsAndMemory) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x"), w = b.Variable("w");
  Symbol y = b.Add("dot", {x, w});
  op::SgdUpdate(w, w, {.lr = 0.5f}, {.out = w});
  NDArray weight = *NDArray::FromValues<float>({1, 1}, {8.0f});
  auto large = Executor::Bind(
      *b.Build({y}),
      {.variables = {{"x", *NDArray::Zeros({3, 1}, DType::kFloat32)},
                     {"w", weight}}});
  ASSERT_TRUE(large.ok()) << large.status();
  ASSERT_TRUE(large->SetAll("lr", 0.25).ok());
  ASSERT_TRUE(large->Run().ok());
  EXPECT_THAT(ValuesOf(weight), ElementsAre(6));
  auto small = large->Reshape({{"x", {1, 1}}});
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_EQ(small->num_runs(), 1u);
  ASSERT_TRUE(
      small->SetInput("x", *NDArray::FromValues<float>({1, 1}, {2.0f})).ok());
  ASSERT_TRUE(small->Run().ok());
  EXPECT_THAT(ValuesOf(small->Output(0)), ElementsAre(12));
  EXPECT_EQ(small->Output(0).data(), large->Output(0).data());
  EXPECT_THAT(ValuesOf(weight), ElementsAre(4.5));
  EXPECT_EQ(large->Variable("x")->shape(), Shape({3, 1}));
  EXPECT_EQ(large->Reshape({{"z", {1}}}).status().message(),
            "no variable 'z' is in use");
}

TEST(ExecutorSlotTest, SetAllMultipliesByTheAnnotationOfNodeOrVariable) {
  GraphBuilder b(BuiltinOps());
  Symbol g = b.Variable("g"), v = b.Variable("v");
  Symbol w = b.Variable("w", {}, {{"__lr_mult__", "2"}});
  Symbol u = b.Variable("u", {}, {{"__lr_mult__", "2"}});
  op::SgdUpdate(v, g, {.lr = 1.0f}, {.name = "plain", .out = v});
  op::SgdUpdate(w, g, {.lr = 1.0f}, {.name = "of_variable", .out = w});
  op::SgdUpdate(
      u, g, {.lr = 1.0f},
      {.name = "own", .out = u, .annotations = {{"__lr_mult__", "3"}}});
  auto step = Executor::Bind(*b.Build({}), {.variables = {{"g", Floats({1})},
                                                          {"u", Floats({1})},
                                                          {"v", Floats({1})},
                                                          {"w", Floats({1})}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->SetAll("lr", 0.5).ok());
  EXPECT_THAT(step->FindSlot("plain", "lr")->Get(), ElementsAre(0.5));
  EXPECT_THAT(step->FindSlot("of_variable", "lr")->Get(), ElementsAre(1));
  EXPECT_THAT(step->FindSlot("own", "lr")->Get(), ElementsAre(1.5));
}

TEST(ExecutorTargetsTest, ComputesTheOutputsThatAreAskedFor) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x");
  const Graph graph =
      *b.Build({b.Add("exp", {b.Variable("label")}), b.Add("square", {x})});
  auto some = Executor::Bind(
      graph, {.variables = {{"x", Floats({3})}}, .outputs = {{1}}});
  ASSERT_TRUE(some.ok()) << some.status();
  ASSERT_TRUE(some->Run().ok());
  ASSERT_EQ(some->num_outputs(), 1u);
  EXPECT_THAT(ValuesOf(some->Output(0)), ElementsAre(9));
  EXPECT_EQ(Executor::Bind(graph, {.outputs = {{2}}}).status().message(),
            "target: expected an output in [0,2), found 2");
  EXPECT_EQ(Executor::Bind(graph, {.updates = {{"x"}}}).status().message(),
            "target: expected a variable that is updated, found 'x'");
}

TEST(ExecutorInitializerTest, NumbersDependOnSeedAndNameAlone) {
  const auto values = [](const char* before, uint64_t seed) {
    GraphBuilder b(BuiltinOps());
    const VariableAttrs attrs = {.shape = {8}, .init = Initializer::Uniform()};
    Symbol other = b.Variable(before, attrs), w = b.Variable("w", attrs);
    auto executor = Executor::Bind(*b.Build({other, w}), {.seed = seed});
    EXPECT_TRUE(executor.ok()) << executor.status();
    EXPECT_NE(ValuesOf(executor->Output(0)), ValuesOf(executor->Output(1)));
    return ValuesOf(executor->Output(1));
  };
  EXPECT_EQ(values("a", 1), values("b", 1));
  EXPECT_NE(values("a", 1), values("a", 2));
}

}  // namespace
}  // namespace minnow
