#include "minnow/ops/sample.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "minnow/core/attr_value.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
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

absl::Status CheckParams(Distribution d, size_t param,
                         const AnyConstArray& values) {
  constexpr int64_t kTile = 512;
  double tile[kTile];
  for (int64_t begin = 0; begin < values.size; begin += kTile) {
    const int64_t count = std::min(kTile, values.size - begin);
    LoadElements(values, begin, count, tile);
    for (int64_t i = 0; i < count; ++i) {
      const char* expected = ExpectedParam(d, param, tile[i]);
      if (expected == nullptr) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("argument '", InfoOf(d).params[param], "': expected ",
                       expected, ", found ", AttrText(AttrScalar(tile[i])),
                       " at element ", begin + i));
    }
  }
  return absl::OkStatus();
}

template <Distribution d>
absl::Status SampleOne(const RunContext& context, const SampleAttrs&,
                       AnyIn<0> param, AnyOut<1> out) {
  MINNOW_RETURN_IF_ERROR(CheckParams(d, 0, param));
  SampleRows(context, d, {param.dtype, {param.data, nullptr}, param.size},
             out.dtype, out.data, out.size);
  return absl::OkStatus();
}

template <Distribution d>
absl::Status SampleTwo(const RunContext& context, const SampleAttrs&,
                       AnyIn<0> first, AnyIn<0> second, AnyOut<1> out) {
  MINNOW_RETURN_IF_ERROR(CheckParams(d, 0, first));
  MINNOW_RETURN_IF_ERROR(CheckParams(d, 1, second));
  SampleRows(context, d, {first.dtype, {first.data, second.data}, first.size},
             out.dtype, out.data, out.size);
  return absl::OkStatus();
}

template <Distribution d>
std::vector<Kernel> SampleKernels() {
  if constexpr (NumParams(d) == 1) {
    return AnyKernels<SampleOne<d>>(NumberTypes(), FloatTypes());
  } else {
    return AnyKernels<SampleTwo<d>>(NumberTypes(), FloatTypes());
  }
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
      .kernels = SampleKernels<d>(),
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
