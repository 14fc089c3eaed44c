// What operators that take indices refuse.
#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/gather_nd.h"
#include "minnow/ops/one_hot.h"
#include "minnow/ops/sequence.h"
#include "minnow/ops/where.h"

namespace minnow {
namespace {

using testing::HasSubstr;

NDArray Array(const Shape& shape, const std::vector<float>& values) {
  return *NDArray::FromValues<float>(shape, values);
}

// The message of building, binding or running an operator on x and indices.
std::string ErrorOf(Symbol (*compose)(Symbol x, Symbol indices), NDArray x,
                    NDArray indices) {
  GraphBuilder b(BuiltinOps());
  const Symbol out = compose(b.Variable("x"), b.Variable("indices"));
  const auto graph = b.Build({out});
  if (!graph.ok()) return std::string(graph.status().message());
  BindOptions options = {.variables = {{"indices", indices}}};
  if (graph->Find("x") >= 0) options.variables["x"] = x;
  auto executor = Executor::Bind(*graph, options);
  if (!executor.ok()) return std::string(executor.status().message());
  return std::string(executor->Run().message());
}

TEST(IndexingOpsTest, IndicesOutsideAreErrors) {
  const auto gather = [](Symbol x, Symbol i) { return op::GatherNd(x, i); };
  const NDArray x = Array({2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(ErrorOf(gather, x, Array({2, 2}, {-2, 1, 2, -3})), "");
  EXPECT_THAT(ErrorOf(gather, x, Array({2, 2}, {0, 1, 2, 3})),
              HasSubstr("'gather_nd0' (gather_nd): argument 'indices': "
                        "expected an index in [-3, 3) for axis 1, found 3 in "
                        "tuple 1"));
  EXPECT_THAT(ErrorOf(gather, x, Array({2, 1}, {-3, 0})),
              HasSubstr("in [-2, 2) for axis 0, found -3 in tuple 0"));
  EXPECT_THAT(ErrorOf(gather, x, Array({3, 1}, {0, 0, 0})),
              HasSubstr("argument 'indices': expected a first axis of at most "
                        "2, the rank of (2,3), found (3,1)"));
  EXPECT_THAT(ErrorOf(gather, x, Array({2, 1}, {0, std::nanf("")})),
              HasSubstr("in [-3, 3) for axis 1, found nan in tuple 0"));
  const auto scatter = [](Symbol x, Symbol i) {
    return op::ScatterNd(x, i, {.shape = {4}});
  };
  const NDArray two = Array({2}, {1, 2});
  EXPECT_THAT(ErrorOf(scatter, two, Array({1, 2}, {0, 4})),
              HasSubstr("in [0, 4) for axis 0, found 4 in tuple 1"));
  EXPECT_THAT(ErrorOf(scatter, two, Array({1, 2}, {0, -1})),
              HasSubstr("in [0, 4) for axis 0, found -1 in tuple 1"));
  EXPECT_THAT(ErrorOf(scatter, two, Array({1, 3}, {0, 1, 2})),
              HasSubstr("argument 'data': expected shape (3,), found (2,)"));
}

TEST(IndexingOpsTest, WhereTakesAConditionOfItsShapeOrOfItsRows) {
  const auto where = [](Symbol x, Symbol c) { return op::Where(c, x, x); };
  const NDArray x = Array({2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(ErrorOf(where, x, Array({2}, {0, 1})), "");
  EXPECT_THAT(ErrorOf(where, x, Array({3}, {0, 1, 1})),
              HasSubstr("argument 'condition': expected shape (2,), found "
                        "(3,)"));
  EXPECT_THAT(ErrorOf(where, x, Array({2, 1}, {0, 1})),
              HasSubstr("expected shape (2,3), found (2,1)"));
}

TEST(IndexingOpsTest, LengthsOfSequencesMustFit) {
  const auto last = [](Symbol x, Symbol lengths) {
    return op::SequenceLast(x, lengths, {.use_sequence_length = true});
  };
  const NDArray x = Array({3, 2}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(ErrorOf(last, x, Array({2}, {1, 3})), "");
  EXPECT_THAT(ErrorOf(last, x, Array({2}, {1, 0})),
              HasSubstr("'SequenceLast0' (SequenceLast): argument "
                        "'sequence_length': expected a length in [1, 3], found "
                        "0 of sequence 1"));
  EXPECT_THAT(ErrorOf(last, x, Array({2}, {std::nanf(""), 1})),
              HasSubstr("found nan of sequence 0"));
  const auto reverse = [](Symbol x, Symbol lengths) {
    return op::SequenceReverse(x, lengths, {.use_sequence_length = true});
  };
  EXPECT_EQ(ErrorOf(reverse, x, Array({2}, {0, 3})), "");
  EXPECT_THAT(ErrorOf(reverse, x, Array({2}, {4, 1})),
              HasSubstr("expected a length in [0, 3], found 4 of sequence 0"));
}

TEST(IndexingOpsTest, OneHotHasADepth) {
  EXPECT_THAT(
      ErrorOf([](Symbol, Symbol i) { return op::OneHot(i, {.depth = -1}); },
              Array({1}, {0}), Array({1}, {0})),
      HasSubstr("attribute 'depth': expected a number >= 0, found -1"));
}

TEST(IndexingOpsTest, NothingIsWrittenIfAnIndexIsOutside) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w");
  b.Update(
      w, op::ScatterNd(b.Variable("x"), b.Variable("indices"), {.shape = {2}}));
  const auto graph = b.Build({});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const NDArray weight = Array({2}, {7, 8});
  auto executor = Executor::Bind(
      *graph, {.variables = {{"w", weight},
                             {"x", Array({2}, {1, 2})},
                             {"indices", Array({1, 2}, {0, 2})}}});
  ASSERT_TRUE(executor.ok()) << executor.status();
  EXPECT_FALSE(executor->Run().ok());
  EXPECT_THAT(weight.values<float>(), testing::ElementsAre(7, 8));
  // The last of two values for one place counts.
  ASSERT_TRUE(executor->SetInput("indices", Array({1, 2}, {1, 1})).ok());
  ASSERT_TRUE(executor->Run().ok());
  EXPECT_THAT(weight.values<float>(), testing::ElementsAre(0, 2));
}

}  // namespace
}  // namespace minnow
