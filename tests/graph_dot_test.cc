#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/infer.h"
#include "minnow/graph/print.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"
#include "minnow/ops/unary.h"

namespace minnow {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(GraphDotTest, AnUpdateFromTheOldValueIsAnArrowBothWays) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w"), g = b.Variable("g"), m = b.Variable("m");
  op::SgdMomUpdate(w, g, m, {.lr = 0.1f}, {.out = w});
  const absl::StatusOr<Graph> graph = b.Build({});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::string dot = GraphDot(*graph);
  EXPECT_THAT(dot, ContainsRegex("n0 -> n3 \\[dir=both, style=dashed"));
  EXPECT_THAT(dot, HasSubstr("n1 -> n3;\n"));
  EXPECT_THAT(dot, ContainsRegex("n2 -> n3 \\[dir=both, style=dashed"));
  EXPECT_THAT(dot, Not(HasSubstr("n3 -> ")));
}

TEST(GraphDotTest, AnotherUpdateIsAnArrowToTheVariable) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w");
  b.Update(w, op::Square(b.Variable("x")));
  const absl::StatusOr<Graph> graph = b.Build({});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::string dot = GraphDot(*graph);
  EXPECT_THAT(dot, ContainsRegex("n2 -> n0 \\[constraint=false, style=dashed"));
  EXPECT_THAT(dot, HasSubstr("n1 -> n2;\n"));
}

TEST(GraphDotTest, ShowsNamesThatSomebodyGave) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = op::Square(b.Variable("a \"b\" \\c"));
  const Symbol y = op::Square(x, {.name = "square_of"});
  const absl::StatusOr<Graph> graph = b.Build({y});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::string dot = GraphDot(*graph);
  EXPECT_THAT(dot, HasSubstr(R"([label="a \"b\" \\c",)"));
  EXPECT_THAT(dot, HasSubstr(R"([label="square",)"));
  EXPECT_THAT(dot, HasSubstr(R"([label="square_of: square",)"));
  EXPECT_THAT(dot, HasSubstr("n2 -> out0;\n"));
}

TEST(GraphDotTest, ShowsShapesThatAreKnown) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x", {.shape = {Shape::kUnknown, 2}});
  const Symbol y = op::Square(op::Square(x));
  const absl::StatusOr<Graph> graph = b.Build({y});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_THAT(GraphDot(*graph), HasSubstr("[label=\"x\\n(?,2)\","));
  EXPECT_THAT(GraphDot(*graph), HasSubstr("n1 -> n2;\n"));

  const ValueIndex index(*graph);
  const absl::StatusOr<ValueTypes> types =
      InferTypes(*graph, index, {{0, {.shape = {3, 2}}}});
  ASSERT_TRUE(types.ok()) << types.status();
  const std::string dot = GraphDot(*graph, &index, &*types);
  EXPECT_THAT(dot, HasSubstr("[label=\"x\\n(3,2)\","));
  EXPECT_THAT(dot, HasSubstr("n0 -> n1;\n"));
  EXPECT_THAT(dot, HasSubstr("n1 -> n2 [label=\"(3,2)\"];\n"));
}

}  // namespace
}  // namespace minnow
