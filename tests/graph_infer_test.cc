#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/infer.h"
#include "minnow/ops/builtin.h"

namespace minnow {
namespace {

using ::testing::HasSubstr;

class InferTest : public ::testing::Test {
 protected:
  // Infers all that `outputs` need.
  absl::Status Infer(absl::Span<const Symbol> outputs) {
    absl::StatusOr<Graph> graph = b_.Build(outputs);
    if (!graph.ok()) return graph.status();
    graph_ = *std::move(graph);
    index_ = ValueIndex(graph_);
    absl::StatusOr<ValueTypes> types = InferTypes(graph_, index_, {});
    if (!types.ok()) return types.status();
    types_ = *std::move(types);
    return absl::OkStatus();
  }
  Shape ShapeOf(absl::string_view name) {
    return types_.shapes[index_.first(graph_.Find(name))];
  }
  std::optional<DType> DTypeOfNode(absl::string_view name) {
    return types_.dtypes[index_.first(graph_.Find(name))];
  }

  GraphBuilder b_{BuiltinOps()};
  Graph graph_;
  ValueIndex index_{Graph()};
  ValueTypes types_;
};

TEST_F(InferTest, ShapesTravelInBothDirections) {
  Symbol x = b_.Variable("x"), y = b_.Variable("y");
  Symbol sum = b_.Add("elemwise_add", {b_.Add("exp", {x}), y});
  Symbol known = b_.Variable("known", {.shape = {2, 3}});
  ASSERT_TRUE(Infer({b_.Add("elemwise_mul", {sum, known})}).ok());
  EXPECT_EQ(ShapeOf("x"), Shape({2, 3}));
  EXPECT_EQ(ShapeOf("y"), Shape({2, 3}));
}

TEST_F(InferTest, PartsOfAShapeAreMerged) {
  Symbol x = b_.Variable("x", {.shape = {2, -1}});
  Symbol y = b_.Variable("y", {.shape = {-1, 3}});
  ASSERT_TRUE(Infer({b_.Add("elemwise_add", {x, y})}).ok());
  EXPECT_EQ(ShapeOf("x"), Shape({2, 3}));
  EXPECT_EQ(ShapeOf("y"), Shape({2, 3}));
}

TEST_F(InferTest, WhatStaysUnknownIsNoErrorUntilItIsNeeded) {
  Symbol x = b_.Variable("x", {.shape = {2, -1}});
  ASSERT_TRUE(Infer({b_.Add("exp", {x}), b_.Variable("y")}).ok());
  EXPECT_EQ(ShapeOf("exp0"), Shape({2, -1}));
  EXPECT_FALSE(ShapeOf("y").known_rank());
  const absl::Status status = CheckTypesKnown(graph_, index_, types_);
  EXPECT_EQ(
      status.message(),
      absl::StrCat("the shapes of these variables are not known: 'x' ",
                   ShapeOf("x").ToString(), ", 'y' ", Shape().ToString()));
}

TEST_F(InferTest, NamesNodeArgumentExpectedAndFound) {
  Symbol x = b_.Variable("x", {.shape = {2}});
  Symbol y = b_.Variable("y", {.shape = {3}});
  EXPECT_EQ(Infer({b_.Add("elemwise_add", {x, y})}).message(),
            "node 'elemwise_add0' (elemwise_add): argument 'rhs': expected "
            "shape (2,), found (3,)");
}

TEST_F(InferTest, AContradictionOfDtypesIsAnError) {
  Symbol x = b_.Variable("x", {.dtype = DType::kFloat64});
  Symbol y = b_.Variable("y", {.dtype = DType::kInt32});
  EXPECT_EQ(Infer({b_.Add("elemwise_add", {x, y})}).message(),
            "node 'elemwise_add0' (elemwise_add): argument 'rhs': expected "
            "dtype float64, found int32");
}

TEST_F(InferTest, WhatIsBoundMustFitWhatTheVariableSays) {
  const Graph graph =
      *b_.Build({b_.Variable("x", {.shape = {2}, .dtype = DType::kInt32})});
  const ValueIndex index(graph);
  EXPECT_THAT(
      std::string(
          InferTypes(graph, index, {{0, {.shape = {3}}}}).status().message()),
      HasSubstr("variable 'x': "));
  EXPECT_EQ(InferTypes(graph, index, {{0, {.dtype = DType::kInt64}}})
                .status()
                .message(),
            "variable 'x': expected dtype int32, found int64");
}

TEST_F(InferTest, ADtypeThatNothingTellsIsFloat32) {
  Symbol half = b_.Variable("half", {.dtype = DType::kFloat16});
  Symbol like_half = b_.Variable("like_half");
  Symbol x = b_.Variable("x");
  ASSERT_TRUE(
      Infer({b_.Add("elemwise_add", {like_half, half}), b_.Add("exp", {x})})
          .ok());
  EXPECT_EQ(DTypeOfNode("like_half"), DType::kFloat16);
  EXPECT_EQ(DTypeOfNode("x"), DType::kFloat32);
  EXPECT_EQ(DTypeOfNode("exp0"), DType::kFloat32);
}

TEST_F(InferTest, ASizeThatCannotBeCountedIsAnError) {
  const int64_t large = int64_t{1} << 40;
  Symbol x = b_.Variable("x", {.shape = {large, large}});
  ASSERT_TRUE(Infer({b_.Add("exp", {x})}).ok());
  EXPECT_THAT(std::string(CheckTypesKnown(graph_, index_, types_).message()),
              HasSubstr("variable 'x': output 0"));
}

// How often inference has looked at a node of CountVisits.
int64_t visits = 0;

absl::Status CountVisits(ShapeInference& node) {
  ++visits;
  return SameShape(node);
}

// A fact at the far end goes all the way back: every node is looked at a fixed
// number of times, however long the chain is.
TEST(InferTimeTest, IsLinearInALongChain) {
  auto ops = std::make_shared<OpRegistry>();
  ASSERT_TRUE(ops->Add({.name = "tick",
                        .doc = "out = data",
                        .inputs = {"data"},
                        .shape = CountVisits})
                  .ok());
  ASSERT_TRUE(ops->Add({.name = "pair",
                        .doc = "out = lhs",
                        .inputs = {"lhs", "rhs"},
                        .shape = SameShape})
                  .ok());
  constexpr int64_t kLength = 100'000;
  GraphBuilder b(ops);
  Symbol x = b.Variable("x");
  for (int64_t i = 0; i < kLength; ++i) x = b.Add("tick", {x});
  Symbol known = b.Variable("known", {.shape = {7}});
  const Graph graph = *b.Build({b.Add("pair", {x, known})});
  const ValueIndex index(graph);
  visits = 0;
  const auto types = InferTypes(graph, index, {});
  ASSERT_TRUE(types.ok()) << types.status();
  EXPECT_EQ(types->shapes[0], Shape({7}));
  EXPECT_LE(visits, 4 * kLength);
}

}  // namespace
}  // namespace minnow
