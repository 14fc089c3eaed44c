// What Pooling makes of special values, and what it refuses. The rows of
// op_cases_pooling.cc do the rest.
#include "minnow/ops/pooling.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/gradient.h"
#include "minnow/graph/infer.h"
#include "minnow/ops/builtin.h"

namespace minnow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// The result of pooling one channel along one axis, then the gradient, whose
// heads are 1, 2, ...
std::vector<std::vector<float>> PoolLine(const PoolingAttrs& attrs,
                                         const std::vector<float>& values) {
  GraphBuilder b(BuiltinOps());
  const auto size = static_cast<int64_t>(values.size());
  const Symbol x = b.Variable("x", {.shape = Shape{1, 1, size}});
  const Symbol head = b.Variable("head");
  const Symbol y = op::Pooling(x, attrs);
  const auto graph = b.Build({y, Gradient(b, {y}, {head}, {x})[0]});
  EXPECT_TRUE(graph.ok()) << graph.status();
  const ValueIndex index(*graph);
  const auto types = InferTypes(*graph, index, {});
  EXPECT_TRUE(types.ok()) << types.status();
  NDArray data = *NDArray::Zeros({1, 1, size}, DType::kFloat32);
  std::copy(values.begin(), values.end(), data.values<float>().begin());
  NDArray heads =
      *NDArray::Zeros(types->shapes[index[graph->outputs[0]]], DType::kFloat32);
  float next = 1;
  for (float& h : heads.values<float>()) h = next++;
  auto executor = Executor::Bind(
      *graph, {.variables = {{"x", data}, {"head", heads}}, .training = true});
  EXPECT_TRUE(executor.ok()) << executor.status();
  EXPECT_TRUE(executor->Run().ok());
  std::vector<std::vector<float>> results;
  for (size_t i : {0, 1}) {
    const auto span = executor->Output(i).values<float>();
    results.emplace_back(span.begin(), span.end());
  }
  return results;
}

TEST(PoolingTest, TheFirstMaximumTakesTheGradient) {
  // By taps, and line by line.
  EXPECT_THAT(PoolLine({.kernel = {2}}, {3, 3, 3, 1})[1],
              ElementsAre(1, 2, 3, 0));
  EXPECT_THAT(PoolLine({.global_pool = true}, {1, 3, 3, 2})[1],
              ElementsAre(0, 1, 0, 0));
}

TEST(PoolingTest, InfinityAndNanAreNumbersAsOthersAre) {
  const auto infinite =
      PoolLine({.kernel = {2}, .stride = {2}}, {-kInf, -kInf, 1, kInf});
  EXPECT_THAT(infinite[0], ElementsAre(-kInf, kInf));
  EXPECT_THAT(infinite[1], ElementsAre(1, 0, 0, 2));
  const auto is_nan = testing::NanSensitiveFloatEq(kNan);
  const auto nan = PoolLine({.kernel = {2}}, {1, kNan, 5, kNan});
  EXPECT_THAT(nan[0], ElementsAre(is_nan, is_nan, is_nan));
  EXPECT_THAT(nan[1], ElementsAre(0, 3, 0, 3));
  const auto global = PoolLine({.global_pool = true}, {1, kNan, 5, kNan});
  EXPECT_THAT(global[0], ElementsAre(is_nan));
  EXPECT_THAT(global[1], ElementsAre(0, 1, 0, 0));
}

TEST(PoolingTest, WindowsOfNoElement) {
  PoolingAttrs attrs = {.kernel = {1},
                        .pooling_convention = PoolingConvention::kFull,
                        .stride = {3}};
  const auto max = PoolLine(attrs, {-1, -2, -3});
  EXPECT_THAT(max[0], ElementsAre(-1, -kInf));
  EXPECT_THAT(max[1], ElementsAre(1, 0, 0));
  for (PoolType type : {PoolType::kSum, PoolType::kAvg, PoolType::kLp}) {
    attrs.pool_type = type;
    attrs.p_value = 1;
    const auto sum = PoolLine(attrs, {-1, -2, -3});
    EXPECT_THAT(sum[0], ElementsAre(-1, 0));
    EXPECT_THAT(sum[1], ElementsAre(1, 0, 0));
  }
}

TEST(PoolingTest, NormsOfZerosHaveNoGradient) {
  for (int64_t p : {2, 3}) {
    const auto lp = PoolLine({.kernel = {2},
                              .pool_type = PoolType::kLp,
                              .stride = {2},
                              .p_value = p},
                             {0, 0, 2, 0});
    EXPECT_THAT(lp[0], ElementsAre(0, 2));
    EXPECT_THAT(lp[1], ElementsAre(0, 0, 2, 0));
  }
}

TEST(PoolingTest, EveryInstructionSetHasTheSameBits) {
  for (PoolType type : {PoolType::kMax, PoolType::kAvg, PoolType::kLp}) {
    for (PoolingAttrs attrs :
         {PoolingAttrs{.kernel = {3}, .pad = {1}},
          PoolingAttrs{.kernel = {3}, .stride = {2}, .pad = {1}},
          PoolingAttrs{.kernel = {2}, .stride = {3}, .pad = {1}},
          PoolingAttrs{.global_pool = true}}) {
      attrs.pool_type = type;
      attrs.p_value = 2;
      for (int i = 1; i <= 70; ++i) {
        std::vector<float> values;
        for (int k = 0; k < i; ++k) {
          values.push_back(static_cast<float>(k * 37 % 29) / 7 - 2);
        }
        const auto run = [&](Isa isa) {
          const ScopedIsa scoped(isa);
          return PoolLine(attrs, values);
        };
        const auto baseline = run(Isa::kBaseline);
        for (Isa isa : SupportedIsas()) {
          ASSERT_EQ(run(isa), baseline)
              << "length " << i << ", instruction set "
              << static_cast<int>(isa);
        }
      }
    }
  }
}

// The shape of the result, or the error of inference.
std::string Pooled(const PoolingAttrs& attrs, const Shape& data) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x", {.shape = data, .dtype = DType::kFloat32});
  const auto graph = b.Build({op::Pooling(x, attrs, {.name = "pool"})});
  if (!graph.ok()) return std::string(graph.status().message());
  const ValueIndex index(*graph);
  const auto types = InferTypes(*graph, index, {});
  if (!types.ok()) return std::string(types.status().message());
  return types->shapes[index[graph->outputs[0]]].ToString();
}

TEST(PoolingTest, ReadsAttributesAsMxnetSpellsThem) {
  const auto attrs =
      FromNamedAttrs<PoolingAttrs>({{{"kernel", "(3, 2)"},
                                     {"pool_type", "lp"},
                                     {"global_pool", "False"},
                                     {"cudnn_off", "1"},
                                     {"pooling_convention", "full"},
                                     {"stride", "[2,2]"},
                                     {"pad", "(1, 0)"},
                                     {"p_value", "2"},
                                     {"count_include_pad", "None"},
                                     {"layout", "NHWC"}}});
  ASSERT_TRUE(attrs.ok()) << attrs.status();
  EXPECT_THAT(attrs->kernel, ElementsAre(3, 2));
  EXPECT_EQ(attrs->pool_type, PoolType::kLp);
  EXPECT_TRUE(attrs->cudnn_off);
  EXPECT_EQ(attrs->pooling_convention, PoolingConvention::kFull);
  EXPECT_THAT(attrs->stride, ElementsAre(2, 2));
  EXPECT_THAT(attrs->pad, ElementsAre(1, 0));
  EXPECT_EQ(attrs->p_value, 2);
  EXPECT_EQ(attrs->count_include_pad, std::nullopt);
  EXPECT_EQ(attrs->layout, Layout::kNhwc);
  EXPECT_EQ(Pooled(*attrs, {1, 8, 7, 5}), "(1,5,4,5)");
}

TEST(PoolingTest, InfersWhatIsKnown) {
  constexpr int64_t kUnknown = Shape::kUnknown;
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x", {.shape = Shape{kUnknown, kUnknown, 8}});
  const Symbol y = op::Pooling(x, {.kernel = {2}, .stride = {2}});
  // Examples and channels follow from what the result is added to.
  const Symbol z = b.Variable("z", {.shape = Shape{5, 3, 4}});
  const auto graph = b.Build({x, b.Add("elemwise_add", {y, z})});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const ValueIndex index(*graph);
  const auto types = InferTypes(*graph, index, {});
  ASSERT_TRUE(types.ok()) << types.status();
  EXPECT_EQ(types->shapes[index[graph->outputs[0]]].ToString(), "(5,3,8)");
}

TEST(PoolingTest, RefusesAttributesThatMakeNoSense) {
  const Shape image = {1, 2, 4, 5};
  EXPECT_THAT(Pooled({}, image),
              HasSubstr("node 'pool' (Pooling): attribute 'kernel': expected "
                        "one to three numbers, found 0"));
  EXPECT_THAT(Pooled({.kernel = {1, 1, 1, 1}}, image),
              HasSubstr("expected one to three numbers, found 4"));
  EXPECT_THAT(Pooled({.kernel = {0, 2}}, image),
              HasSubstr("attribute 'kernel': expected 1 to 2147483647, found "
                        "0"));
  EXPECT_THAT(Pooled({.kernel = {2, 2}, .stride = {1, 0}}, image),
              HasSubstr("attribute 'stride': expected 1 to 2147483647, found "
                        "0"));
  EXPECT_THAT(Pooled({.kernel = {2, 2}, .pad = {-1, 0}}, image),
              HasSubstr("attribute 'pad': expected 0 to 2147483647, found -1"));
  EXPECT_THAT(Pooled({.kernel = {2, 2}, .stride = {1}}, image),
              HasSubstr("attribute 'stride': expected 2 numbers, as kernel "
                        "has, found 1"));
  EXPECT_THAT(Pooled({.kernel = {2, 2}, .pad = {0, 0, 0}}, image),
              HasSubstr("attribute 'pad': expected 2 numbers, as kernel has, "
                        "found 3"));
  EXPECT_THAT(Pooled({.kernel = {2, 3}, .pad = {1, 3}}, image),
              HasSubstr("attribute 'pad': expected less than the kernel's 3, "
                        "found 3"));
  EXPECT_THAT(Pooled({.kernel = {2, 2}, .pool_type = PoolType::kLp}, image),
              HasSubstr("attribute 'p_value': expected 1, 2 or 3 for pool_type "
                        "'lp', found None"));
  EXPECT_THAT(
      Pooled({.kernel = {2, 2}, .pool_type = PoolType::kLp, .p_value = 4},
             image),
      HasSubstr("attribute 'p_value': expected 1, 2 or 3, found 4"));
}

TEST(PoolingTest, RefusesDataThatDoesNotFit) {
  EXPECT_THAT(Pooled({.kernel = {7, 2}, .pad = {1, 0}}, {1, 2, 4, 5}),
              HasSubstr("attribute 'kernel': expected at most 6, the size of "
                        "axis 2 with its padding, found 7"));
  EXPECT_THAT(Pooled({.kernel = {2, 5}, .layout = Layout::kNhwc}, {1, 4, 4, 9}),
              HasSubstr("expected at most 4, the size of axis 2 with its "
                        "padding, found 5"));
  EXPECT_THAT(Pooled({.kernel = {2}}, {1, 2, 4, 5}),
              HasSubstr("argument 'data': expected 3 axes, for a kernel of 1 "
                        "numbers, found (1,2,4,5)"));
  EXPECT_THAT(Pooled({.global_pool = true}, {2, 4}),
              HasSubstr("expected three to five axes, found (2,4)"));
  EXPECT_THAT(Pooled({.global_pool = true}, {1, 1, 1, 1, 1, 1}),
              HasSubstr("expected three to five axes"));
  EXPECT_THAT(
      Pooled({.global_pool = true, .layout = Layout::kNcw}, {1, 2, 4, 5}),
      HasSubstr("expected 3 axes, for the layout NCW, found "
                "(1,2,4,5)"));
  PoolingAttrs same = {.kernel = {2, 2},
                       .pooling_convention = PoolingConvention::kSame};
  EXPECT_THAT(Pooled(same, {1, 2, 4, 5}),
              HasSubstr("expected three axes, for pooling_convention 'same', "
                        "found (1,2,4,5)"));
  same.kernel = {2};
  same.pad = {1};
  EXPECT_THAT(Pooled(same, {1, 2, 4}),
              HasSubstr("attribute 'pad': expected 0 with pooling_convention "
                        "'same', found 1"));
}

}  // namespace
}  // namespace minnow
