// What the slopes of LeakyReLU are: those that rrelu draws, and what shapes
// gamma may have.
#include "minnow/ops/leaky_relu.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/infer.h"
#include "minnow/ops/builtin.h"
#include "minnow/tests/masked_layer.h"

namespace minnow {
namespace {

using testing::Each;
using testing::HasSubstr;

absl::StatusOr<MaskedLayerRun> RunRrelu(int64_t size, LeakyReluAttrs attrs,
                                        BindOptions options, float data = -2) {
  attrs.act_type = LeakyReluType::kRrelu;
  return RunMaskedLayer({size}, data, std::move(options),
                        [&](Symbol x) { return op::LeakyReLU(x, attrs); });
}

TEST(LeakyReluTest, RreluDrawsSlopesInTraining) {
  const auto r = RunRrelu(100000, {}, {.training = true});
  ASSERT_TRUE(r.ok()) << r.status();
  double sum = 0, squares = 0;
  for (size_t i = 0; i < r->out.size(); ++i) {
    const float slope = r->mask[i];
    EXPECT_GE(slope, 0.125f);
    EXPECT_LE(slope, 0.334f);
    EXPECT_EQ(r->out[i], -2 * slope);
    EXPECT_EQ(r->grad[i], 3 * slope);
    sum += slope;
    squares += double{slope} * slope;
  }
  const double mean = sum / 1e5;
  EXPECT_NEAR(mean, 0.2295, 1e-3);
  // A uniform variable has a deviation of its range by the root of 12.
  EXPECT_NEAR(std::sqrt(squares / 1e5 - mean * mean), 0.209 / std::sqrt(12),
              1e-3);
}

TEST(LeakyReluTest, RreluLeavesPositiveElementsAlone) {
  const auto r = RunRrelu(1000, {.lower_bound = -1}, {.training = true}, 5);
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT(r->out, Each(5));
  EXPECT_THAT(r->grad, Each(3));
}

TEST(LeakyReluTest, NegativeSlopesHaveTheirGradient) {
  const auto r = RunRrelu(1000, {.lower_bound = -1, .upper_bound = -0.5f},
                          {.training = true});
  ASSERT_TRUE(r.ok()) << r.status();
  for (size_t i = 0; i < r->out.size(); ++i) {
    EXPECT_EQ(r->grad[i], 3 * r->mask[i]);
    EXPECT_LT(r->grad[i], -1);
  }
}

TEST(LeakyReluTest, RreluTakesTheMeanOutsideOfTraining) {
  const auto r =
      RunRrelu(1000, {.lower_bound = 0.25f, .upper_bound = 0.75f}, {});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_THAT(r->mask, Each(0.5f));
  EXPECT_THAT(r->out, Each(-1));
  EXPECT_THAT(r->grad, Each(1.5f));
}

TEST(LeakyReluTest, RreluIsTheSameForAnyNumberOfThreads) {
  const auto one = RunRrelu(100003, {}, {.training = true, .threads = 1});
  ASSERT_TRUE(one.ok());
  for (int threads : {2, 3, 8}) {
    const auto many =
        RunRrelu(100003, {}, {.training = true, .threads = threads});
    ASSERT_TRUE(many.ok());
    EXPECT_EQ(many->out, one->out);
  }
}

// The shape of gamma, or the error.
std::string GammaShape(const Shape& data, const Shape& gamma) {
  GraphBuilder b(BuiltinOps());
  const Symbol g = b.Variable("g", {.shape = gamma});
  const Symbol y = op::LeakyReLU(b.Variable("x", {.shape = data}), g,
                                 {.act_type = LeakyReluType::kPrelu});
  const auto graph = b.Build({y, g});
  if (!graph.ok()) return std::string(graph.status().message());
  const ValueIndex index(*graph);
  const auto types = InferTypes(*graph, index, {});
  if (!types.ok()) return std::string(types.status().message());
  return types->shapes[index[graph->outputs[1]]].ToString();
}

TEST(LeakyReluTest, GammaHasASlopeForEachChannel) {
  EXPECT_EQ(GammaShape({2, 3, 4, 5}, {}), "(3,)");
  EXPECT_EQ(GammaShape({2, 3}, {}), "(3,)");
  EXPECT_EQ(GammaShape({7}, {}), "(1,)");
  EXPECT_EQ(GammaShape({2, 3, 4}, {1}), "(1,)");
  EXPECT_EQ(GammaShape({2, 3, 4}, {2, 3}), "(2,3)");
  EXPECT_EQ(GammaShape({2, 3, 4}, {Shape::kUnknown}), "(3,)");
  EXPECT_EQ(GammaShape({2, 3, 4}, {Shape::kUnknown, 1}), "(2,1)");
}

TEST(LeakyReluTest, OtherShapesOfGammaAreRefused) {
  for (const Shape& gamma : {Shape{4}, Shape{2}, Shape{2, 3, 4}}) {
    EXPECT_THAT(
        GammaShape({2, 3, 4}, gamma),
        HasSubstr("argument 'gamma': expected a shape that broadcasts to the "
                  "first 2 axes of (2,3,4), found " +
                  gamma.ToString()));
  }
  EXPECT_THAT(GammaShape(Shape::Scalar(), {1}),
              HasSubstr("argument 'data': expected one dimension or more"));
}

TEST(LeakyReluTest, UnknownFunctionsAreRefused) {
  GraphBuilder b(BuiltinOps());
  const Symbol y = b.AddParsed("LeakyReLU", {b.Variable("x")},
                               {{"act_type", std::string("relu6")}});
  EXPECT_THAT(std::string(b.Build({y}).status().message()),
              HasSubstr("'act_type': expected"));
}

}  // namespace
}  // namespace minnow
