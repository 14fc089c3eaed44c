// What the random operators share: arrays of samples of a distribution.
//
//   SampleRows(context, Distribution::kNormal,
//              {.dtype = DType::kFloat32, .values = {mu, sigma}, .rows = 3},
//              DType::kFloat16, out, n);
//
// The first n / 3 elements are samples for mu[0] and sigma[0], and so on. Each
// element is a function of the context's random key and of its own number. It
// is computed in double for float64 and in float for the other types.
#ifndef MINNOW_OPS_RANDOM_KERNELS_H_
#define MINNOW_OPS_RANDOM_KERNELS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "minnow/core/dtype.h"
#include "minnow/graph/kernel.h"
#include "minnow/graph/op_def.h"

namespace minnow {

enum class Distribution : uint8_t {
  kUniform,                      // low, high
  kNormal,                       // mean, standard deviation
  kExponential,                  // rate
  kGamma,                        // shape, scale
  kPoisson,                      // mean
  kNegativeBinomial,             // failures, probability of a failure
  kGeneralizedNegativeBinomial,  // mean, dispersion
};

inline constexpr size_t NumParams(Distribution d) {
  return d == Distribution::kExponential || d == Distribution::kPoisson ? 1 : 2;
}

// What the parameter `i` must be, if `value` is not; else null.
const char* ExpectedParam(Distribution d, size_t i, double value);

// The parameters of a distribution, for each row.
struct ParamRows {
  DType dtype;
  std::array<const void*, 2> values;
  int64_t rows;
};

// REQUIRES: the parameters are what they must be, and size is a multiple of
// the number of rows.
void SampleRows(const RunContext& context, Distribution d,
                const ParamRows& params, DType dtype, void* out, int64_t size);

// `dtype` of an attribute, where None means float32, as the type of output 0.
absl::Status MergeSampleDType(DTypeInference& node,
                              const std::optional<DType>& dtype);

}  // namespace minnow

#endif  // MINNOW_OPS_RANDOM_KERNELS_H_
