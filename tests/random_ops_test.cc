// What the random operators draw: that it has the distribution it should, and
// that it depends on the seed, node, run and element, and on nothing else.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/gradient.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/random.h"
#include "minnow/ops/sample.h"
#include "minnow/ops/sample_multinomial.h"
#include "minnow/ops/shuffle.h"

namespace minnow {
namespace {

using Compose = std::function<std::vector<Symbol>(GraphBuilder&)>;

std::vector<double> ToDoubles(const NDArray& array) {
  const absl::StatusOr<NDArray> values = array.Cast(DType::kFloat64);
  if (!values.ok()) return {};
  const absl::Span<double> span = values->values<double>();
  return {span.begin(), span.end()};
}

absl::StatusOr<Executor> BindOf(const Compose& compose,
                                BindOptions options = {}) {
  GraphBuilder b(BuiltinOps());
  const std::vector<Symbol> outputs = compose(b);
  MINNOW_ASSIGN_OR_RETURN(Graph graph, b.Build(outputs));
  return Executor::Bind(graph, std::move(options));
}

// The outputs of the first run.
std::vector<std::vector<double>> DrawFrom(const Compose& compose,
                                          BindOptions options = {}) {
  absl::StatusOr<Executor> executor = BindOf(compose, std::move(options));
  EXPECT_TRUE(executor.ok()) << executor.status();
  std::vector<std::vector<double>> outputs;
  if (!executor.ok()) return outputs;
  const absl::Status status = executor->Run();
  EXPECT_TRUE(status.ok()) << status;
  for (size_t i = 0; i < executor->num_outputs(); ++i) {
    outputs.push_back(ToDoubles(executor->Output(i)));
  }
  return outputs;
}

// The error of composing, binding or running.
absl::Status ErrorOf(const Compose& compose, BindOptions options = {}) {
  absl::StatusOr<Executor> executor = BindOf(compose, std::move(options));
  return executor.ok() ? executor->Run() : executor.status();
}

Compose One(std::function<Symbol(GraphBuilder&)> compose) {
  return [compose = std::move(compose)](GraphBuilder& b) {
    return std::vector<Symbol>{compose(b)};
  };
}

NDArray Array(const Shape& shape, const std::vector<float>& values) {
  return *NDArray::FromValues<float>(shape, values);
}

constexpr int64_t kMany = 1000000;

// The distance of the samples from a distribution (A. Kolmogorov, N. Smirnov),
// times the root of their number: above 2 once in 1500 times.
double Distance(std::vector<double> samples,
                const std::function<double(double)>& cumulative) {
  std::sort(samples.begin(), samples.end());
  const auto n = static_cast<double>(samples.size());
  double distance = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double p = cumulative(samples[i]);
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, p - rank / n, (rank + 1) / n - p});
  }
  return distance * std::sqrt(n);
}

// How far the counts of whole numbers are from probabilities: about normal with
// variance 1.
double ChiSquare(absl::Span<const double> samples,
                 const std::function<double(double)>& probability) {
  const auto n = static_cast<double>(samples.size());
  const double most = *std::max_element(samples.begin(), samples.end());
  std::vector<double> counts(static_cast<size_t>(most) + 1);
  for (double x : samples) ++counts[static_cast<size_t>(x)];
  double sum = 0, cells = -1, rest = 1, rest_count = n;
  for (size_t k = 0; k < counts.size(); ++k) {
    const double p = probability(static_cast<double>(k));
    if (p * n < 20) continue;  // All such are one cell.
    sum += std::pow(counts[k] - n * p, 2) / (n * p);
    ++cells;
    rest -= p;
    rest_count -= counts[k];
  }
  if (rest * n > 20) {
    sum += std::pow(rest_count - n * rest, 2) / (n * rest);
    ++cells;
  }
  return (sum - cells) / std::sqrt(2 * cells);
}

double Correlation(absl::Span<const double> x, absl::Span<const double> y) {
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  return xy / std::sqrt(xx * yy) * std::sqrt(n);
}

double NormalCumulative(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

// The regularized lower incomplete gamma function, by its series.
double GammaCumulative(double alpha, double x) {
  if (x <= 0) return 0;
  double term = std::exp(alpha * std::log(x) - x - std::lgamma(alpha + 1));
  double sum = term;
  for (int i = 1; i < 1000 && term > 1e-15 * sum; ++i) {
    term *= x / (alpha + i);
    sum += term;
  }
  return sum;
}

double PoissonProbability(double lam, double k) {
  return std::exp(k * std::log(lam) - lam - std::lgamma(k + 1));
}

TEST(RandomOpsTest, UniformIsUniform) {
  for (DType dtype : {DType::kFloat32, DType::kFloat64}) {
    const auto x = DrawFrom(One([&](GraphBuilder& b) {
      return op::RandomUniform(
          b, {.low = -2, .high = 6, .shape = {kMany}, .dtype = dtype});
    }))[0];
    EXPECT_LT(Distance(x, [](double v) { return (v + 2) / 8; }), 2);
    EXPECT_GE(*std::min_element(x.begin(), x.end()), -2);
    EXPECT_LT(*std::max_element(x.begin(), x.end()), 6);
  }
}

TEST(RandomOpsTest, UniformNeverReachesItsBound) {
  // There are only two floats in the range.
  const float low = 1, high = std::nextafter(std::nextafter(low, 2.f), 2.f);
  const auto x = DrawFrom(One([&](GraphBuilder& b) {
    return op::RandomUniform(b, {.low = low, .high = high, .shape = {10000}});
  }))[0];
  EXPECT_EQ(*std::min_element(x.begin(), x.end()), low);
  EXPECT_LT(*std::max_element(x.begin(), x.end()), high);
  // A range the other way round, and an empty one.
  const auto y = DrawFrom([&](GraphBuilder& b) {
    return std::vector{
        op::RandomUniform(b, {.low = 3, .high = 1, .shape = {1000}}),
        op::RandomUniform(b, {.low = 3, .high = 3, .shape = {100}})};
  });
  EXPECT_GT(*std::min_element(y[0].begin(), y[0].end()), 1);
  EXPECT_LE(*std::max_element(y[0].begin(), y[0].end()), 3);
  EXPECT_EQ(y[1], std::vector<double>(100, 3));
}

TEST(RandomOpsTest, NormalIsNormalOnEveryInstructionSet) {
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scoped(isa);
    for (DType dtype : {DType::kFloat32, DType::kFloat64}) {
      const auto x = DrawFrom(One([&](GraphBuilder& b) {
        return op::RandomNormal(
            b, {.loc = 3, .scale = 2, .shape = {kMany}, .dtype = dtype});
      }))[0];
      EXPECT_LT(
          Distance(x, [](double v) { return NormalCumulative((v - 3) / 2); }),
          2);
      // Tails, which the distance hardly sees: 57 are expected.
      const auto far = std::count_if(x.begin(), x.end(), [](double v) {
        return std::abs(v - 3) > 2 * 4.0257;
      });
      EXPECT_NEAR(static_cast<double>(far), 57, 25);
    }
  }
}

TEST(RandomOpsTest, ExponentialIsExponential) {
  for (DType dtype : {DType::kFloat32, DType::kFloat64}) {
    const auto x = DrawFrom(One([&](GraphBuilder& b) {
      return op::RandomExponential(
          b, {.lam = 4, .shape = {kMany}, .dtype = dtype});
    }))[0];
    EXPECT_LT(Distance(x, [](double v) { return -std::expm1(-4 * v); }), 2);
    EXPECT_GT(*std::min_element(x.begin(), x.end()), 0);
  }
}

TEST(RandomOpsTest, GammaIsGamma) {
  for (double alpha : {0.05, 0.5, 1.0, 2.5, 40.0}) {
    const auto x = DrawFrom(One([&](GraphBuilder& b) {
      return op::RandomGamma(b, {.alpha = alpha,
                                 .beta = 3,
                                 .shape = {300000},
                                 .dtype = DType::kFloat64});
    }))[0];
    EXPECT_LT(
        Distance(x, [=](double v) { return GammaCumulative(alpha, v / 3); }), 2)
        << alpha;
  }
}

TEST(RandomOpsTest, PoissonIsPoisson) {
  for (double lam : {0.1, 1.0, 9.5, 10.5, 40.0, 3000.0}) {
    const auto x = DrawFrom(One([&](GraphBuilder& b) {
      return op::RandomPoisson(b, {.lam = lam, .shape = {300000}});
    }))[0];
    EXPECT_LT(std::abs(ChiSquare(
                  x, [=](double k) { return PoissonProbability(lam, k); })),
              3.5)
        << lam;
  }
  EXPECT_EQ(DrawFrom(One([](GraphBuilder& b) {
              return op::RandomPoisson(b, {.lam = 0, .shape = {100}});
            }))[0],
            std::vector<double>(100, 0));
  // Far beyond what float counts one by one.
  const auto huge = DrawFrom(One([&](GraphBuilder& b) {
    return op::RandomPoisson(
        b, {.lam = 1e12, .shape = {100000}, .dtype = DType::kFloat64});
  }))[0];
  EXPECT_LT(
      Distance(huge, [](double v) { return NormalCumulative(v / 1e6 - 1e6); }),
      2);
}

TEST(RandomOpsTest, NegativeBinomialsCountSuccesses) {
  const auto probability = [](double r, double p, double k) {
    return std::exp(std::lgamma(k + r) - std::lgamma(k + 1) - std::lgamma(r) +
                    r * std::log(p) + k * std::log1p(-p));
  };
  const auto x = DrawFrom([&](GraphBuilder& b) {
    return std::vector{
        op::RandomNegativeBinomial(b, {.k = 3, .p = 0.4, .shape = {300000}}),
        // The same distribution, by its mean and dispersion.
        op::RandomGeneralizedNegativeBinomial(
            b, {.mu = 4.5, .alpha = 1 / 3.0, .shape = {300000}}),
        op::RandomGeneralizedNegativeBinomial(
            b, {.mu = 4.5, .alpha = 0, .shape = {300000}})};
  });
  for (size_t i : {0, 1}) {
    EXPECT_LT(std::abs(ChiSquare(
                  x[i], [&](double k) { return probability(3, 0.4, k); })),
              3.5);
  }
  EXPECT_LT(std::abs(ChiSquare(
                x[2], [](double k) { return PoissonProbability(4.5, k); })),
            3.5);
}

TEST(RandomOpsTest, RandintTakesEachNumberAsOften) {
  const auto x = DrawFrom(One([](GraphBuilder& b) {
    return op::RandomRandint(b, {.low = -3, .high = 4, .shape = {kMany}});
  }))[0];
  std::vector<double> shifted;
  for (double v : x) shifted.push_back(v + 3);
  EXPECT_LT(std::abs(ChiSquare(shifted, [](double) { return 1.0 / 7; })), 3.5);
  EXPECT_EQ(*std::min_element(x.begin(), x.end()), -3);
  EXPECT_EQ(*std::max_element(x.begin(), x.end()), 3);
  // Three quarters of all numbers of 64 bits: a plain remainder would take the
  // lowest quarter twice as often.
  const double low = -0x1p63, high = 0x1p62;
  const auto wide = DrawFrom(One([](GraphBuilder& b) {
    return op::RandomRandint(b, {.low = std::numeric_limits<int64_t>::min(),
                                 .high = int64_t{1} << 62,
                                 .shape = {100000},
                                 .dtype = DType::kInt64});
  }))[0];
  EXPECT_LT(Distance(wide, [=](double v) { return (v - low) / (high - low); }),
            2);
}

// Each kind of operator, for what must hold of all.
std::vector<Symbol> AllKinds(GraphBuilder& b) {
  const int64_t n = 200001;
  const Symbol p = b.Variable("p");
  return {op::RandomUniform(b, {.shape = {n}}),
          op::RandomNormal(b, {.shape = {n}}),
          op::RandomNormal(b, {.shape = {n}, .dtype = DType::kFloat64}),
          op::RandomExponential(b, {.shape = {n}}),
          op::RandomGamma(b, {.alpha = 0.7, .shape = {n}}),
          op::RandomPoisson(b, {.lam = 30, .shape = {n}}),
          op::RandomRandint(b, {.low = 0, .high = 1000000, .shape = {n}}),
          op::SampleNormal(p, p, {.shape = {n}}),
          op::SampleMultinomial(p, {.shape = {n}}),
          op::Shuffle(op::RandomUniform(b, {.shape = {n}}))};
}

BindOptions WithP(BindOptions options = {}) {
  options.variables.emplace("p", Array({3}, {0.5f, 0.125f, 0.375f}));
  return options;
}

TEST(RandomOpsTest, AreTheSameForAnyNumberOfThreads) {
  const auto one = DrawFrom(AllKinds, WithP({.threads = 1}));
  for (int threads : {2, 3, 8}) {
    EXPECT_EQ(DrawFrom(AllKinds, WithP({.threads = threads})), one) << threads;
  }
}

TEST(RandomOpsTest, DependOnSeedNodeAndRun) {
  const auto a = DrawFrom(AllKinds, WithP({.seed = 1}));
  EXPECT_EQ(DrawFrom(AllKinds, WithP({.seed = 1})), a);
  const auto b = DrawFrom(AllKinds, WithP({.seed = 2}));
  auto executor = BindOf(AllKinds, WithP({.seed = 1}));
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok() && executor->Run().ok());
  for (size_t i = 0; i < a.size(); ++i) {
    const auto second = ToDoubles(executor->Output(i));
    // Independent: in particular not equal, and not shifted.
    if (i == 7) continue;  // Of several means.
    EXPECT_LT(std::abs(Correlation(a[i], b[i])), 4) << i;
    EXPECT_LT(std::abs(Correlation(a[i], second)), 4) << i;
    const auto span = absl::MakeConstSpan(a[i]);
    for (size_t lag : {1, 2, 128, 256, 512}) {
      EXPECT_LT(std::abs(Correlation(span.subspan(0, span.size() - lag),
                                     span.subspan(lag))),
                4)
          << i << ", lag " << lag;
    }
  }
}

TEST(RandomOpsTest, TwoNodesAreIndependent) {
  const auto x = DrawFrom([](GraphBuilder& b) {
    return std::vector{op::RandomNormal(b, {.shape = {100000}}),
                       op::RandomNormal(b, {.shape = {100000}})};
  });
  EXPECT_LT(std::abs(Correlation(x[0], x[1])), 4);
}

TEST(RandomOpsTest, GoOnAfterAResume) {
  const Compose compose = One(
      [](GraphBuilder& b) { return op::RandomNormal(b, {.shape = {1000}}); });
  auto whole = BindOf(compose);
  auto resumed = BindOf(compose);
  ASSERT_TRUE(whole.ok() && resumed.ok());
  ASSERT_TRUE(whole->Run().ok() && whole->Run().ok() && whole->Run().ok());
  resumed->set_num_runs(2);
  ASSERT_TRUE(resumed->Run().ok());
  EXPECT_EQ(ToDoubles(resumed->Output(0)), ToDoubles(whole->Output(0)));
}

TEST(RandomOpsTest, SamplesFollowTheirParameters) {
  const auto x = DrawFrom(
      [](GraphBuilder& b) {
        const Symbol mu = b.Variable("mu"), sigma = b.Variable("sigma");
        return std::vector{op::SampleNormal(mu, sigma, {.shape = {50, 4000}}),
                           op::SampleNormal(mu, sigma)};
      },
      {.variables = {{"mu", Array({2, 2}, {-100, 0, 10, 7})},
                     {"sigma", Array({2, 2}, {0, 1, 2, 0.5f})}}});
  ASSERT_EQ(x[0].size(), 800000);
  ASSERT_EQ(x[1].size(), 4);
  EXPECT_EQ(x[1][0], -100);
  const double mu[] = {-100, 0, 10, 7}, sigma[] = {0, 1, 2, 0.5};
  for (size_t row = 0; row < 4; ++row) {
    const std::vector<double> samples(x[0].begin() + row * 200000,
                                      x[0].begin() + (row + 1) * 200000);
    if (row == 0) {
      EXPECT_EQ(samples, std::vector<double>(200000, -100));
      continue;
    }
    EXPECT_LT(Distance(samples,
                       [&](double v) {
                         return NormalCumulative((v - mu[row]) / sigma[row]);
                       }),
              2);
  }
}

TEST(RandomOpsTest, LikeTakesShapeAndType) {
  const auto half =
      *Array({3, 5}, std::vector<float>(15)).Cast(DType::kFloat16);
  auto executor = BindOf(One([](GraphBuilder& b) {
                           return op::RandomNormalLike(b.Variable("x"));
                         }),
                         {.variables = {{"x", half}}});
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok());
  EXPECT_EQ(executor->Output(0).dtype(), DType::kFloat16);
  EXPECT_EQ(executor->Output(0).shape(), (Shape{3, 5}));
}

TEST(RandomOpsTest, MultinomialDrawsByProbability) {
  const std::vector<float> p = {0, 0.1f, 0, 0.2f, 0.3f, 0.4f, 0};
  const auto x = DrawFrom(One([](GraphBuilder& b) {
                            return op::SampleMultinomial(b.Variable("p"),
                                                         {.shape = {kMany}});
                          }),
                          {.variables = {{"p", Array({7}, p)}}})[0];
  EXPECT_LT(std::abs(ChiSquare(
                x, [&](double k) { return p[static_cast<size_t>(k)]; })),
            3.5);
  std::set<double> seen(x.begin(), x.end());
  EXPECT_EQ(seen, (std::set<double>{1, 3, 4, 5}));
}

TEST(RandomOpsTest, MultinomialGivesProbabilitiesAndTheirGradient) {
  GraphBuilder b(BuiltinOps());
  const Symbol p = b.Variable("p");
  const Symbol drawn =
      op::SampleMultinomial(p, {.shape = {20}, .get_prob = true});
  const std::vector<Symbol> outputs = b.Outputs(drawn, 2);
  const Symbol head = b.Variable("head");
  const auto grads = Gradient(b, {outputs[1]}, {head}, {p});
  const auto graph = b.Build({outputs[0], outputs[1], grads[0]});
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<float> heads(40);
  std::iota(heads.begin(), heads.end(), 1.0f);
  auto executor = Executor::Bind(
      *graph, {.variables = {
                   {"p", Array({2, 3}, {0.5f, 0.25f, 0.25f, 0, 0.75f, 0.25f})},
                   {"head", Array({2, 20}, heads)}}});
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok());
  const double probs[] = {0.5, 0.25, 0.25, 0, 0.75, 0.25};
  const auto index = ToDoubles(executor->Output(0));
  const auto log_prob = ToDoubles(executor->Output(1));
  std::vector<double> expected(6);
  for (size_t i = 0; i < 40; ++i) {
    const size_t at = i / 20 * 3 + static_cast<size_t>(index[i]);
    EXPECT_FLOAT_EQ(log_prob[i], std::log(probs[at]));
    expected[at] += heads[i] / probs[at];
  }
  EXPECT_THAT(
      ToDoubles(executor->Output(2)),
      testing::Pointwise(testing::FloatEq(),
                         std::vector<float>(expected.begin(), expected.end())));
}

TEST(RandomOpsTest, ShuffleIsAPermutationOfRows) {
  std::vector<float> values(3000);
  std::iota(values.begin(), values.end(), 0.0f);
  const auto x = DrawFrom(
      One([](GraphBuilder& b) { return op::Shuffle(b.Variable("x")); }),
      {.variables = {{"x", Array({1000, 3}, values)}}})[0];
  std::vector<double> first;
  for (size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(x[3 * i + 1], x[3 * i] + 1);
    EXPECT_EQ(x[3 * i + 2], x[3 * i] + 2);
    first.push_back(x[3 * i]);
  }
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
  std::sort(first.begin(), first.end());
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(first[i], 3.0 * i);
}

TEST(RandomOpsTest, EachOrderIsAsLikely) {
  auto executor =
      BindOf(One([](GraphBuilder& b) { return op::Shuffle(b.Variable("x")); }),
             {.variables = {{"x", Array({4}, {0, 1, 2, 3})}}});
  ASSERT_TRUE(executor.ok());
  std::vector<double> orders;
  for (int i = 0; i < 24000; ++i) {
    ASSERT_TRUE(executor->Run().ok());
    const auto x = ToDoubles(executor->Output(0));
    // The number of the order.
    double order = 0;
    for (size_t j = 0; j < 4; ++j) {
      double smaller = 0;
      for (size_t k = j + 1; k < 4; ++k) smaller += x[k] < x[j];
      order = order * static_cast<double>(4 - j) + smaller;
    }
    orders.push_back(order);
  }
  EXPECT_LT(std::abs(ChiSquare(orders, [](double) { return 1.0 / 24; })), 3.5);
}

TEST(RandomOpsTest, BadParametersAreErrors) {
  using testing::HasSubstr;
  const auto message = [](const absl::Status& status) {
    return std::string(status.message());
  };
  const auto random = [&](std::function<Symbol(GraphBuilder&)> compose) {
    return message(ErrorOf(One(std::move(compose))));
  };
  EXPECT_THAT(random([](GraphBuilder& b) {
                return op::RandomNormal(b, {.scale = -1, .shape = {2}});
              }),
              HasSubstr("'_random_normal0' (_random_normal): attribute "
                        "'scale': expected a number >= 0, found -1"));
  EXPECT_THAT(
      random([](GraphBuilder& b) {
        return op::RandomUniform(b, {.low = std::nan(""), .shape = {2}});
      }),
      HasSubstr("attribute 'low': expected a finite number, found nan"));
  EXPECT_THAT(
      random([](GraphBuilder& b) {
        return op::RandomNegativeBinomial(b, {.p = 1.5, .shape = {2}});
      }),
      HasSubstr("attribute 'p': expected a number in (0, 1], found 1.5"));
  EXPECT_THAT(random([](GraphBuilder& b) {
                return op::RandomRandint(b,
                                         {.low = 3, .high = 3, .shape = {2}});
              }),
              HasSubstr("attribute 'high': expected more than low = 3, found "
                        "3"));
  EXPECT_THAT(random([](GraphBuilder& b) {
                return op::RandomRandint(
                    b, {.low = 0, .high = int64_t{1} << 40, .shape = {2}});
              }),
              HasSubstr("attribute 'dtype': expected int64 for numbers in"));
  EXPECT_THAT(random([](GraphBuilder& b) {
                return op::RandomUniform(
                    b, {.shape = {2}, .dtype = DType::kInt32});
              }),
              HasSubstr("attribute 'dtype': expected a floating type or None, "
                        "found int32"));
  const Compose gamma = One([](GraphBuilder& b) {
    return op::SampleGamma(b.Variable("alpha"), b.Variable("beta"));
  });
  EXPECT_THAT(
      message(ErrorOf(gamma, {.variables = {{"alpha", Array({2}, {1, -2})},
                                            {"beta", Array({2}, {1, 1})}}})),
      HasSubstr("argument 'alpha': expected a finite number >= 0, "
                "found -2 at element 1"));
  EXPECT_THAT(
      message(ErrorOf(gamma, {.variables = {{"alpha", Array({2}, {1, 2})},
                                            {"beta", Array({3}, {1, 1, 1})}}})),
      HasSubstr("expected shape (2,), found (3,)"));
  const Compose draw = One([](GraphBuilder& b) {
    return op::SampleMultinomial(b.Variable("p"), {.shape = {4}});
  });
  for (const std::vector<float>& p : {std::vector<float>{2, 2},
                                      {0.5f, 0.25f},
                                      {-0.5f, 1.5f},
                                      {std::nanf(""), 1}}) {
    EXPECT_THAT(
        message(ErrorOf(draw, {.variables = {{"p", Array({2}, p)}}})),
        HasSubstr("argument 'data': expected probabilities >= 0 whose sum is "
                  "1, found others in row 0"));
  }
  EXPECT_THAT(
      message(ErrorOf(
          One([](GraphBuilder& b) {
            return op::SampleMultinomial(b.Variable("p"),
                                         {.dtype = DType::kUInt8});
          }),
          {.variables = {{"p", Array({300}, std::vector<float>(300))}}})),
      HasSubstr("at most 256 categories for uint8 numbers"));
}

}  // namespace
}  // namespace minnow
