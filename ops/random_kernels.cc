#include "minnow/ops/random_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "minnow/core/distributions.h"
#include "minnow/core/simd.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

// Some of the samplers below transform a tile of standard samples, others draw
// each element.

template <typename C>
struct UniformSampler {
  static constexpr auto kFill = [](auto... args) { FillUniform(args...); };

  UniformSampler(double from, double to)
      : low(static_cast<C>(from)), high(static_cast<C>(to)) {
    // Rounding must not lead to `high`, nor beyond `low`.
    const C last = std::nextafter(high, low);
    least = std::min(low, last);
    greatest = std::max(low, last);
  }

  MINNOW_INLINE C operator()(C u) const {
    const C x = low * (1 - u) + high * u;
    return x < least ? least : x > greatest ? greatest : x;
  }

  C low, high, least, greatest;
};

template <typename C>
struct NormalSampler {
  static constexpr auto kFill = [](auto... args) { FillNormal(args...); };
  NormalSampler(double mean, double deviation)
      : mu(static_cast<C>(mean)), sigma(static_cast<C>(deviation)) {}
  MINNOW_INLINE C operator()(C z) const { return mu + sigma * z; }
  C mu, sigma;
};

template <typename C>
struct ExponentialSampler {
  static constexpr auto kFill = [](auto... args) { FillExponential(args...); };
  ExponentialSampler(double rate, double) : lam(static_cast<C>(rate)) {}
  MINNOW_INLINE C operator()(C x) const { return x / lam; }
  C lam;
};

struct GammaSampler {
  GammaSampler(double alpha, double scale) : draw(alpha), beta(scale) {}
  double operator()(const PhiloxGenerator& random, uint64_t element) const {
    return draw(random, element) * beta;
  }
  GammaDraw draw;
  double beta;
};

struct PoissonSampler {
  PoissonSampler(double lam, double) : draw(lam) {}
  double operator()(const PhiloxGenerator& random, uint64_t element) const {
    return draw(random, element);
  }
  PoissonDraw draw;
};

// Poisson, with a mean that has a gamma distribution of this shape and scale.
struct MixedPoissonSampler {
  double operator()(const PhiloxGenerator& random, uint64_t element) const {
    // The attempts of the mean are the lower ones.
    return PoissonDraw(mean(random, element))(random, element, 1 << 15);
  }
  GammaSampler mean;
};

struct NegativeBinomialSampler : MixedPoissonSampler {
  NegativeBinomialSampler(double k, double p)
      : MixedPoissonSampler{GammaSampler(k, (1 - p) / p)} {}
};

struct GeneralizedNegativeBinomialSampler {
  GeneralizedNegativeBinomialSampler(double mu, double alpha)
      : fixed(mu),
        mixed{GammaSampler(1 / alpha, mu * alpha)},
        dispersed(alpha > 0) {}
  double operator()(const PhiloxGenerator& random, uint64_t element) const {
    return dispersed ? mixed(random, element) : fixed(random, element);
  }
  PoissonDraw fixed;
  MixedPoissonSampler mixed;
  bool dispersed;
};

// The samples [begin, end). REQUIRES: begin is a multiple of kRandomTile.
template <typename Sampler, typename C>
void SampleBlock(const PhiloxGenerator& random, const ParamRows& params,
                 int64_t row_size, DType dtype, std::byte* out, int64_t begin,
                 int64_t end) {
  const auto param_size = static_cast<int64_t>(DTypeSize(params.dtype));
  const auto out_size = static_cast<int64_t>(DTypeSize(dtype));
  C tile[kRandomTile];
  double tile_params[2][kRandomTile];
  for (; begin < end; begin += kRandomTile) {
    const int64_t tile_end = std::min(end, begin + kRandomTile);
    const int64_t first_row = begin / row_size;
    const int64_t num_rows = (tile_end - 1) / row_size + 1 - first_row;
    for (size_t i = 0; i < 2; ++i) {
      if (params.values[i] == nullptr) continue;
      ConvertElements(params.dtype,
                      static_cast<const std::byte*>(params.values[i]) +
                          first_row * param_size,
                      DType::kFloat64, tile_params[i], num_rows);
    }
    if constexpr (requires { Sampler::kFill; }) {
      Sampler::kFill(random, static_cast<uint64_t>(begin / kRandomTile),
                     &tile[0]);
    }
    for (int64_t row = 0; row < num_rows; ++row) {
      const Sampler sampler(tile_params[0][row], params.values[1] == nullptr
                                                     ? 0
                                                     : tile_params[1][row]);
      const int64_t from = std::max((first_row + row) * row_size, begin);
      const int64_t to = std::min((first_row + row + 1) * row_size, tile_end);
      if constexpr (requires { Sampler::kFill; }) {
        Vectorize([sampler, x = tile + (from - begin), n = to - from]()
                      MINNOW_INLINE {
                        for (int64_t i = 0; i < n; ++i) x[i] = sampler(x[i]);
                      });
      } else {
        for (int64_t i = from; i < to; ++i) {
          tile[i - begin] =
              static_cast<C>(sampler(random, static_cast<uint64_t>(i)));
        }
      }
    }
    ConvertElements(DTypeOf<C>, tile, dtype, out + begin * out_size,
                    tile_end - begin);
  }
}

template <typename C>
auto BlockOf(Distribution d) {
  switch (d) {
    case Distribution::kNormal:
      return SampleBlock<NormalSampler<C>, C>;
    case Distribution::kExponential:
      return SampleBlock<ExponentialSampler<C>, C>;
    case Distribution::kGamma:
      return SampleBlock<GammaSampler, C>;
    case Distribution::kPoisson:
      return SampleBlock<PoissonSampler, C>;
    case Distribution::kNegativeBinomial:
      return SampleBlock<NegativeBinomialSampler, C>;
    case Distribution::kGeneralizedNegativeBinomial:
      return SampleBlock<GeneralizedNegativeBinomialSampler, C>;
    case Distribution::kUniform:
      break;
  }
  return SampleBlock<UniformSampler<C>, C>;
}

}  // namespace

const char* ExpectedParam(Distribution d, size_t i, double value) {
  const bool finite = std::isfinite(value);
  switch (d) {
    case Distribution::kUniform:
      return finite ? nullptr : "a finite number";
    case Distribution::kNormal:
      if (i == 0) return std::isnan(value) ? "a number" : nullptr;
      [[fallthrough]];
    case Distribution::kExponential:
      return value >= 0 ? nullptr : "a number >= 0";
    case Distribution::kNegativeBinomial:
      if (i == 1) {
        return value > 0 && value <= 1 ? nullptr : "a number in (0, 1]";
      }
      [[fallthrough]];
    default:
      return finite && value >= 0 ? nullptr : "a finite number >= 0";
  }
}

void SampleRows(const RunContext& context, Distribution d,
                const ParamRows& params, DType dtype, void* out, int64_t size) {
  if (size == 0) return;
  static_assert(kElementwiseGrain % kRandomTile == 0);
  const PhiloxGenerator random(context.random);
  const auto block =
      dtype == DType::kFloat64 ? BlockOf<double>(d) : BlockOf<float>(d);
  // Without vector code an element takes far longer.
  const bool fast = d == Distribution::kUniform || d == Distribution::kNormal ||
                    d == Distribution::kExponential;
  ParallelFor(*context.threads, size,
              fast ? kElementwiseGrain : 4 * kRandomTile,
              [&](int64_t begin, int64_t end) {
                block(random, params, size / params.rows, dtype,
                      static_cast<std::byte*>(out), begin, end);
              });
}

absl::Status MergeSampleDType(DTypeInference& node,
                              const std::optional<DType>& dtype) {
  const DType type = dtype.value_or(DType::kFloat32);
  if (!IsFloating(type)) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'dtype': expected a floating type or None, "
                     "found ",
                     DTypeName(type)));
  }
  return node.MergeOutput(0, type);
}

}  // namespace minnow
