// Samples of distributions whose parameters are attributes.
//
//   Symbol x = op::RandomNormal(b, {.scale = 0.1, .shape = {2, 3}});
//   Symbol noisy = data + op::RandomNormalLike(data, {.scale = 0.01});
//
// A shape that is not given follows from where the samples are used. Gradients
// do not flow through samples.
#ifndef MINNOW_OPS_RANDOM_H_
#define MINNOW_OPS_RANDOM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "minnow/core/attrs.h"
#include "minnow/ops/compose.h"

namespace minnow {

// What the attributes of all operators here end with.
template <typename A>
auto RandomFields() {
  return std::tuple(
      Field("shape", &A::shape, "The shape of the array."),
      Field("ctx", &A::ctx, "A device, as MXNet has it; has no effect."),
      Field("dtype", &A::dtype, "The type of the samples: None is float32."));
}

struct RandomUniformAttrs {
  double low = 0;
  double high = 1;
  Shape shape = {};
  std::string ctx = {};
  std::optional<DType> dtype = {};

  static auto Fields() {
    using A = RandomUniformAttrs;
    return std::tuple_cat(
        std::tuple(
            Field("low", &A::low, "Least value."),
            Field("high", &A::high, "Bound of all values, itself left out.")),
        RandomFields<A>());
  }
};

struct RandomUniformLikeAttrs {
  double low = 0;
  double high = 1;

  static auto Fields() {
    using A = RandomUniformLikeAttrs;
    return std::tuple(
        Field("low", &A::low, "Least value."),
        Field("high", &A::high, "Bound of all values, itself left out."));
  }
};

struct RandomNormalAttrs {
  double loc = 0;
  double scale = 1;
  Shape shape = {};
  std::string ctx = {};
  std::optional<DType> dtype = {};

  static auto Fields() {
    using A = RandomNormalAttrs;
    return std::tuple_cat(
        std::tuple(Field("loc", &A::loc, "Mean."),
                   Field("scale", &A::scale, "Standard deviation.")),
        RandomFields<A>());
  }
};

struct RandomNormalLikeAttrs {
  double loc = 0;
  double scale = 1;

  static auto Fields() {
    using A = RandomNormalLikeAttrs;
    return std::tuple(Field("loc", &A::loc, "Mean."),
                      Field("scale", &A::scale, "Standard deviation."));
  }
};

struct RandomExponentialAttrs {
  double lam = 1;
  Shape shape = {};
  std::string ctx = {};
  std::optional<DType> dtype = {};

  static auto Fields() {
    using A = RandomExponentialAttrs;
    return std::tuple_cat(
        std::tuple(Field("lam", &A::lam, "Rate: the mean is 1 / lam.")),
        RandomFields<A>());
  }
};

struct RandomExponentialLikeAttrs {
  double lam = 1;

  static auto Fields() {
    using A = RandomExponentialLikeAttrs;
    return std::tuple(Field("lam", &A::lam, "Rate: the mean is 1 / lam."));
  }
};

struct RandomGammaAttrs {
  double alpha = 1;
  double beta = 1;
  Shape shape = {};
  std::string ctx = {};
  std::optional<DType> dtype = {};

  static auto Fields() {
    using A = RandomGammaAttrs;
    return std::tuple_cat(std::tuple(Field("alpha", &A::alpha,
                                           "Shape: the mean is alpha * beta."),
                                     Field("beta", &A::beta, "Scale.")),
                          RandomFields<A>());
  }
};

struct RandomGammaLikeAttrs {
  double alpha = 1;
  double beta = 1;

  static auto Fields() {
    using A = RandomGammaLikeAttrs;
    return std::tuple(
        Field("alpha", &A::alpha, "Shape: the mean is alpha * beta."),
        Field("beta", &A::beta, "Scale."));
  }
};

struct RandomPoissonAttrs {
  double lam = 1;
  Shape shape = {};
  std::string ctx = {};
  std::optional<DType> dtype = {};

  static auto Fields() {
    using A = RandomPoissonAttrs;
    return std::tuple_cat(std::tuple(Field("lam", &A::lam, "Mean.")),
                          RandomFields<A>());
  }
};

struct RandomPoissonLikeAttrs {
  double lam = 1;

  static auto Fields() {
    using A = RandomPoissonLikeAttrs;
    return std::tuple(Field("lam", &A::lam, "Mean."));
  }
};

struct RandomNegativeBinomialAttrs {
  int64_t k = 1;
  double p = 1;
  Shape shape = {};
  std::string ctx = {};
  std::optional<DType> dtype = {};

  static auto Fields() {
    using A = RandomNegativeBinomialAttrs;
    return std::tuple_cat(
        std::tuple(Field("k", &A::k, "Failures to wait for."),
                   Field("p", &A::p, "Probability of a failure.")),
        RandomFields<A>());
  }
};

struct RandomNegativeBinomialLikeAttrs {
  int64_t k = 1;
  double p = 1;

  static auto Fields() {
    using A = RandomNegativeBinomialLikeAttrs;
    return std::tuple(Field("k", &A::k, "Failures to wait for."),
                      Field("p", &A::p, "Probability of a failure."));
  }
};

struct RandomGeneralizedNegativeBinomialAttrs {
  double mu = 1;
  double alpha = 1;
  Shape shape = {};
  std::string ctx = {};
  std::optional<DType> dtype = {};

  static auto Fields() {
    using A = RandomGeneralizedNegativeBinomialAttrs;
    return std::tuple_cat(
        std::tuple(Field("mu", &A::mu, "Mean."),
                   Field("alpha", &A::alpha,
                         "Dispersion: the variance is mu + alpha * mu^2.")),
        RandomFields<A>());
  }
};

struct RandomGeneralizedNegativeBinomialLikeAttrs {
  double mu = 1;
  double alpha = 1;

  static auto Fields() {
    using A = RandomGeneralizedNegativeBinomialLikeAttrs;
    return std::tuple(Field("mu", &A::mu, "Mean."),
                      Field("alpha", &A::alpha,
                            "Dispersion: the variance is mu + alpha * mu^2."));
  }
};

struct RandomRandintAttrs {
  Required<int64_t> low;
  Required<int64_t> high;
  Shape shape = {};
  std::string ctx = {};
  std::optional<DType> dtype = {};

  static auto Fields() {
    using A = RandomRandintAttrs;
    return std::tuple(
        Field("low", &A::low, "Least value."),
        Field("high", &A::high, "Bound of all values, itself left out."),
        Field("shape", &A::shape, "The shape of the array."),
        Field("ctx", &A::ctx, "A device, as MXNet has it; has no effect."),
        Field("dtype", &A::dtype, "int32 or int64: None is int32."));
  }
};

// The composer of an operator without inputs.
template <typename A>
struct RandomComposer {
  const char* op;
  Symbol operator()(GraphBuilder& builder, const A& attrs,
                    NodeOptions options = {}) const {
    return builder.Add(op, {}, attrs, std::move(options));
  }
};

// The composer of samples of the shape and type of their argument.
template <typename A>
struct RandomLikeComposer {
  const char* op;
  Symbol operator()(Symbol data, const A& attrs = {},
                    NodeOptions options = {}) const {
    return Compose(op, {data}, attrs, std::move(options));
  }
};

namespace op {

inline constexpr RandomComposer<RandomUniformAttrs> RandomUniform{
    "_random_uniform"};
inline constexpr RandomComposer<RandomNormalAttrs> RandomNormal{
    "_random_normal"};
inline constexpr RandomComposer<RandomExponentialAttrs> RandomExponential{
    "_random_exponential"};
inline constexpr RandomComposer<RandomGammaAttrs> RandomGamma{"_random_gamma"};
inline constexpr RandomComposer<RandomPoissonAttrs> RandomPoisson{
    "_random_poisson"};
inline constexpr RandomComposer<RandomNegativeBinomialAttrs>
    RandomNegativeBinomial{"_random_negative_binomial"};
inline constexpr RandomComposer<RandomGeneralizedNegativeBinomialAttrs>
    RandomGeneralizedNegativeBinomial{"_random_generalized_negative_binomial"};
inline constexpr RandomComposer<RandomRandintAttrs> RandomRandint{
    "_random_randint"};

inline constexpr RandomLikeComposer<RandomUniformLikeAttrs> RandomUniformLike{
    "_random_uniform_like"};
inline constexpr RandomLikeComposer<RandomNormalLikeAttrs> RandomNormalLike{
    "_random_normal_like"};
inline constexpr RandomLikeComposer<RandomExponentialLikeAttrs>
    RandomExponentialLike{"_random_exponential_like"};
inline constexpr RandomLikeComposer<RandomGammaLikeAttrs> RandomGammaLike{
    "_random_gamma_like"};
inline constexpr RandomLikeComposer<RandomPoissonLikeAttrs> RandomPoissonLike{
    "_random_poisson_like"};
inline constexpr RandomLikeComposer<RandomNegativeBinomialLikeAttrs>
    RandomNegativeBinomialLike{"_random_negative_binomial_like"};
inline constexpr RandomLikeComposer<RandomGeneralizedNegativeBinomialLikeAttrs>
    RandomGeneralizedNegativeBinomialLike{
        "_random_generalized_negative_binomial_like"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_RANDOM_H_
