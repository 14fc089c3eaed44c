#include "minnow/ops/sample.h"

#include <array>
#include <string>
#include <utility>

#include "minnow/core/attr_value.h"
#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/ops/random_kernels.h"
#include "minnow/ops/sample_shape.h"

namespace minnow {
namespace {

struct SampleInfo {
  Distribution distribution;
  const char* name;
  const char* alias;
  const char* doc;
  // The second is null where there is but one.
  std::array<const char*, 2> params;
};

constexpr SampleInfo kSamples[] = {
    {Distribution::kUniform,
     "_sample_uniform",
     "sample_uniform",
     "out[p..., s...] ~ Uniform[low[p...], high[p...])",
     {"low", "high"}},
    {Distribution::kNormal,
     "_sample_normal",
     "sample_normal",
     "out[p..., s...] ~ Normal(mu[p...], sigma[p...]), sigma being the "
     "standard deviation",
     {"mu", "sigma"}},
    {Distribution::kExponential,
     "_sample_exponential",
     "sample_exponential",
     "out[p..., s...] ~ Exponential(lam[p...]), of mean 1 / lam",
     {"lam", nullptr}},
    {Distribution::kGamma,
     "_sample_gamma",
     "sample_gamma",
     "out[p..., s...] ~ Gamma(alpha[p...], beta[p...]), of mean alpha * beta",
     {"alpha", "beta"}},
    {Distribution::kPoisson,
     "_sample_poisson",
     "sample_poisson",
     "out[p..., s...] ~ Poisson(lam[p...])",
     {"lam", nullptr}},
    {Distribution::kNegativeBinomial,
     "_sample_negative_binomial",
     "sample_negative_binomial",
     "out[p..., s...] ~ NegativeBinomial(k[p...], p[p...]), of mean "
     "k * (1 - p) / p",
     {"k", "p"}},
    {Distribution::kGeneralizedNegativeBinomial,
     "_sample_generalized_negative_binomial",
     "sample_generalized_negative_binomial",
     "out[p..., s...] ~ NegativeBinomial, of mean mu[p...] and variance "
     "mu + alpha * mu^2",
     {"mu", "alpha"}}};

constexpr const SampleInfo& InfoOf(Distribution d) {
  return kSamples[static_cast<size_t>(d)];
}

template <typename P>
absl::Status CheckParams(Distribution d, size_t param, Dense<const P> values) {
  for (int64_t i = 0; i < values.size(); ++i) {
    const auto value = Convert<double>(values.data()[i]);
    const char* expected = ExpectedParam(d, param, value);
    if (expected == nullptr) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "argument '", InfoOf(d).params[param], "': expected ", expected,
        ", found ", AttrText(AttrScalar(value)), " at element ", i));
  }
  return absl::OkStatus();
}

template <Distribution d, typename P, typename T>
absl::Status SampleOne(const RunContext& context, const SampleAttrs&,
                       Dense<const P> param, Dense<T> out) {
  MINNOW_RETURN_IF_ERROR(CheckParams(d, 0, param));
  SampleRows(context, d, {DTypeOf<P>, {param.data(), nullptr}, param.size()},
             DTypeOf<T>, out.data(), out.size());
  return absl::OkStatus();
}

template <Distribution d, typename P, typename T>
absl::Status SampleTwo(const RunContext& context, const SampleAttrs&,
                       Dense<const P> first, Dense<const P> second,
                       Dense<T> out) {
  MINNOW_RETURN_IF_ERROR(CheckParams(d, 0, first));
  MINNOW_RETURN_IF_ERROR(CheckParams(d, 1, second));
  SampleRows(context, d,
             {DTypeOf<P>, {first.data(), second.data()}, first.size()},
             DTypeOf<T>, out.data(), out.size());
  return absl::OkStatus();
}

template <Distribution d, typename... P>
std::vector<Kernel> SampleKernels(Types<P...>) {
  std::vector<Kernel> kernels;
  const auto add = [&]<typename U, typename... T>(Types<T...>) {
    if constexpr (NumParams(d) == 1) {
      (kernels.push_back(KernelOf<SampleOne<d, U, T>>()), ...);
    } else {
      (kernels.push_back(KernelOf<SampleTwo<d, U, T>>()), ...);
    }
  };
  (add.template operator()<P>(FloatTypes()), ...);
  return kernels;
}

absl::Status InferShape(ShapeInference& node) {
  Shape params = node.input(0);
  if (node.num_inputs() == 2 && !params.known_rank()) params = node.input(1);
  MINNOW_ASSIGN_OR_RETURN(
      params,
      MergeSampleShape(node, 0, params, node.attrs<SampleAttrs>().shape));
  for (size_t i = 0; i < node.num_inputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, params));
  }
  return absl::OkStatus();
}

absl::Status InferDType(DTypeInference& node) {
  if (node.num_inputs() == 2) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.input(0)));
    MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(1)));
  }
  return MergeSampleDType(node, node.attrs<SampleAttrs>().dtype);
}

template <Distribution d>
OpDef SampleOp() {
  const SampleInfo& info = InfoOf(d);
  return {
      .name = info.name,
      .aliases = {info.alias},
      .doc = info.doc,
      .attrs = AttrsTypeOf<SampleAttrs>(),
      .inputs = NumParams(d) == 1 ? InputDefs({info.params[0]})
                                  : InputDefs({info.params[0], info.params[1]}),
      .shape = InferShape,
      .dtype = InferDType,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return std::vector<Symbol>(node.num_inputs());
      },
      .kernels = SampleKernels<d>(NumberTypes()),
      .random = true,
      .fails_on_data = true,
  };
}

}  // namespace

std::vector<OpDef> SampleOps() {
  return []<size_t... i>(std::index_sequence<i...>) {
    return std::vector<OpDef>{SampleOp<static_cast<Distribution>(i)>()...};
  }
  (std::make_index_sequence<std::size(kSamples)>());
}

}  // namespace minnow
