#include <cmath>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/gradient.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/max.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/softmax_cross_entropy.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GradientTest : public ::testing::Test {
 protected:
  Symbol Variable(absl::string_view name) {
    return b_.Variable(name, {.shape = {3}, .dtype = DType::kFloat64});
  }

  // The values of `outputs` where x is {0.5, -1, 2} and y is x + 1.
  std::vector<std::vector<double>> Run(absl::Span<const Symbol> outputs) {
    absl::StatusOr<Graph> graph = b_.Build(outputs);
    EXPECT_TRUE(graph.ok()) << graph.status();
    if (!graph.ok()) return {};
    BindOptions options;
    double offset = 0;
    for (const char* name : {"x", "y"}) {
      if (graph->Find(name) >= 0) {
        options.variables[name] = *NDArray::FromValues<double>(
            {3}, {0.5 + offset, -1 + offset, 2 + offset});
      }
      offset = 1;
    }
    absl::StatusOr<Executor> executor = Executor::Bind(*graph, options);
    EXPECT_TRUE(executor.ok()) << executor.status();
    if (!executor.ok()) return {};
    EXPECT_TRUE(executor->Run().ok());
    std::vector<std::vector<double>> results;
    for (size_t i = 0; i < executor->num_outputs(); ++i) {
      const auto values = executor->Output(i).values<double>();
      results.emplace_back(values.begin(), values.end());
    }
    return results;
  }

  std::string Error() { return std::string(b_.status().message()); }

  GraphBuilder b_{BuiltinOps()};
};

TEST_F(GradientTest, OmittedHeadGradientsAreOnes) {
  Symbol x = Variable("x");
  const auto grads = Gradient(b_, {b_.Add("square", {x})}, {}, {x});
  EXPECT_THAT(Run(grads), ElementsAre(ElementsAre(1, -2, 4)));
}

TEST_F(GradientTest, EachHeadHasItsOwnGradient) {
  Symbol x = Variable("x"), y = Variable("y");
  Symbol square = b_.Add("square", {x}),
         product = b_.Add("elemwise_mul", {x, y});
  const auto grads = Gradient(b_, {square, product}, {y, Symbol{}}, {x, y});
  // 2xy + y, and x.
  EXPECT_THAT(Run(grads),
              ElementsAre(ElementsAre(3, 0, 15), ElementsAre(0.5, -1, 2)));
}

TEST_F(GradientTest, SumsSeveralUsesInTheOrderOfTheirNodes) {
  Symbol x = Variable("x");
  Symbol a = b_.Add("square", {x}), c = b_.Add("negative", {x}),
         d = b_.Add("exp", {x});
  Symbol y = b_.Add("elemwise_add", {b_.Add("elemwise_add", {d, c}), a});
  const auto grads = Gradient(b_, {y}, {}, {x});
  const Node& sum = b_.node(grads[0].at.node);
  EXPECT_EQ(sum.op->name, "add_n");
  ASSERT_EQ(sum.inputs.size(), 3u);
  // What the later node gives back was added to the graph first.
  EXPECT_GT(sum.inputs[0].node, sum.inputs[1].node);
  EXPECT_GT(sum.inputs[1].node, sum.inputs[2].node);
  const auto values = Run(grads);
  ASSERT_EQ(values.size(), 1u);
  EXPECT_DOUBLE_EQ(values[0][2], 4 - 1 + std::exp(2.0));
}

TEST_F(GradientTest, WhatIsNotReachedGetsZeros) {
  Symbol x = Variable("x"), y = Variable("y");
  const auto grads = Gradient(b_, {b_.Add("square", {x})}, {}, {y, x, x});
  EXPECT_THAT(Run(grads),
              ElementsAre(ElementsAre(0, 0, 0), ElementsAre(1, -2, 4),
                          ElementsAre(1, -2, 4)));
}

TEST_F(GradientTest, TheGradientOfAHeadByItselfIsItsHeadGradient) {
  Symbol x = Variable("x");
  EXPECT_THAT(Run(Gradient(b_, {x}, {}, {x})),
              ElementsAre(ElementsAre(1, 1, 1)));
}

TEST_F(GradientTest, InnerValuesHaveGradientsToo) {
  Symbol x = Variable("x");
  Symbol inner = b_.Add("negative", {x}), y = b_.Add("square", {inner});
  EXPECT_THAT(Run(Gradient(b_, {y}, {}, {inner, x})),
              ElementsAre(ElementsAre(-1, 2, -4), ElementsAre(1, -2, 4)));
}

TEST_F(GradientTest, NamesAnOperatorWithoutAGradient) {
  Symbol x = Variable("x"), g = Variable("y");
  const NamedAttr lr = {"lr", 1.0};
  Symbol next = b_.AddParsed("sgd_update", {x, g}, {lr}, {.name = "step"});
  const auto grads = Gradient(b_, {next}, {}, {x, g});
  ASSERT_EQ(grads.size(), 2u);
  EXPECT_TRUE(grads[0].failed());
  EXPECT_EQ(Error(), "node 'step' (sgd_update): the operator has no gradient");
}

TEST_F(GradientTest, AnOperatorWithoutAGradientIsNoErrorWhereNothingFlows) {
  Symbol x = Variable("x"), g = Variable("y");
  const NamedAttr lr = {"lr", 0.0};
  Symbol next = b_.AddParsed("sgd_update", {g, g}, {lr});
  Symbol product = b_.Add("elemwise_mul", {x, next});
  EXPECT_THAT(Run(Gradient(b_, {product}, {}, {x})),
              ElementsAre(ElementsAre(1.5, 0, 3)));
}

TEST_F(GradientTest, SecondDerivativesMatchDifferencesOfFirstOnes) {
  Symbol x = Variable("x");
  // f = tanh(x) * exp(x) + log(x^2 + 2)
  Symbol f = b_.Add(
      "elemwise_add",
      {b_.Add("elemwise_mul", {b_.Add("tanh", {x}), b_.Add("exp", {x})}),
       b_.Add("log", {b_.AddParsed("_plus_scalar", {b_.Add("square", {x})},
                                   {NamedAttr{"scalar", 2.0}})})});
  const Symbol first = Gradient(b_, {f}, {}, {x})[0];
  const Symbol second = Gradient(b_, {first}, {}, {x})[0];
  ASSERT_TRUE(b_.status().ok()) << b_.status();
  const auto values = Run({first, second});
  const auto derivative = [](double v) {
    const double t = std::tanh(v);
    return (1 - t * t) * std::exp(v) + t * std::exp(v) + 2 * v / (v * v + 2);
  };
  ASSERT_EQ(values.size(), 2u);
  constexpr double kStep = 1e-5;
  const double at[] = {0.5, -1, 2};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(values[0][i], derivative(at[i]), 1e-12);
    const double expected =
        (derivative(at[i] + kStep) - derivative(at[i] - kStep)) / (2 * kStep);
    EXPECT_NEAR(values[1][i], expected, 1e-8);
  }
}

TEST_F(GradientTest, RefusesMoreHeadGradientsThanHeads) {
  Symbol x = Variable("x");
  EXPECT_EQ(Gradient(b_, {x}, {x, x}, {x, x, x}).size(), 3u);
  EXPECT_EQ(Error(), "gradient: expected 1 head gradients, found 2");
}

TEST_F(GradientTest, RefusesAnOmittedSymbol) {
  Symbol x = Variable("x");
  Gradient(b_, {x}, {}, {x, Symbol{}});
  EXPECT_EQ(Error(), "gradient: wrt 1 is omitted");
}

TEST_F(GradientTest, RefusesAHeadOfAnotherBuilder) {
  GraphBuilder other(BuiltinOps());
  Gradient(b_, {other.Variable("x")}, {}, {Variable("x")});
  EXPECT_THAT(Error(), HasSubstr("gradient: head 0 is of another builder"));
}

TEST_F(GradientTest, LabelsOfCrossEntropyHaveNone) {
  const Symbol x = b_.Variable("x", {.shape = {2, 3}});
  const Symbol label = b_.Variable("label", {.shape = {2}});
  const Symbol loss = op::SoftmaxCrossEntropy(x, label);
  Gradient(b_, {loss}, {}, {x});
  EXPECT_EQ(Error(), "");
  Gradient(b_, {loss}, {}, {label});
  EXPECT_THAT(Error(), HasSubstr("argument 'label': expected classes, which "
                                 "have no gradient"));
}

// As in MXNet: each element that is as large as the largest one gets the whole
// head.
TEST_F(GradientTest, ExtremesPassTheHeadOnToEachOfTheirPlaces) {
  const Shape shape = {40, 30, 20};
  NDArray x = *NDArray::Zeros(shape, DType::kFloat64);
  NDArray head = *NDArray::Zeros({40, 20}, DType::kFloat64);
  std::mt19937 random(3);
  // Few values, so that there are ties; no fractions, so that sums are exact.
  for (double& v : x.values<double>()) v = static_cast<double>(random() % 50);
  for (double& v : head.values<double>()) {
    v = static_cast<double>(random() % 100) - 50;
  }
  const ReduceAttrs axis = {.axis = {{1}}};
  const ReduceAttrs kept = {.axis = {{1}}, .keepdims = true};
  for (const auto& reduce : {op::Max, op::Min}) {
    GraphBuilder b(BuiltinOps());
    const Symbol data = b.Variable("x", {.dtype = DType::kFloat64});
    const Symbol heads = b.Variable("head", {.dtype = DType::kFloat64});
    const Symbol grad =
        Gradient(b, {reduce(data, axis, {})}, {heads}, {data})[0];
    const Symbol is_extreme =
        b.Add("broadcast_equal", {data, reduce(data, kept, {})});
    const auto graph =
        b.Build({op::Sum(grad, axis),
                 b.Add("elemwise_mul", {heads, op::Sum(is_extreme, axis)})});
    ASSERT_TRUE(graph.ok()) << graph.status();
    auto executor =
        Executor::Bind(*graph, {.variables = {{"x", x}, {"head", head}}});
    ASSERT_TRUE(executor.ok()) << executor.status();
    ASSERT_TRUE(executor->Run().ok());
    EXPECT_EQ(executor->Output(0).values<double>(),
              executor->Output(1).values<double>());
  }
}

}  // namespace
}  // namespace minnow
