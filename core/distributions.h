// Samples of distributions, element by element: each is a function of the
// generator and the element's number, so any thread can draw it.
//
//   const PhiloxGenerator random(key);
//   float tile[kRandomTile];
//   FillNormal(random, t, tile);  // Elements [512 t, 512 t + 512).
//
//   const GammaDraw draw(alpha);
//   double x = draw(random, element);
//
// The first kind makes a tile of standard samples at once, with vector code;
// the second kind, which rejects some draws, one element.
//
// Thread safety: all of it may be used from any number of threads.
#ifndef MINNOW_CORE_DISTRIBUTIONS_H_
#define MINNOW_CORE_DISTRIBUTIONS_H_

#include <cstdint>

#include "minnow/core/philox.h"

namespace minnow {

// Elements of a tile.
inline constexpr int64_t kRandomTile = 512;

// Uniform in [0, 1): multiples of 2^-24, or of 2^-53.
void FillUniform(const PhiloxGenerator& random, uint64_t tile, float* out);
void FillUniform(const PhiloxGenerator& random, uint64_t tile, double* out);

// Normal with mean 0 and variance 1.
void FillNormal(const PhiloxGenerator& random, uint64_t tile, float* out);
void FillNormal(const PhiloxGenerator& random, uint64_t tile, double* out);

// Exponential with mean 1; positive.
void FillExponential(const PhiloxGenerator& random, uint64_t tile, float* out);
void FillExponential(const PhiloxGenerator& random, uint64_t tile, double* out);

// Gamma with this shape and scale 1 (G. Marsaglia, W. Tsang, 2000).
// REQUIRES: alpha >= 0, finite. The samples of 0 are 0.
class GammaDraw {
 public:
  explicit GammaDraw(double alpha);
  double operator()(const PhiloxGenerator& random, uint64_t element) const;

 private:
  double boost_;  // Not 0 for alpha < 1: the power of a uniform factor.
  double d_, c_;
  bool zero_;
};

// Poisson: by inversion where lam is small, by transformed rejection (W.
// Hoermann, 1993) where it is large, and a rounded normal where that is the
// same in double precision. REQUIRES: lam >= 0, finite.
class PoissonDraw {
 public:
  explicit PoissonDraw(double lam);
  // Draws of other distributions for the same element use attempts below
  // `attempt`.
  double operator()(const PhiloxGenerator& random, uint64_t element,
                    uint16_t attempt = 0) const;

 private:
  double lam_;
  double exp_minus_lam_ = 0;
  double b_ = 0, a_ = 0, inverse_alpha_ = 0, v_r_ = 0, log_lam_ = 0;
};

// Uniform among the integers [0, n), without bias. REQUIRES: n > 0.
uint64_t UniformBelow(const PhiloxGenerator& random, uint64_t element,
                      uint64_t n);

}  // namespace minnow

#endif  // MINNOW_CORE_DISTRIBUTIONS_H_
