// What the operators that work on whole axes conclude about shapes, in either
// direction, and what they refuse. That they compute is in op_cases_dot.cc and
// others.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/ops/dot.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/pick.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/reshape.h"
#include "minnow/ops/shape.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/softmax_output.h"
#include "minnow/ops/transpose.h"
#include "minnow/tests/shape_text.h"

namespace minnow {
namespace {

using testing::HasSubstr;

constexpr int64_t kUnknown = Shape::kUnknown;

class NnInferenceTest : public ShapeTextTest {};

TEST_F(NnInferenceTest, WeightAndBiasFollowFromData) {
  const Symbol w = Var("w"), bias = Var("bias");
  const Symbol y =
      op::FullyConnected(Var("x", {8, 3, 5}), w, bias, {.num_hidden = 4});
  EXPECT_EQ(Shapes({y, w, bias}), "(8,4)(4,15)(4,)");
}

TEST_F(NnInferenceTest, TheBatchMayBeUnknown) {
  const Symbol w = Var("w");
  const Symbol y = op::FullyConnected(Var("x", {kUnknown, 15}), w, {},
                                      {.num_hidden = 4, .no_bias = true});
  EXPECT_EQ(Shapes({y, w}), "(?,4)(4,15)");
}

TEST_F(NnInferenceTest, DataFollowsFromWeightAndResult) {
  const Symbol x = Var("x", {kUnknown, kUnknown});
  const Symbol y = op::FullyConnected(x, Var("w", {4, 15}), {},
                                      {.num_hidden = 4, .no_bias = true});
  const Symbol loss = op::SoftmaxOutput(y, Var("label", {8}));
  const Symbol same = op::ReshapeLike(y, Var("like", {8, 4}));
  EXPECT_EQ(Shapes({x, loss, same}), "(8,15)(8,4)(8,4)");
}

TEST_F(NnInferenceTest, FullyConnectedRefusesAWeightThatDoesNotFit) {
  const Symbol y = op::FullyConnected(Var("x", {8, 15}), Var("w", {4, 14}), {},
                                      {.num_hidden = 4}, {.name = "fc"});
  EXPECT_THAT(Shapes({y}), HasSubstr("node 'fc' (FullyConnected): argument "
                                     "'weight': expected shape (4,15), found "
                                     "(4,14)"));
}

TEST_F(NnInferenceTest, FullyConnectedRefusesNoOutputs) {
  EXPECT_THAT(Shapes({op::FullyConnected(Var("x", {8, 15}), {}, {},
                                         {.num_hidden = 0})}),
              HasSubstr("'num_hidden': expected a positive number, found 0"));
}

TEST_F(NnInferenceTest, DotRefusesSizesThatDiffer) {
  EXPECT_THAT(Shapes({op::Dot(Var("a", {2, 3}), Var("b", {4, 5}))}),
              HasSubstr("argument 'rhs': expected shape (3,5), found (4,5)"));
}

TEST_F(NnInferenceTest, DotRefusesScalarsAndTransposedVectors) {
  EXPECT_THAT(Shapes({op::Dot(Var("a", Shape::Scalar()), Var("b", {4}))}),
              HasSubstr("argument 'lhs': expected at least one axis"));
  EXPECT_THAT(
      Shapes({op::Dot(Var("c", {4}), Var("d", {4}), {.transpose_a = true})}),
      HasSubstr("vectors are not transposed"));
}

TEST_F(NnInferenceTest, AxesMustExistAndDiffer) {
  const Symbol x = Var("x", {2, 3});
  EXPECT_THAT(Shapes({op::Sum(x, {.axis = {{2}}})}), HasSubstr("'axis'"));
  EXPECT_THAT(Shapes({op::Mean(x, {.axis = {{0, -2}}})}),
              HasSubstr("expected each axis once, found -2 again"));
  EXPECT_THAT(Shapes({op::Transpose(x, {.axes = {1, 1}})}),
              HasSubstr("expected each axis once, found 1 again"));
  EXPECT_THAT(Shapes({op::Transpose(x, {.axes = {1, 0, 2}})}),
              HasSubstr("expected 2 axes, found 3"));
  EXPECT_THAT(Shapes({op::Softmax(x, {.axis = 2})}), HasSubstr("'axis'"));
  EXPECT_THAT(Shapes({op::Pick(x, Var("i"), {.axis = std::nullopt})}),
              HasSubstr("'axis': expected int, found None"));
}

TEST_F(NnInferenceTest, ReshapeRefusesOtherNumbersOfElements) {
  const Symbol x = Var("x", {2, 3});
  for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{
           {4, 2}, {-1, 4}, {int64_t{1} << 62, 8}}) {
    EXPECT_THAT(Shapes({op::Reshape(x, {.shape = shape})}),
                HasSubstr("argument 'data': expected as many elements as"));
  }
}

TEST_F(NnInferenceTest, ReshapeRefusesCodesWithoutMeaning) {
  const Symbol x = Var("x", {2, 3});
  for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{
           {-5},
           {-1, -1},
           {0, 0, 0},
           {-3, 0},
           {-4, 2},
           {-4, -1, -1},
           {-4, 3, -1},
           {-4, int64_t{1} << 40, int64_t{1} << 40}}) {
    EXPECT_THAT(Shapes({op::Reshape(x, {.shape = shape})}),
                HasSubstr("attribute 'shape': "))
        << shape[0];
  }
}

TEST_F(NnInferenceTest, ReshapeAndTransposeInferBackwards) {
  const Symbol x = Var("x", {kUnknown, 6});
  const Symbol y = op::Reshape(x, {.shape = {4, 3}});
  const Symbol z = Var("z");
  const Symbol sum = b_.Add("elemwise_add", {op::Transpose(z), y});
  EXPECT_EQ(Shapes({x, y, z, sum}), "(2,6)(4,3)(3,4)(4,3)");
}

TEST_F(NnInferenceTest, LabelsFollowFromData) {
  const Symbol label = Var("label"), places = Var("places"), i = Var("i");
  const Symbol x = Var("x", {2, 3, 4});
  EXPECT_EQ(Shapes({op::SoftmaxOutput(x, label),
                    op::SoftmaxOutput(x, places, {.multi_output = true}),
                    op::Pick(x, i, {.axis = 0}), label, places, i}),
            "(2,3,4)(2,3,4)(3,4)(2,3)(2,4)(3,4)");
}

TEST_F(NnInferenceTest, WrongLabelsAndLengthsAreRefused) {
  const Symbol x = Var("x", {2, 3, 4});
  EXPECT_THAT(Shapes({op::SoftmaxOutput(x, Var("label", {3}))}),
              HasSubstr("argument 'label': expected shape (2,3), found (3,)"));
  EXPECT_THAT(Shapes({op::LogSoftmax(x, {.use_length = true})}),
              HasSubstr("'use_length': expected False, found True"));
  EXPECT_THAT(Shapes({op::Pick(Var("none", {2, 0}), Var("i"))}),
              HasSubstr("expected an axis with elements to pick from"));
}

}  // namespace
}  // namespace minnow
