// What Deconvolution concludes about shapes, and what it refuses. The rows of
// op_cases_convolution.cc say what it computes.
#include "minnow/ops/deconvolution.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/tests/shape_text.h"

namespace minnow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kUnknown = Shape::kUnknown;
using Ints = std::vector<int64_t>;

class DeconvolutionTest : public ShapeTextTest {
 protected:
  // The shape of the result, or the error of inference.
  std::string Deconvolved(const DeconvolutionAttrs& attrs, const Shape& data) {
    GraphBuilder b(BuiltinOps());
    const Symbol x = b.Variable("x", {.shape = data});
    return ShapesOf(b, {op::Deconvolution(x, {}, {}, attrs)});
  }
};

TEST_F(DeconvolutionTest, ReadsAttributesAsMxnetSpellsThem) {
  const auto attrs =
      FromNamedAttrs<DeconvolutionAttrs>({{{"kernel", "(3, 2)"},
                                           {"num_filter", "6"},
                                           {"stride", "(2, 3)"},
                                           {"adj", "(1, 2)"},
                                           {"target_shape", "[0,0]"}}});
  ASSERT_TRUE(attrs.ok()) << attrs.status();
  EXPECT_THAT(attrs->adj, ElementsAre(1, 2));
  EXPECT_TRUE(attrs->no_bias);
  EXPECT_EQ(attrs->workspace, 512);
  EXPECT_EQ(Deconvolved(*attrs, {5, 4, 7, 6}), "(5,6,16,19)");
}

TEST_F(DeconvolutionTest, WeightAndBiasFollowFromData) {
  const Symbol w = Var("w"), bias = Var("bias");
  const Symbol y = op::Deconvolution(Var("x", {kUnknown, 6, 5, 5}), w, bias,
                                     {.kernel = {4, 4},
                                      .num_filter = 8,
                                      .stride = {2, 2},
                                      .pad = {1, 1},
                                      .num_group = 2,
                                      .no_bias = false});
  EXPECT_EQ(Shapes({y, w, bias}), "(?,8,10,10)(6,4,4,4)(8,)");
}

TEST_F(DeconvolutionTest, DataFollowsFromWeightAndResult) {
  const Symbol x = Var("x");
  const Symbol y = op::Deconvolution(x, Var("w", {6, 4, 3}), {},
                                     {.kernel = {3}, .num_filter = 4});
  EXPECT_EQ(Shapes({x, b_.Add("elemwise_add", {y, Var("z", {2, 4, 7})})}),
            "(2,6,?)(2,4,7)");
}

TEST_F(DeconvolutionTest, TheTargetIsTheShapeOfTheResult) {
  const DeconvolutionAttrs a = {.kernel = {3, 4},
                                .num_filter = 2,
                                .stride = {2, 2},
                                .target_shape = {6, 9}};
  EXPECT_EQ(Deconvolved(a, {1, 3, 3, 4}), "(1,2,6,9)");
  EXPECT_THAT(Deconvolved(a, {1, 3, 2, 4}),
              HasSubstr("attribute 'target_shape': expected at most 5, what "
                        "windows along axis 2 cover, found 6"));
}

TEST_F(DeconvolutionTest, RefusesAttributesThatMakeNoSense) {
  const DeconvolutionAttrs a = {
      .kernel = {3, 3}, .num_filter = 4, .stride = {2, 1}};
  const auto error = [&](auto change) {
    DeconvolutionAttrs changed = a;
    change(changed);
    return Deconvolved(changed, {1, 2, 2, 3});
  };
  EXPECT_THAT(error([](auto& a) {
                a.adj = {2, 0};
              }),
              HasSubstr("attribute 'adj': expected less than the stride, 2, "
                        "found 2"));
  EXPECT_THAT(error([](auto& a) {
                a.adj = {-1, 0};
              }),
              HasSubstr("attribute 'adj': expected 0 to 2147483647, found "
                        "-1"));
  EXPECT_THAT(error([](auto& a) {
                a.pad = {0, 3};
              }),
              HasSubstr("attribute 'pad': expected less than half of 5, what "
                        "windows along axis 3 cover, found 3"));
  EXPECT_THAT(error([](auto& a) {
                a.target_shape = {4, 0};
              }),
              HasSubstr("attribute 'target_shape': expected 1 to 2147483647, "
                        "found 0"));
  EXPECT_THAT(error([](auto& a) { a.target_shape = {4}; }),
              HasSubstr("attribute 'target_shape': expected 2 numbers, as "
                        "kernel has, found 1"));
  EXPECT_THAT(error([](auto& a) {
                a.target_shape = {4, 4};
              }),
              HasSubstr("attribute 'target_shape': expected an even number "
                        "less than 5, what windows along axis 3 cover, for a "
                        "stride of 1, found 4"));
  EXPECT_THAT(error([](auto& a) { a.num_group = 4; }),
              HasSubstr("attribute 'num_group': expected a divisor of the "
                        "channels of data, 2, found 4"));
  EXPECT_THAT(Deconvolved(a, {1, 2, 0, 3}),
              HasSubstr("argument 'data': expected spatial axes of 1 to "
                        "2147483647, found (1,2,0,3)"));
}

TEST_F(DeconvolutionTest, RefusesAWeightThatDoesNotFit) {
  EXPECT_THAT(
      Shapes({op::Deconvolution(Var("x", {1, 4, 9}), Var("w", {3, 6, 2}), {},
                                {.kernel = {2}, .num_filter = 6})}),
      HasSubstr("argument 'weight': expected shape (4,6,2), found "
                "(3,6,2)"));
}

}  // namespace
}  // namespace minnow
