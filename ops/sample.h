// Samples of distributions whose parameters are arrays.
//
//   // Two normal numbers for each element of mu and sigma.
//   Symbol x = op::SampleNormal(mu, sigma, {.shape = {2}});
//
// The output has the parameters' shape, then that of the attribute. Gradients
// do not flow through samples.
#ifndef MINNOW_OPS_SAMPLE_H_
#define MINNOW_OPS_SAMPLE_H_

#include <optional>

#include "minnow/core/attrs.h"
#include "minnow/ops/compose.h"

namespace minnow {

struct SampleAttrs {
  Shape shape = Shape::Scalar();
  std::optional<DType> dtype = {};

  static auto Fields() {
    using A = SampleAttrs;
    return std::tuple(
        Field("shape", &A::shape, "The samples of one parameter."),
        Field("dtype", &A::dtype, "The type of the samples: None is float32."));
  }
};

struct UnarySampleComposer {
  const char* op;
  Symbol operator()(Symbol param, const SampleAttrs& attrs = {},
                    NodeOptions options = {}) const {
    return Compose(op, {param}, attrs, std::move(options));
  }
};

struct BinarySampleComposer {
  const char* op;
  Symbol operator()(Symbol first, Symbol second, const SampleAttrs& attrs = {},
                    NodeOptions options = {}) const {
    return Compose(op, {first, second}, attrs, std::move(options));
  }
};

namespace op {

inline constexpr BinarySampleComposer SampleUniform{"_sample_uniform"};
inline constexpr BinarySampleComposer SampleNormal{"_sample_normal"};
inline constexpr BinarySampleComposer SampleGamma{"_sample_gamma"};
inline constexpr UnarySampleComposer SampleExponential{"_sample_exponential"};
inline constexpr UnarySampleComposer SamplePoisson{"_sample_poisson"};
inline constexpr BinarySampleComposer SampleNegativeBinomial{
    "_sample_negative_binomial"};
inline constexpr BinarySampleComposer SampleGeneralizedNegativeBinomial{
    "_sample_generalized_negative_binomial"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SAMPLE_H_
