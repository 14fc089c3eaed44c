// BatchNorm in graphs: gradients by differences, what becomes of the moving
// statistics, their types and start values, files. The rows of
// op_cases_batch_norm.cc say what the kernels compute.
#include "minnow/ops/batch_norm.h"

#include <algorithm>
#include <cmath>
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
#include "minnow/interop/mxnet_json.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/tests/central_difference.h"

namespace minnow {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

NDArray RandomArray(const Shape& shape, uint64_t seed, double low = -2,
                    double high = 2) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  NDArray array = *NDArray::Zeros(shape, DType::kFloat64);
  for (double& x : array.values<double>()) x = uniform(random);
  return array;
}

std::vector<double> ValuesOf(const NDArray& array) {
  const auto values = array.values<double>();
  return {values.begin(), values.end()};
}

// A node "norm" on random data (float64), in a graph of its own.
class Norm {
 public:
  Norm(const Shape& data, size_t axis, const BatchNormAttrs& attrs)
      : builder(BuiltinOps()) {
    const Shape channels = {data[axis]};
    x = Add("x", RandomArray(data, 1));
    gamma = Add("gamma", RandomArray(channels, 2));
    beta = Add("beta", RandomArray(channels, 3));
    head = Add("head", RandomArray(data, 4));
    y = op::BatchNorm(x, gamma, beta, {}, {}, attrs, {.name = "norm"});
    arrays["norm_moving_mean"] = RandomArray(channels, 5);
    arrays["norm_moving_var"] = RandomArray(channels, 6, 0.5, 2);
  }

  Symbol Add(const std::string& name, const NDArray& array) {
    arrays[name] = array;
    return builder.Variable(name,
                            {.shape = array.shape(), .dtype = array.dtype()});
  }

  std::vector<Symbol> Gradients() {
    return Gradient(builder, {y}, {head}, {x, gamma, beta});
  }

  absl::StatusOr<Executor> Bind(const std::vector<Symbol>& outputs,
                                bool training) {
    MINNOW_ASSIGN_OR_RETURN(const Graph graph, builder.Build(outputs));
    BindOptions options = {.training = training};
    for (const auto& [name, array] : arrays) {
      if (graph.Find(name) >= 0) options.variables[name] = array;
    }
    return Executor::Bind(graph, std::move(options));
  }

  std::vector<double> Mean() { return ValuesOf(arrays["norm_moving_mean"]); }
  std::vector<double> Variance() { return ValuesOf(arrays["norm_moving_var"]); }

  GraphBuilder builder;
  Symbol x, gamma, beta, head, y;
  absl::flat_hash_map<std::string, NDArray> arrays;
};

// Compares the gradients with central differences.
void CheckGradient(const Shape& data, size_t axis, const BatchNormAttrs& attrs,
                   bool training) {
  Norm norm(data, axis, attrs);
  std::vector<Symbol> outputs = {norm.y * norm.head};
  for (Symbol g : norm.Gradients()) outputs.push_back(g);
  auto executor = norm.Bind(outputs, training);
  ASSERT_TRUE(executor.ok()) << executor.status();
  const std::vector<double> mean = norm.Mean(), variance = norm.Variance();
  const auto loss = [&] {
    // As if it were the first run.
    std::copy(mean.begin(), mean.end(),
              norm.arrays["norm_moving_mean"].values<double>().begin());
    std::copy(variance.begin(), variance.end(),
              norm.arrays["norm_moving_var"].values<double>().begin());
    EXPECT_TRUE(executor->Run().ok());
    double sum = 0;
    for (double x : executor->Output(0).values<double>()) sum += x;
    return sum;
  };
  size_t output = 1;
  for (const char* name : {"x", "gamma", "beta"}) {
    loss();
    const std::vector<double> found = ValuesOf(executor->Output(output++));
    for (size_t j = 0; j < found.size(); ++j) {
      const double want =
          CentralDifference(norm.arrays[name].values<double>()[j], 1e-5, loss);
      EXPECT_NEAR(found[j], want, 1e-7 * (1 + std::fabs(want)))
          << name << ", element " << j;
    }
  }
}

TEST(BatchNormTest, HasItsGradient) {
  for (const bool training : {false, true}) {
    SCOPED_TRACE(training);
    CheckGradient({4, 3}, 1, {.fix_gamma = false}, training);
    CheckGradient({3, 2, 4, 2}, 1, {.eps = 0.5, .fix_gamma = false}, training);
    CheckGradient({2, 2, 70}, 1, {}, training);
    CheckGradient({2, 3, 5}, 2, {.fix_gamma = false, .axis = -1}, training);
    CheckGradient({3, 4}, 0,
                  {.fix_gamma = false, .use_global_stats = true, .axis = 0},
                  training);
  }
}

// The mean and the variance of each channel of (n, c).
std::vector<std::vector<double>> MomentsOf(const NDArray& x) {
  const int64_t n = x.shape()[0], channels = x.shape()[1];
  std::vector<std::vector<double>> moments(2);
  for (int64_t c = 0; c < channels; ++c) {
    double mean = 0, variance = 0;
    const auto at = [&](int64_t i) {
      return x.values<double>()[i * channels + c];
    };
    for (int64_t i = 0; i < n; ++i) mean += at(i) / n;
    for (int64_t i = 0; i < n; ++i) variance += std::pow(at(i) - mean, 2) / n;
    moments[0].push_back(mean);
    moments[1].push_back(variance);
  }
  return moments;
}

// old * momentum + batch * (1 - momentum), for each channel.
std::vector<testing::Matcher<double>> Moved(const std::vector<double>& old,
                                            const std::vector<double>& batch,
                                            double momentum) {
  std::vector<testing::Matcher<double>> moved;
  for (size_t c = 0; c < old.size(); ++c) {
    moved.push_back(testing::DoubleNear(
        old[c] * momentum + batch[c] * (1 - momentum), 1e-12));
  }
  return moved;
}

TEST(BatchNormTest, GradientsInTrainingMoveTheStatistics) {
  Norm norm({5, 3}, 1, {.momentum = 0.75f});
  const auto old_mean = norm.Mean(), old_variance = norm.Variance();
  const auto moments = MomentsOf(norm.arrays["x"]);
  auto executor = norm.Bind(norm.Gradients(), /*training=*/true);
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok());
  EXPECT_THAT(norm.Mean(),
              testing::ElementsAreArray(Moved(old_mean, moments[0], 0.75)));
  EXPECT_THAT(norm.Variance(),
              testing::ElementsAreArray(Moved(old_variance, moments[1], 0.75)));
}

TEST(BatchNormTest, NothingElseMovesTheStatistics) {
  const auto check = [](const BatchNormAttrs& attrs, bool gradients,
                        bool training) {
    Norm norm({5, 3}, 1, attrs);
    const auto old_mean = norm.Mean(), old_variance = norm.Variance();
    auto executor =
        norm.Bind(gradients ? norm.Gradients() : std::vector{norm.y}, training);
    ASSERT_TRUE(executor.ok()) << executor.status();
    ASSERT_TRUE(executor->Run().ok());
    EXPECT_EQ(norm.Mean(), old_mean);
    EXPECT_EQ(norm.Variance(), old_variance);
  };
  check({}, /*gradients=*/false, /*training=*/true);
  check({}, /*gradients=*/true, /*training=*/false);
  check({.use_global_stats = true}, /*gradients=*/true, /*training=*/true);
}

TEST(BatchNormTest, OnlyTheFirstGradientAddsAnUpdate) {
  Norm norm({5, 3}, 1, {});
  norm.Gradients();
  ASSERT_EQ(norm.builder.updates().size(), 2u);
  const int32_t node = norm.builder.updates()[0].value.node;
  norm.Gradients();
  ASSERT_EQ(norm.builder.updates().size(), 2u);
  EXPECT_EQ(norm.builder.updates()[0].value.node, node);

  // Nor one of a graph that was loaded with its updates.
  const auto graph = norm.builder.Build({norm.y});
  ASSERT_TRUE(graph.ok()) << graph.status();
  GraphBuilder b(BuiltinOps());
  const ImportedGraph imported = b.Import(*graph);
  Gradient(b, {imported["norm"]}, {}, {imported["x"]});
  ASSERT_EQ(b.updates().size(), 2u);
  EXPECT_EQ(b.updates()[0].value.node, imported["_update_BatchNorm0"].at.node);
}

// Two nodes on the same statistics: each moves them once, and the second
// gradient to be computed from what the first one has made.
TEST(BatchNormTest, NodesThatShareStatisticsMoveThemInTurn) {
  Norm norm({5, 2}, 1, {.momentum = 0.5f});
  const Symbol mean = norm.builder.Find("norm_moving_mean");
  const Symbol variance = norm.builder.Find("norm_moving_var");
  const Symbol x2 = norm.Add("x2", RandomArray({7, 2}, 9));
  const Symbol y2 = op::BatchNorm(x2, norm.gamma, norm.beta, mean, variance,
                                  {.momentum = 0.5f});
  const auto old_mean = norm.Mean(), old_variance = norm.Variance();
  const auto first = MomentsOf(norm.arrays["x"]);
  const auto second = MomentsOf(norm.arrays["x2"]);
  const auto grads =
      Gradient(norm.builder, {norm.y, y2}, {}, {norm.beta, norm.x});
  // A later gradient adds nothing, for neither of them.
  Gradient(norm.builder, {norm.y, y2}, {}, {norm.beta});
  auto executor = norm.Bind(grads, /*training=*/true);
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok());
  // Gradients go from the last node to the first.
  for (size_t c = 0; c < 2; ++c) {
    EXPECT_NEAR(norm.Mean()[c],
                (old_mean[c] / 2 + second[0][c] / 2) / 2 + first[0][c] / 2,
                1e-12);
    EXPECT_NEAR(norm.Variance()[c],
                (old_variance[c] / 2 + second[1][c] / 2) / 2 + first[1][c] / 2,
                1e-12);
  }
}

// Equal nodes become one, but not what they do to the statistics.
TEST(BatchNormTest, EqualNodesMoveTheStatisticsTwice) {
  Norm norm({5, 2}, 1, {.momentum = 0.5f});
  const Symbol same = op::BatchNorm(
      norm.x, norm.gamma, norm.beta, norm.builder.Find("norm_moving_mean"),
      norm.builder.Find("norm_moving_var"), {.momentum = 0.5f});
  const auto old_mean = norm.Mean();
  const auto moments = MomentsOf(norm.arrays["x"]);
  auto executor =
      norm.Bind(Gradient(norm.builder, {norm.y, same}, {}, {norm.x}),
                /*training=*/true);
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok());
  EXPECT_THAT(norm.Mean(),
              testing::ElementsAreArray(Moved(old_mean, moments[0], 0.25)));
}

TEST(BatchNormTest, ABatchWithoutExamplesLeavesTheStatistics) {
  Norm norm({0, 3}, 1, {});
  const auto old_mean = norm.Mean(), old_variance = norm.Variance();
  auto executor = norm.Bind(norm.Gradients(), /*training=*/true);
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok());
  EXPECT_EQ(norm.Mean(), old_mean);
  EXPECT_EQ(norm.Variance(), old_variance);
  EXPECT_THAT(ValuesOf(executor->Output(1)), Each(0));
}

// float32 sums of squares would lose a variance that is small next to the mean.
TEST(BatchNormTest, SmallVarianceNextToALargeMean) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x", {.shape = {4096, 2}});
  const Symbol y = op::BatchNorm(x, {}, {}, {}, {}, {.eps = 0});
  const auto graph = b.Build(b.Outputs(y, 3));
  ASSERT_TRUE(graph.ok()) << graph.status();
  NDArray data = *NDArray::Zeros({4096, 2}, DType::kFloat32);
  for (int64_t i = 0; i < 8192; ++i) {
    data.values<float>()[i] = 10000 + ((i / 2) % 2 == 0 ? 0.5f : -0.5f);
  }
  NDArray zeros = *NDArray::Zeros({2}, DType::kFloat32);
  auto executor =
      Executor::Bind(*graph, {.variables = {{"x", data},
                                            {"BatchNorm0_gamma", zeros},
                                            {"BatchNorm0_beta", zeros}},
                              .training = true});
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok());
  EXPECT_THAT(executor->Output(2).values<float>(),
              Each(testing::FloatNear(2, 1e-5f)));
}

// States ----------------------------------------------------------------------

TEST(BatchNormTest, MovingStatisticsStartWithZeroAndOne) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x", {.shape = {4, 2}});
  const Symbol given = b.Variable("given");
  const Symbol set = b.Variable("set", {.init = Initializer::Constant(3)});
  const Symbol y = op::BatchNorm(x, {}, {}, {}, {}, {}, {.name = "a"}) +
                   op::BatchNorm(x, {}, {}, {}, given, {}, {.name = "b"}) +
                   op::BatchNorm(x, {}, {}, {}, set, {}, {.name = "c"});
  const auto graph = b.Build({y});
  ASSERT_TRUE(graph.ok()) << graph.status();
  BindOptions options;
  options.variables["x"] = *NDArray::Zeros({4, 2}, DType::kFloat32);
  for (const char* node : {"a", "b", "c"}) {
    for (const char* input : {"gamma", "beta"}) {
      options.variables[absl::StrCat(node, "_", input)] =
          *NDArray::Zeros({2}, DType::kFloat32);
    }
  }
  auto executor = Executor::Bind(*graph, std::move(options));
  ASSERT_TRUE(executor.ok()) << executor.status();
  const auto start = [&](const char* name) {
    return executor->Variable(name)->values<float>();
  };
  EXPECT_THAT(start("a_moving_mean"), Each(0));
  EXPECT_THAT(start("a_moving_var"), Each(1));
  EXPECT_THAT(start("given"), Each(1));
  EXPECT_THAT(start("set"), Each(3));
}

// Files -----------------------------------------------------------------------

TEST(BatchNormTest, MxnetFilesKeepIt) {
  GraphBuilder b(BuiltinOps());
  const Symbol y = op::BatchNorm(
      b.Variable("x"), b.Variable("gamma"), b.Variable("beta"),
      b.Variable("mean", {.init = Initializer::Zero()}),
      b.Variable("var", {.init = Initializer::One()}),
      {.eps = 1e-5, .fix_gamma = false, .axis = -1}, {.name = "norm"});
  const auto graph = b.Build({y});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto json = SerializeMxnetJson(*graph);
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_THAT(*json, HasSubstr("\"op\": \"BatchNorm\""));
  const auto loaded = ParseMxnetJson(*json, BuiltinOps());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const int32_t id = loaded->Find("norm");
  ASSERT_GE(id, 0);
  const auto& attrs = loaded->nodes[id].attrs.As<BatchNormAttrs>();
  EXPECT_EQ(attrs.eps, 1e-5);
  EXPECT_EQ(attrs.axis, -1);
  EXPECT_FALSE(attrs.fix_gamma);
  const auto states = loaded->FindStates();
  EXPECT_EQ(states[loaded->Find("mean")], 0);
  EXPECT_EQ(states[loaded->Find("var")], 1);
  EXPECT_EQ(states[loaded->Find("gamma")], std::nullopt);
}

// Types and errors ------------------------------------------------------------

using Types = std::vector<std::optional<DType>>;

// The types of (x, gamma, moving_var, y, mean), with these of x and gamma.
absl::StatusOr<Types> InferredTypes(std::optional<DType> x,
                                    std::optional<DType> gamma) {
  GraphBuilder b(BuiltinOps());
  const Symbol data = b.Variable("x", {.shape = {4, 2}, .dtype = x});
  const Symbol scale = b.Variable("gamma", {.dtype = gamma});
  const Symbol y = op::BatchNorm(data, scale, {}, {}, {}, {}, {.name = "norm"});
  MINNOW_ASSIGN_OR_RETURN(
      const Graph graph,
      b.Build({data, scale, b.Find("norm_moving_var"), y, b.Output(y, 1)}));
  const ValueIndex index(graph);
  MINNOW_ASSIGN_OR_RETURN(const ValueTypes types, InferTypes(graph, index, {}));
  Types found;
  for (NodeOutput output : graph.outputs) {
    found.push_back(types.dtypes[index[output]]);
  }
  return found;
}

TEST(BatchNormTest, ParametersOf16BitDataAreFloat32) {
  constexpr DType kSingle = DType::kFloat32, kDouble = DType::kFloat64;
  for (const DType half : {DType::kFloat16, DType::kBFloat16}) {
    const auto types = InferredTypes(half, {});
    ASSERT_TRUE(types.ok()) << types.status();
    EXPECT_THAT(*types, ElementsAre(half, kSingle, kSingle, half, kSingle));
    EXPECT_THAT(std::string(InferredTypes(half, half).status().message()),
                HasSubstr("argument 'gamma': expected dtype float32, found"));
  }
  EXPECT_THAT(*InferredTypes({}, kDouble), Each(kDouble));
  EXPECT_THAT(*InferredTypes({}, kSingle), Each(kSingle));
  EXPECT_THAT(*InferredTypes(kDouble, {}), Each(kDouble));
}

// The error of a node on variables of these shapes.
std::string ErrorOf(const Shape& data, const Shape& gamma, const Shape& mean,
                    const BatchNormAttrs& attrs) {
  GraphBuilder b(BuiltinOps());
  const auto graph = b.Build({op::BatchNorm(
      b.Variable("x", {.shape = data}), b.Variable("gamma", {.shape = gamma}),
      {}, b.Variable("mean", {.shape = mean}), {}, attrs, {.name = "norm"})});
  if (!graph.ok()) return std::string(graph.status().message());
  const ValueIndex index(*graph);
  return std::string(InferTypes(*graph, index, {}).status().message());
}

TEST(BatchNormTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ErrorOf({3, 5}, {5}, {5}, {}), "");
  EXPECT_EQ(ErrorOf({3, Shape::kUnknown}, {5}, {}, {}), "");
  EXPECT_THAT(ErrorOf({3, 5}, {5}, {5}, {.axis = 2}),
              HasSubstr("node 'norm' (BatchNorm): attribute 'axis': expected"));
  EXPECT_THAT(ErrorOf({3, 5}, {5}, {5}, {.axis = -3}),
              HasSubstr("attribute 'axis': expected"));
  EXPECT_THAT(ErrorOf({5}, {5}, {5}, {}),
              HasSubstr("attribute 'axis': expected"));
  EXPECT_THAT(ErrorOf({3, 5}, {3}, {5}, {}),
              HasSubstr("argument 'gamma': expected shape (5,), found (3,)"));
  EXPECT_THAT(
      ErrorOf({3, 5}, {5}, {1, 5}, {}),
      HasSubstr("argument 'moving_mean': expected shape (5,), found (1,5)"));
}

TEST(BatchNormTest, StatisticsThatMoveAreVariables) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x");
  const Symbol y = op::BatchNorm(x, {}, {}, x * x, {});
  Gradient(b, {y}, {}, {x});
  EXPECT_THAT(b.status().message(), HasSubstr("update: expected a variable"));
}

TEST(BatchNormTest, HasNoSecondGradient) {
  Norm norm({5, 3}, 1, {});
  const auto grads = norm.Gradients();
  Gradient(norm.builder, {grads[0]}, {}, {norm.x});
  EXPECT_THAT(norm.builder.status().message(),
              HasSubstr("(_backward_BatchNorm): the operator has no gradient"));
}

}  // namespace
}  // namespace minnow
