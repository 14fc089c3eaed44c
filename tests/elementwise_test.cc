// What the table of operator tests does not say of elementwise operators:
// operators on symbols, inference, and integers at their limits.
#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/infer.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/add_n.h"
#include "minnow/ops/arithmetic.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/cast.h"
#include "minnow/ops/init.h"
#include "minnow/ops/sum_to_like.h"
#include "minnow/ops/unary.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;

template <typename T>
NDArray Array(const Shape& shape, std::initializer_list<T> values) {
  return *NDArray::FromValues<T>(shape, values);
}

// The first output of a graph on these arrays.
absl::StatusOr<NDArray> Evaluate(
    const GraphBuilder& b, Symbol y,
    absl::flat_hash_map<std::string, NDArray> variables) {
  MINNOW_ASSIGN_OR_RETURN(Graph graph, b.Build({y}));
  MINNOW_ASSIGN_OR_RETURN(
      Executor executor,
      Executor::Bind(graph, {.variables = std::move(variables)}));
  MINNOW_RETURN_IF_ERROR(executor.Run());
  return executor.Output(0).Copy();
}

template <typename T>
std::vector<T> ValuesOf(const absl::StatusOr<NDArray>& array) {
  if (!array.ok()) {
    ADD_FAILURE() << array.status();
    return {};
  }
  EXPECT_EQ(array->dtype(), DTypeOf<T>);
  const auto values = array->template values<T>();
  return {values.begin(), values.end()};
}

TEST(SymbolOperatorsTest, ComputeWhatTheySay) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x"), y = b.Variable("y");
  auto value = [&](Symbol z) {
    return ValuesOf<float>(Evaluate(
        b, z,
        {{"x", Array<float>({2}, {8, 6})}, {"y", Array<float>({1}, {2})}}))[0];
  };
  EXPECT_EQ(value(x + y), 10);
  EXPECT_EQ(value(x - y), 6);
  EXPECT_EQ(value(x * y), 16);
  EXPECT_EQ(value(x / y), 4);
  EXPECT_EQ(value(-x + 0 * y), -8);
  EXPECT_EQ(value(x + 1 + 0 * y), 9);
  EXPECT_EQ(value(1 + x + 0 * y), 9);
  EXPECT_EQ(value(x - 1.5f + 0 * y), 6.5f);
  EXPECT_EQ(value(1.5 - x + 0 * y), -6.5f);
  EXPECT_EQ(value(x * 0.5f + 0 * y), 4);
  EXPECT_EQ(value(0.5 * x + 0 * y), 4);
  EXPECT_EQ(value(x / 4 + 0 * y), 2);
  EXPECT_EQ(value(4 / x + 0 * y), 0.5f);
}

TEST(SymbolOperatorsTest, KeepIntegersUnlessTheNumberIsNone) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x");
  const NDArray integers = Array<int32_t>({2}, {7, -7});
  EXPECT_THAT(ValuesOf<int32_t>(Evaluate(b, x / 2, {{"x", integers}})),
              ElementsAre(3, -3));
  EXPECT_THAT(ValuesOf<double>(Evaluate(b, x * 0.5, {{"x", integers}})),
              ElementsAre(3.5, -3.5));
  const NDArray bools = Array<bool>({2}, {true, false});
  EXPECT_THAT(ValuesOf<int64_t>(Evaluate(b, x + 2, {{"x", bools}})),
              ElementsAre(3, 2));
}

TEST(SymbolOperatorsTest, AnErrorIsKeptByTheBuilder) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x"), twice = b.Variable("x");
  EXPECT_TRUE((x + 2 * twice).failed());
  EXPECT_TRUE(op::AddN({x, twice}).failed());
  EXPECT_FALSE(b.Build({x}).ok());
}

std::string ErrorOf(const absl::StatusOr<Shape>& shape) {
  return std::string(shape.status().message());
}

// What inference says of the shape of `op` on variables of these shapes.
absl::StatusOr<Shape> InferShape(const BinaryComposer& op, const Shape& lhs,
                                 const Shape& rhs) {
  GraphBuilder b(BuiltinOps());
  MINNOW_ASSIGN_OR_RETURN(Graph graph,
                          b.Build({op(b.Variable("x", {.shape = lhs}),
                                      b.Variable("y", {.shape = rhs}))}));
  const ValueIndex index(graph);
  MINNOW_ASSIGN_OR_RETURN(ValueTypes types, InferTypes(graph, index, {}));
  return types.shapes[index[graph.outputs[0]]];
}

TEST(BroadcastTest, NamesTheArgumentThatDoesNotFit) {
  EXPECT_EQ(ErrorOf(InferShape(op::BroadcastAdd, {2, 3}, {2})),
            "node 'broadcast_add0' (broadcast_add): argument 'rhs': expected a "
            "shape that broadcasts with (2,3), found (2,)");
  EXPECT_EQ(ErrorOf(InferShape(op::ElemwiseAdd, {2, 3}, {2})),
            "node 'elemwise_add0' (elemwise_add): argument 'rhs': expected "
            "shape (2,3), found (2,)");
  EXPECT_EQ(ErrorOf(InferShape(op::SumToLike, {2, 3}, {2})),
            "node '_sum_to_like0' (_sum_to_like): argument 'like': expected a "
            "shape that broadcasts to (2,3), found (2,)");
}

// An output of as many bytes, once rounded to a cache line, as an input that is
// read again and again.
TEST(BroadcastTest, DoesNotGoOverASmallInput) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x"), y = b.Variable("y");
  EXPECT_THAT(
      ValuesOf<float>(Evaluate(b, -x + y,
                               {{"x", Array<float>({2, 1}, {1, 2})},
                                {"y", Array<float>({1, 3}, {10, 20, 30})}})),
      ElementsAre(9, 19, 29, 8, 18, 28));
}

TEST(BroadcastTest, InfersWhatIsKnownInPart) {
  constexpr int64_t kUnknown = Shape::kUnknown;
  auto infer = [&](const Shape& lhs, const Shape& rhs) {
    return *InferShape(op::BroadcastAdd, lhs, rhs);
  };
  EXPECT_EQ(infer({kUnknown, 3}, {4, 1}), (Shape{4, 3}));
  EXPECT_EQ(infer({kUnknown, 3}, {1, 1}), (Shape{kUnknown, 3}));
  EXPECT_EQ(infer({kUnknown}, {kUnknown, 1}), (Shape{kUnknown, kUnknown}));
  EXPECT_EQ(infer(Shape(), {4, 1}), Shape());
}

TEST(InitTest, TakesItsShapeFromWhereItIsUsed) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x");
  EXPECT_THAT(ValuesOf<float>(Evaluate(b, op::ElemwiseAdd(x, op::Ones(b, {})),
                                       {{"x", Array<float>({2}, {1, 2})}})),
              ElementsAre(2, 3));
}

TEST(AddNTest, NeedsAsManyInputsAsItSays) {
  GraphBuilder b(BuiltinOps());
  EXPECT_TRUE(op::AddN({}).omitted());
  Symbol x = b.Variable("x");
  b.Add("add_n", {x, x}, AddNAttrs{.num_args = 1});
  EXPECT_FALSE(b.status().ok());
}

TEST(CastTest, ItsGradientHasTheTypeOfItsInput) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x"), head = b.Variable("head");
  EXPECT_THAT(ValuesOf<double>(Evaluate(b, op::CastLike(head, x),
                                        {{"x", Array<double>({1}, {1})},
                                         {"head", Array<float>({1}, {0.5f})}})),
              ElementsAre(0.5));
}

TEST(ArithmeticTest, IntegersWrap) {
  EXPECT_EQ(Plus()(int8_t{127}, int8_t{1}), -128);
  EXPECT_EQ(Minus()(uint8_t{3}, uint8_t{5}), 254);
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int32_t kMax32 = std::numeric_limits<int32_t>::max();
  EXPECT_EQ(Times()(kMax32, kMax32), 1);
  EXPECT_EQ(Negate()(kMin), kMin);
}

TEST(ArithmeticTest, DivisionOfIntegersHasAResultForAll) {
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  EXPECT_EQ(Divide()(-7, 2), -3);
  EXPECT_EQ(Divide()(7, 0), 0);
  EXPECT_EQ(Divide()(kMin, -1), kMin);
  EXPECT_EQ(Divide()(uint8_t{200}, uint8_t{255}), 0);
}

TEST(ArithmeticTest, FloatsFollowTheStandard) {
  EXPECT_TRUE(std::signbit(Negate()(0.0f)));
  EXPECT_EQ(Divide()(1.0f, 0.0f), std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace minnow
