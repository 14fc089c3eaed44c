// Operators that normalize: that the gradient of their first output is what
// differences say, and what they refuse. The rows of op_cases_norm.cc do the
// rest; there all outputs have heads, of which these operators ignore some.
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/gradient.h"
#include "minnow/graph/infer.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/instance_norm.h"
#include "minnow/ops/l2_normalization.h"
#include "minnow/ops/layer_norm.h"
#include "minnow/ops/lrn.h"
#include "minnow/tests/central_difference.h"

namespace minnow {
namespace {

using testing::HasSubstr;

// An operator on data, and maybe gamma and beta.
using Compose = std::function<Symbol(const std::vector<Symbol>& inputs)>;

std::vector<Symbol> Variables(GraphBuilder& b,
                              const std::vector<Shape>& shapes) {
  std::vector<Symbol> inputs;
  for (const Shape& shape : shapes) {
    inputs.push_back(b.Variable(absl::StrCat("x", inputs.size()),
                                {.shape = shape, .dtype = DType::kFloat64}));
  }
  return inputs;
}

NDArray RandomArray(const Shape& shape, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(-2, 2);
  NDArray array = *NDArray::Zeros(shape, DType::kFloat64);
  for (double& x : array.values<double>()) x = uniform(random);
  return array;
}

// Compares the gradients of all inputs with central differences.
void CheckGradient(const std::vector<Shape>& shapes, const Compose& compose) {
  GraphBuilder b(BuiltinOps());
  const std::vector<Symbol> inputs = Variables(b, shapes);
  const Symbol y = compose(inputs);
  const Symbol head =
      b.Variable("head", {.shape = shapes[0], .dtype = DType::kFloat64});
  std::vector<Symbol> roots = {y * head};
  for (Symbol g : Gradient(b, {y}, {head}, inputs)) roots.push_back(g);
  const auto graph = b.Build(roots);
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::mt19937_64 random(7);
  BindOptions options = {.training = true};
  std::vector<NDArray> arrays;
  for (size_t i = 0; i < shapes.size(); ++i) {
    arrays.push_back(RandomArray(shapes[i], random));
    options.variables[absl::StrCat("x", i)] = arrays.back();
  }
  options.variables["head"] = RandomArray(shapes[0], random);
  auto executor = Executor::Bind(*graph, std::move(options));
  ASSERT_TRUE(executor.ok()) << executor.status();
  const auto loss = [&] {
    EXPECT_TRUE(executor->Run().ok());
    double sum = 0;
    for (double x : executor->Output(0).values<double>()) sum += x;
    return sum;
  };
  for (size_t i = 0; i < shapes.size(); ++i) {
    loss();
    const auto span = executor->Output(i + 1).values<double>();
    const std::vector<double> found(span.begin(), span.end());
    for (size_t j = 0; j < found.size(); ++j) {
      const double want =
          CentralDifference(arrays[i].values<double>()[j], 1e-5, loss);
      EXPECT_NEAR(found[j], want, 1e-7 * (1 + std::fabs(want)))
          << "input " << i << ", element " << j;
    }
  }
}

// The error of inference.
std::string ErrorOf(const std::vector<Shape>& shapes, const Compose& compose) {
  GraphBuilder b(BuiltinOps());
  const auto graph = b.Build({compose(Variables(b, shapes))});
  if (!graph.ok()) return std::string(graph.status().message());
  const ValueIndex index(*graph);
  return std::string(InferTypes(*graph, index, {}).status().message());
}

Compose LayerNormOf(LayerNormAttrs attrs) {
  return [attrs](const std::vector<Symbol>& in) {
    return op::LayerNorm(in[0], in[1], in[2], attrs, {.name = "norm"});
  };
}

Compose InstanceNormOf(InstanceNormAttrs attrs) {
  return [attrs](const std::vector<Symbol>& in) {
    return op::InstanceNorm(in[0], in[1], in[2], attrs, {.name = "norm"});
  };
}

TEST(NormTest, LayerNormHasItsGradient) {
  CheckGradient({{3, 5}, {5}, {5}}, LayerNormOf({}));
  CheckGradient({{2, 4, 3}, {4}, {4}}, LayerNormOf({.axis = 1}));
  CheckGradient({{40, 2}, {40}, {40}}, LayerNormOf({.axis = -2, .eps = 0.5f}));
}

TEST(NormTest, LayerNormRefusesWhatDoesNotFit) {
  EXPECT_THAT(ErrorOf({{3, 5}, {5}, {5}}, LayerNormOf({.axis = 2})),
              HasSubstr("node 'norm' (LayerNorm): attribute 'axis': expected"));
  EXPECT_THAT(ErrorOf({{3, 5}, {3}, {5}}, LayerNormOf({})),
              HasSubstr("argument 'gamma': expected shape (5,), found (3,)"));
  EXPECT_THAT(ErrorOf({{3, 5}, {5}, {1, 5}}, LayerNormOf({})),
              HasSubstr("argument 'beta': expected shape (5,), found (1,5)"));
}

// The shape of data, known in part, after inference.
std::string DataShape(const std::vector<Shape>& shapes,
                      const Compose& compose) {
  GraphBuilder b(BuiltinOps());
  const std::vector<Symbol> inputs = Variables(b, shapes);
  const auto graph = b.Build({compose(inputs), inputs[0]});
  if (!graph.ok()) return std::string(graph.status().message());
  const ValueIndex index(*graph);
  const auto types = InferTypes(*graph, index, {});
  if (!types.ok()) return std::string(types.status().message());
  return types->shapes[index[graph->outputs[1]]].ToString();
}

TEST(NormTest, ChannelsFollowFromTheirParameters) {
  constexpr int64_t kUnknown = Shape::kUnknown;
  EXPECT_EQ(DataShape({{3, kUnknown}, {}, {5}}, LayerNormOf({})), "(3,5)");
  EXPECT_EQ(DataShape({{2, kUnknown, 7}, {5}, {}}, InstanceNormOf({})),
            "(2,5,7)");
  EXPECT_THAT(DataShape({{3, kUnknown}, {4}, {5}}, LayerNormOf({})),
              HasSubstr("argument 'beta': expected shape (4,), found (5,)"));
}

Compose L2Of(L2NormalizationAttrs attrs) {
  return [attrs](const std::vector<Symbol>& in) {
    return op::L2Normalization(in[0], attrs, {.name = "norm"});
  };
}

TEST(NormTest, L2NormalizationHasItsGradient) {
  CheckGradient({{3, 5}}, L2Of({}));
  CheckGradient({{2, 4, 3}}, L2Of({.mode = L2Mode::kChannel}));
  CheckGradient({{2, 3, 40}}, L2Of({.eps = 0.5f, .mode = L2Mode::kSpatial}));
}

TEST(NormTest, L2NormalizationRefusesTooFewAxes) {
  EXPECT_THAT(ErrorOf({Shape::Scalar()}, L2Of({})),
              HasSubstr("node 'norm' (L2Normalization): argument 'data': "
                        "expected one axis or more, found ()"));
  for (L2Mode mode : {L2Mode::kChannel, L2Mode::kSpatial}) {
    EXPECT_THAT(ErrorOf({{3, 5}}, L2Of({.mode = mode})),
                HasSubstr("expected three axes or more, found (3,5)"));
  }
}

TEST(NormTest, InstanceNormHasItsGradient) {
  CheckGradient({{2, 3, 5}, {3}, {3}}, InstanceNormOf({}));
  CheckGradient({{3, 2, 8, 5}, {2}, {2}}, InstanceNormOf({.eps = 0.5f}));
}

TEST(NormTest, InstanceNormRefusesWhatDoesNotFit) {
  EXPECT_THAT(ErrorOf({{3, 5}, {5}, {5}}, InstanceNormOf({})),
              HasSubstr("node 'norm' (InstanceNorm): argument 'data': expected "
                        "three axes or more, found (3,5)"));
  EXPECT_THAT(ErrorOf({{3, 5, 2}, {3}, {5}}, InstanceNormOf({})),
              HasSubstr("argument 'gamma': expected shape (5,), found (3,)"));
  EXPECT_THAT(ErrorOf({{3, 5, 2}, {5}, {1}}, InstanceNormOf({})),
              HasSubstr("argument 'beta': expected shape (5,), found (1,)"));
}

Compose LrnOf(LrnAttrs attrs) {
  return [attrs](const std::vector<Symbol>& in) {
    return op::LRN(in[0], attrs, {.name = "norm"});
  };
}

TEST(NormTest, LrnHasItsGradient) {
  CheckGradient({{2, 5, 2, 3}}, LrnOf({.nsize = 3, .alpha = 0.5f}));
  CheckGradient({{1, 6, 1, 50}},
                LrnOf({.nsize = 5, .alpha = 1, .beta = 0.6f, .knorm = 1}));
}

TEST(NormTest, LrnRefusesEvenWindowsAndOtherRanks) {
  for (int64_t nsize : {4, 0, -3}) {
    EXPECT_THAT(ErrorOf({{2, 5, 2, 3}}, LrnOf({.nsize = nsize})),
                HasSubstr(absl::StrCat("node 'norm' (LRN): attribute 'nsize': "
                                       "expected a positive odd number, found ",
                                       nsize)));
  }
  EXPECT_THAT(ErrorOf({{2, 5, 3}}, LrnOf({.nsize = 3})),
              HasSubstr("argument 'data': expected four axes, found (2,5,3)"));
}

}  // namespace
}  // namespace minnow
