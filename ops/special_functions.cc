#include "minnow/ops/special_functions.h"

#include <math.h>  // lgamma_r

#include <cmath>
#include <limits>
#include <numbers>

namespace minnow {
namespace {

constexpr double kSqrtPi = 1 / std::numbers::inv_sqrtpi;

// Within 1 % of Erfinv(y), for y in (0, 1): near 0 the first terms of its
// series, then S. Winitzki, "A handy approximation for the error function and
// its inverse" (2008).
double ApproximateErfinv(double y) {
  if (y < 0.5) {
    const double square = y * y;
    return kSqrtPi / 2 * y *
           (1 + square * (std::numbers::pi / 12 + square * 0.14393173));
  }
  constexpr double kA = 0.147;
  const double log = std::log((1 - y) * (1 + y));
  const double t = 2 / (std::numbers::pi * kA) + log / 2;
  return std::sqrt(std::sqrt(t * t - log / kA) - t);
}

}  // namespace

double Erfinv(double y) {
  const double target = std::fabs(y);
  if (!(target < 1)) {
    return target == 1
               ? std::copysign(std::numeric_limits<double>::infinity(), y)
               : std::numeric_limits<double>::quiet_NaN();
  }
  if (target == 0) return y;
  double x = ApproximateErfinv(target);
  // Halley's method triples the number of right digits: 2, 6, 18.
  for (int step = 0; step < 3; ++step) {
    // 1 - target is exact in the second case.
    const double error =
        target < 0.5 ? std::erf(x) - target : (1 - target) - std::erfc(x);
    const double newton = error * kSqrtPi / 2 * std::exp(x * x);
    x -= newton / (1 + x * newton);
  }
  return std::copysign(x, y);
}

// Abramowitz and Stegun, "Handbook of Mathematical Functions", 6.3.5, 6.3.7 and
// 6.3.18.
double Digamma(double x) {
  if (x <= 0) {
    if (x == std::floor(x)) return std::numeric_limits<double>::quiet_NaN();
    // The fraction alone matters to the tangent.
    const double fraction = x - std::floor(x);
    return Digamma(1 - x) -
           std::numbers::pi / std::tan(std::numbers::pi * fraction);
  }
  double sum = 0;
  for (; x < 10; ++x) sum -= 1 / x;
  const double z = 1 / (x * x);
  const double series =
      z *
      (1.0 / 12 -
       z * (1.0 / 120 -
            z * (1.0 / 252 -
                 z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 -
                                                        z * (1.0 / 12)))))));
  return sum + std::log(x) - 0.5 / x - series;
}

double LogGamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

}  // namespace minnow
