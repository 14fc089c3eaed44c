// Common subexpressions: equal nodes are computed once, and no others.
#include "minnow/graph/common_subexpressions.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"

namespace minnow {
namespace {

std::vector<std::string> NodesAfter(GraphBuilder& b, Symbol output) {
  const absl::StatusOr<Graph> graph = b.Build({output});
  EXPECT_TRUE(graph.ok()) << graph.status();
  std::vector<std::string> names;
  for (const Node& node : MergeCommonSubexpressions(*graph).nodes) {
    names.push_back(node.name);
  }
  return names;
}

Symbol Named(GraphBuilder& b, const char* op, Symbol x, const char* name) {
  return b.Add(op, {x}, {}, {.name = name});
}

TEST(CommonSubexpressionsTest, EqualNodesAndTheirReadersAreMerged) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x");
  const Symbol y1 = Named(b, "tanh", Named(b, "exp", x, "a1"), "b1");
  const Symbol y2 = Named(b, "tanh", Named(b, "exp", x, "a2"), "b2");
  const Symbol sum = b.Add("elemwise_add", {y1, y2}, {}, {.name = "sum"});
  EXPECT_THAT(NodesAfter(b, sum), testing::ElementsAre("x", "a1", "b1", "sum"));
}

TEST(CommonSubexpressionsTest, OtherAttributesInputsOrOperatorsAreKept) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x"), y = b.Variable("y");
  const Symbol sum = x * 2.0f + x * 3.0f + y * 2.0f + (x + 2.0f);
  EXPECT_EQ(NodesAfter(b, sum).size(), 9);
}

TEST(CommonSubexpressionsTest, RandomNodesAreKept) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x");
  const Symbol a = b.Add("Dropout", {x}), c = b.Add("Dropout", {x});
  EXPECT_EQ(NodesAfter(b, a + c).size(), 4);
}

TEST(CommonSubexpressionsTest, UpdatesAreKept) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w"), g = b.Variable("g");
  // Each of them has a learning rate that can change.
  const Symbol a = op::SgdUpdate(w, g, {.lr = 0.5f});
  const Symbol c = op::SgdUpdate(w, g, {.lr = 0.5f});
  EXPECT_EQ(NodesAfter(b, a + c).size(), 5);
}

TEST(CommonSubexpressionsTest, OutputsAndUpdatesMayShareAValue) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x"), v = b.Variable("v"), w = b.Variable("w");
  const Symbol one = b.Add("negative", {x}), other = b.Add("negative", {x});
  b.Update(v, one);
  b.Update(w, other);
  const auto array = [](float value) {
    return *NDArray::FromValues<float>({1}, {value});
  };
  const NDArray old_v = array(1), old_w = array(2);
  for (const bool merge : {true, false}) {
    auto step = Executor::Bind(
        *b.Build({one, other}),
        {.variables = {{"x", array(3)}, {"v", old_v}, {"w", old_w}},
         .rewrites = {.merge = merge}});
    ASSERT_TRUE(step.ok()) << step.status();
    ASSERT_TRUE(step->Run().ok());
    for (const NDArray& result :
         {old_v, old_w, step->Output(0), step->Output(1)}) {
      EXPECT_EQ(result.values<float>()[0], -3);
    }
  }
}

}  // namespace
}  // namespace minnow
