#include "minnow/core/philox.h"

#include <cmath>
#include <numbers>

namespace minnow {

double Normal(PhiloxBits bits) {
  // 1 - u is in (0, 1], so that the logarithm is finite.
  const double radius =
      std::sqrt(-2 * std::log(1 - UniformDouble(bits[0], bits[1])));
  return radius *
         std::cos(2 * std::numbers::pi * UniformDouble(bits[2], bits[3]));
}

}  // namespace minnow
