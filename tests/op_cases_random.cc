// Rows of the operators that draw random numbers. None has a formula;
// random_ops_test.cc and dropout_test.cc test what they draw.
#include <string>
#include <utility>

#include "minnow/ops/dropout.h"
#include "minnow/ops/random.h"
#include "minnow/ops/sample.h"
#include "minnow/ops/sample_multinomial.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

constexpr DType kFloats[] = {DType::kFloat32, DType::kFloat64, DType::kFloat16,
                             DType::kBFloat16};

OpCase RandomCase(const char* op, Attrs attrs,
                  std::vector<TestInput> inputs = {}) {
  return {.op = op,
          .attrs = std::move(attrs),
          .inputs = std::move(inputs),
          .run = false};
}

template <typename A>
void AddRandomCases(const char* op, std::vector<OpCase>& cases) {
  for (DType dtype : kFloats) {
    A attrs;
    attrs.shape = {2, 3};
    attrs.dtype = dtype;
    cases.push_back(RandomCase(op, std::move(attrs)));
  }
}

}  // namespace

std::vector<OpCase> RandomOpCases() {
  std::vector<OpCase> cases;
  AddRandomCases<RandomUniformAttrs>("_random_uniform", cases);
  AddRandomCases<RandomNormalAttrs>("_random_normal", cases);
  AddRandomCases<RandomExponentialAttrs>("_random_exponential", cases);
  AddRandomCases<RandomGammaAttrs>("_random_gamma", cases);
  AddRandomCases<RandomPoissonAttrs>("_random_poisson", cases);
  AddRandomCases<RandomNegativeBinomialAttrs>("_random_negative_binomial",
                                              cases);
  AddRandomCases<RandomGeneralizedNegativeBinomialAttrs>(
      "_random_generalized_negative_binomial", cases);
  for (DType dtype : {DType::kInt32, DType::kInt64}) {
    cases.push_back(
        RandomCase("_random_randint",
                   RandomRandintAttrs{
                       .low = 0, .high = 5, .shape = {2, 3}, .dtype = dtype}));
  }
  const TestInput data = {.shape = {4}};
  const auto like = [&](const char* op, Attrs attrs) {
    cases.push_back(RandomCase(op, std::move(attrs), {data}));
  };
  like("_random_uniform_like", RandomUniformLikeAttrs());
  like("_random_normal_like", RandomNormalLikeAttrs());
  like("_random_exponential_like", RandomExponentialLikeAttrs());
  like("_random_gamma_like", RandomGammaLikeAttrs());
  like("_random_poisson_like", RandomPoissonLikeAttrs());
  like("_random_negative_binomial_like", RandomNegativeBinomialLikeAttrs());
  like("_random_generalized_negative_binomial_like",
       RandomGeneralizedNegativeBinomialLikeAttrs());
  for (DType dtype : kFloats) {
    const SampleAttrs attrs = {.shape = {3}, .dtype = dtype};
    for (const char* op : {"_sample_uniform", "_sample_normal", "_sample_gamma",
                           "_sample_negative_binomial",
                           "_sample_generalized_negative_binomial"}) {
      cases.push_back(RandomCase(op, attrs, {data, data}));
    }
    for (const char* op : {"_sample_exponential", "_sample_poisson"}) {
      cases.push_back(RandomCase(op, attrs, {data}));
    }
  }
  for (DType dtype : kAllDTypes) {
    for (bool get_prob : {false, true}) {
      cases.push_back(RandomCase(
          "_sample_multinomial",
          SampleMultinomialAttrs{.get_prob = get_prob, .dtype = dtype},
          {data}));
    }
  }
  cases.push_back(
      {.op = "_backward_sample_multinomial",
       .inputs = {{.shape = {2, 3}},
                  {.shape = {2, 2}, .values = {0.25, 0.75}},
                  {.shape = {2, 3},
                   .values = {0, 1, 0, 1, 1, 1},
                   .differentiable = false}},
       .formula =
           [](absl::Span<const TestArray> in) {
             const auto k = static_cast<size_t>(in[1].shape[1]);
             const auto n = static_cast<size_t>(in[2].shape[1]);
             TestArray grad{.shape = in[1].shape,
                            .values = std::vector<double>(in[1].values.size())};
             for (size_t i = 0; i < in[0].values.size(); ++i) {
               const size_t at =
                   i / n * k + static_cast<size_t>(in[2].values[i]);
               grad.values[at] += in[0].values[i] / in[1].values[at];
             }
             return std::vector{grad};
           },
       .magnitude = 16,
       .large = {{300, 7}, {300, 400}, {300, 7}}});
  cases.push_back(RandomCase("Dropout", DropoutAttrs(), {data}));
  cases.push_back(RandomCase("_shuffle", {}, {data}));
  return cases;
}

}  // namespace minnow
