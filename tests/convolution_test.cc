// What Convolution concludes about shapes, and what it refuses. The rows of
// op_cases_convolution.cc say what it computes.
#include "minnow/ops/convolution.h"

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/graph/gradient.h"
#include "minnow/tests/shape_text.h"

namespace minnow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kUnknown = Shape::kUnknown;
using Ints = std::vector<int64_t>;

class ConvolutionTest : public ShapeTextTest {
 protected:
  // The shape of the result, or the error of inference.
  std::string Convolved(const ConvolutionAttrs& attrs, const Shape& data) {
    GraphBuilder b(BuiltinOps());
    const Symbol x = b.Variable("x", {.shape = data});
    return ShapesOf(b, {op::Convolution(x, {}, {}, attrs, {.name = "conv"})});
  }
};

TEST_F(ConvolutionTest, ReadsAttributesAsMxnetSpellsThem) {
  const auto attrs =
      FromNamedAttrs<ConvolutionAttrs>({{{"kernel", "(3, 2)"},
                                         {"num_filter", "6"},
                                         {"stride", "[2,1]"},
                                         {"dilate", "(1, 2)"},
                                         {"pad", "(1, 0)"},
                                         {"num_group", "2"},
                                         {"workspace", "256"},
                                         {"no_bias", "True"},
                                         {"cudnn_tune", "limited_workspace"},
                                         {"cudnn_off", "0"},
                                         {"layout", "NCHW"}}});
  ASSERT_TRUE(attrs.ok()) << attrs.status();
  EXPECT_THAT(attrs->kernel.get(), ElementsAre(3, 2));
  EXPECT_EQ(attrs->num_filter, 6);
  EXPECT_THAT(attrs->stride, ElementsAre(2, 1));
  EXPECT_THAT(attrs->dilate, ElementsAre(1, 2));
  EXPECT_EQ(attrs->num_group, 2);
  EXPECT_TRUE(attrs->no_bias);
  EXPECT_EQ(attrs->cudnn_tune, CudnnTune::kLimitedWorkspace);
  EXPECT_EQ(attrs->layout, Layout::kNchw);
  EXPECT_EQ(Convolved(*attrs, {5, 4, 7, 6}), "(5,6,4,4)");
}

TEST_F(ConvolutionTest, WeightAndBiasFollowFromData) {
  const Symbol x = Var("x", {kUnknown, 6, 9, 9});
  const Symbol w = Var("w"), bias = Var("bias");
  const Symbol y = op::Convolution(
      x, w, bias,
      {.kernel = {3, 3}, .num_filter = 8, .pad = {1, 1}, .num_group = 2});
  EXPECT_EQ(Shapes({y, w, bias}), "(?,8,9,9)(8,3,3,3)(8,)");
}

TEST_F(ConvolutionTest, DataFollowsFromWeightAndResult) {
  const Symbol x = Var("x");
  const Symbol w = Var("w", {8, 3, 5, 2});
  const Symbol y = op::Convolution(x, w, {},
                                   {.kernel = {5, 2},
                                    .num_filter = 8,
                                    .stride = {1, 2},
                                    .dilate = {2, 1},
                                    .pad = {1, 1},
                                    .num_group = 4,
                                    .no_bias = true});
  const Symbol z = Var("z", {6, 8, 10, 7});
  // Of a stride of 2, two sizes have the same result.
  EXPECT_EQ(Shapes({x, b_.Add("elemwise_add", {y, z})}),
            "(6,12,16,?)(6,8,10,7)");
}

TEST_F(ConvolutionTest, ResultsThatNoDataHasSayNothingOfIt) {
  const Symbol x = Var("x");
  const Symbol y = op::Convolution(
      x, Var("w", {2, 3, 1}), {},
      {.kernel = {1}, .num_filter = 2, .pad = {3}, .no_bias = true});
  EXPECT_EQ(Shapes({x, b_.Add("elemwise_add", {y, Var("z", {1, 2, 5})})}),
            "(1,3,?)(1,2,5)");
}

TEST_F(ConvolutionTest, GradientsHaveTheShapesOfWhatTheyAreOf) {
  const Symbol x = Var("x", {2, 3, 9});
  const Symbol w = Var("w"), bias = Var("bias");
  const Symbol y = op::Convolution(
      x, w, bias, {.kernel = {4}, .num_filter = 5, .stride = {2}});
  EXPECT_EQ(Shapes(Gradient(b_, {y}, {}, {x, w, bias})), "(2,3,9)(5,3,4)(5,)");
}

TEST_F(ConvolutionTest, RefusesAttributesThatMakeNoSense) {
  const Shape image = {1, 4, 4, 5};
  EXPECT_THAT(
      Convolved({.kernel = std::vector<int64_t>{}, .num_filter = 1}, image),
      HasSubstr("node 'conv' (Convolution): attribute 'kernel': "
                "expected one to three numbers, found 0"));
  EXPECT_THAT(Convolved({.kernel = {1, 0}, .num_filter = 1}, image),
              HasSubstr("attribute 'kernel': expected 1 to 2147483647, found "
                        "0"));
  ConvolutionAttrs a = {.kernel = {2, 2}, .num_filter = 6};
  const auto error = [&](auto change) {
    ConvolutionAttrs changed = a;
    change(changed);
    return Convolved(changed, image);
  };
  EXPECT_THAT(error([](auto& a) { a.num_filter = 0; }),
              HasSubstr("attribute 'num_filter': expected 1 to 2147483647, "
                        "found 0"));
  EXPECT_THAT(error([](auto& a) {
                a.stride = {1, 0};
              }),
              HasSubstr("attribute 'stride': expected 1 to 2147483647, found "
                        "0"));
  EXPECT_THAT(error([](auto& a) { a.stride = {1}; }),
              HasSubstr("attribute 'stride': expected 2 numbers, as kernel "
                        "has, found 1"));
  EXPECT_THAT(error([](auto& a) {
                a.dilate = {-1, 1};
              }),
              HasSubstr("attribute 'dilate': expected 1 to 2147483647, found "
                        "-1"));
  EXPECT_THAT(error([](auto& a) {
                a.pad = {0, -1};
              }),
              HasSubstr("attribute 'pad': expected 0 to 2147483647, found "
                        "-1"));
  EXPECT_THAT(error([](auto& a) { a.num_group = 4; }),
              HasSubstr("attribute 'num_group': expected a divisor of "
                        "num_filter, 6, found 4"));
  EXPECT_THAT(error([](auto& a) { a.num_group = 0; }),
              HasSubstr("expected a divisor of num_filter, 6, found 0"));
  EXPECT_THAT(error([](auto& a) { a.num_group = 3; }),
              HasSubstr("attribute 'num_group': expected a divisor of the "
                        "channels of data, 4, found 3"));
  EXPECT_THAT(error([](auto& a) { a.layout = Layout::kNhwc; }),
              HasSubstr("attribute 'layout': expected NCW, NCHW or NCDHW, for "
                        "a kernel of 1, 2 or 3 numbers, found NHWC for 2"));
  EXPECT_THAT(error([](auto& a) { a.layout = Layout::kNcw; }),
              HasSubstr("found NCW for 2"));
}

TEST_F(ConvolutionTest, RefusesArraysThatDoNotFit) {
  const ConvolutionAttrs a = {
      .kernel = {3, 2}, .num_filter = 6, .dilate = {3, 1}, .pad = {1, 0}};
  EXPECT_THAT(Convolved(a, {1, 4, 4, 5}),
              HasSubstr("attribute 'kernel': expected at most 6, the size of "
                        "axis 2 with its padding, found 7"));
  EXPECT_THAT(Convolved(a, {1, 4, 9}),
              HasSubstr("argument 'data': expected 4 axes, for a kernel of 2 "
                        "numbers, found (1,4,9)"));
  EXPECT_THAT(Convolved(a, {4, 9}), HasSubstr("expected three to five axes"));
  EXPECT_THAT(Convolved(a, {1, 4, int64_t{1} << 40, 9}),
              HasSubstr("argument 'data': expected spatial axes of 1 to "
                        "2147483647"));
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x", {.shape = Shape{1, 4, 9, 9}});
  const Symbol w = b.Variable("w", {.shape = Shape{6, 3, 3, 2}});
  EXPECT_THAT(ShapesOf(b, {op::Convolution(x, w, {}, a)}),
              HasSubstr("argument 'weight': expected shape (6,4,3,2), found "
                        "(6,3,3,2)"));
}

TEST_F(ConvolutionTest, GradientsRefuseHeadsThatDoNotFit) {
  for (bool of_data : {true, false}) {
    const char* const op =
        of_data ? "_backward_Convolution_data" : "_backward_Convolution_weight";
    GraphBuilder b(BuiltinOps());
    const Symbol head = b.Variable("head", {.shape = Shape{1, 2, 9}});
    const Symbol x = b.Variable("x", {.shape = Shape{1, 3, 9}});
    const Symbol w = b.Variable("w", {.shape = Shape{2, 3, 2}});
    const ConvolutionAttrs a = {
        .kernel = {2}, .num_filter = 2, .no_bias = true};
    EXPECT_THAT(
        ShapesOf(b, {b.Add(op, {head, of_data ? w : x, of_data ? x : w}, a)}),
        HasSubstr("argument 'head': expected shape (1,2,8), found "
                  "(1,2,9)"));
  }
}

}  // namespace
}  // namespace minnow
