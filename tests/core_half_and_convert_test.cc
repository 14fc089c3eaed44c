#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/convert.h"
#include "minnow/core/dtype.h"
#include "minnow/core/half.h"
#include "minnow/core/simd.h"

namespace minnow {
namespace {

// What IEEE 754 says of a 16-bit format, apart from how half.h computes it.
template <typename Half>
struct Format;
template <>
struct Format<Float16> {
  static constexpr int kFractionBits = 10;
  static constexpr int kMinExponent = -14;  // Of the normal numbers.
  static constexpr int kMaxExponent = 15;
};
template <>
struct Format<BFloat16> {
  static constexpr int kFractionBits = 7;
  static constexpr int kMinExponent = -126;
  static constexpr int kMaxExponent = 127;
};

// The value that the bits stand for.
template <typename Half>
double Meaning(uint16_t bits) {
  using F = Format<Half>;
  const int fraction = bits & ((1 << F::kFractionBits) - 1);
  const int exponent = (bits & 0x7fff) >> F::kFractionBits;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == F::kMaxExponent - F::kMinExponent + 2) {
    return fraction == 0 ? sign * HUGE_VAL : NAN;
  }
  const int normal = exponent == 0 ? 0 : 1 << F::kFractionBits;
  return sign *
         std::ldexp(normal + fraction, F::kMinExponent - F::kFractionBits +
                                           std::max(exponent, 1) - 1);
}

// The multiple of the last place nearest to `value`, to the even one at a tie;
// with infinity beyond the largest number. std::nearbyint does the rounding.
template <typename Half>
double Rounded(double value) {
  using F = Format<Half>;
  if (value == 0 || !std::isfinite(value)) return value;
  const int exponent = std::max(std::ilogb(value), F::kMinExponent);
  const int last_place = exponent - F::kFractionBits;
  const double rounded =
      std::ldexp(std::nearbyint(std::ldexp(value, -last_place)), last_place);
  return std::abs(rounded) >= std::ldexp(1.0, F::kMaxExponent + 1)
             ? std::copysign(HUGE_VAL, value)
             : rounded;
}

// Equal, with the sign of zero; any NaN equals any other.
bool Same(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b && std::signbit(a) == std::signbit(b);
}

template <typename Half>
std::vector<Half> AllHalves() {
  std::vector<Half> all(0x10000);
  for (size_t i = 0; i < all.size(); ++i) {
    all[i] = Half::FromBits(static_cast<uint16_t>(i));
  }
  return all;
}

template <typename Half>
class HalfTest : public testing::Test {};
using Halves = testing::Types<Float16, BFloat16>;
TYPED_TEST_SUITE(HalfTest, Halves);

TYPED_TEST(HalfTest, EveryValueIsExactAsFloatAndComesBack) {
  using Half = TypeParam;
  const std::vector<Half> all = AllHalves<Half>();
  std::vector<float> floats(all.size());
  std::vector<Half> back(all.size());
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    Vectorize([n = all.size(), from = all.data(), to = floats.data(),
               again = back.data()]() MINNOW_INLINE {
      for (size_t i = 0; i < n; ++i) to[i] = from[i];
      for (size_t i = 0; i < n; ++i) again[i] = Half(to[i]);
    });
    for (size_t i = 0; i < all.size(); ++i) {
      const uint16_t bits = all[i].bits();
      EXPECT_TRUE(Same(floats[i], Meaning<Half>(bits)))
          << "bits " << bits << " became " << floats[i];
      if (std::isnan(floats[i])) {
        EXPECT_TRUE(std::isnan(Meaning<Half>(back[i].bits()))) << bits;
      } else {
        EXPECT_EQ(back[i].bits(), bits);
      }
    }
  }
}

TYPED_TEST(HalfTest, FloatsRoundToTheNearestTiesToEven) {
  using Half = TypeParam;
  std::vector<float> floats;
  // Each value, the middle between it and the next one, and the neighbours of
  // that middle, where a wrong rounding would show.
  for (Half half : AllHalves<Half>()) {
    const double value = Meaning<Half>(half.bits());
    const double next = Meaning<Half>(static_cast<uint16_t>(half.bits() + 1));
    const float middle = static_cast<float>((value + next) / 2);
    for (float x : {static_cast<float>(value), middle,
                    std::nextafterf(middle, -HUGE_VALF),
                    std::nextafterf(middle, HUGE_VALF)}) {
      floats.push_back(x);
    }
  }
  const float top = static_cast<float>(
      std::ldexp(2 - std::ldexp(1.0, -Format<Half>::kFractionBits - 1),
                 Format<Half>::kMaxExponent));
  for (float x :
       {top, std::nextafterf(top, 0), HUGE_VALF, 0.0f,
        std::numeric_limits<float>::max(), std::numeric_limits<float>::min(),
        std::numeric_limits<float>::denorm_min(),
        std::numeric_limits<float>::quiet_NaN(),
        std::numeric_limits<float>::signaling_NaN()}) {
    floats.push_back(x);
    floats.push_back(-x);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 500'000; ++i) {
    floats.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  }

  std::vector<Half> halves(floats.size());
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    Vectorize([n = floats.size(), from = floats.data(), to = halves.data()]()
                  MINNOW_INLINE {
                    for (size_t i = 0; i < n; ++i) to[i] = Half(from[i]);
                  });
    for (size_t i = 0; i < floats.size(); ++i) {
      ASSERT_TRUE(
          Same(Meaning<Half>(halves[i].bits()), Rounded<Half>(floats[i])))
          << floats[i] << " became bits " << halves[i].bits()
          << " on instruction set " << static_cast<int>(isa);
    }
  }
}

template <typename From>
class ConvertTest : public testing::Test {};
using Sources = testing::Types<float, double, Float16, BFloat16>;
TYPED_TEST_SUITE(ConvertTest, Sources);

// Calls f.operator()<To>() for the integer types of arrays.
template <typename F>
void ForEachIntegerType(const F& f) {
  f.template operator()<int8_t>();
  f.template operator()<uint8_t>();
  f.template operator()<int32_t>();
  f.template operator()<int64_t>();
}

TYPED_TEST(ConvertTest, FloatsAreCutTowardsZeroAndSaturate) {
  using From = TypeParam;
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> unit(-1, 1);
  std::vector<double> numbers = {NAN, HUGE_VAL, -HUGE_VAL, 0.0, -0.0};
  for (int exponent = -3; exponent < 66; ++exponent) {
    for (int i = 0; i < 100; ++i) {
      numbers.push_back(std::ldexp(unit(random), exponent));
    }
    for (double power :
         {std::ldexp(1.0, exponent), -std::ldexp(1.0, exponent)}) {
      numbers.insert(numbers.end(),
                     {power, power - 1, power + 1, std::nextafter(power, 0)});
    }
  }
  for (double number : numbers) {
    const From from = Convert<From>(number);
    const long double value = static_cast<ComputeType<From>>(from);
    ForEachIntegerType([&]<typename To>() {
      using Limits = std::numeric_limits<To>;
      const long double clamped = std::clamp<long double>(
          std::trunc(value), Limits::min(), Limits::max());
      const To expected = std::isnan(value) ? To{0} : static_cast<To>(clamped);
      EXPECT_EQ(Convert<To>(from), expected)
          << static_cast<double>(value) << " to "
          << std::string(DTypeName(DTypeOf<To>));
    });
    EXPECT_EQ(Convert<bool>(from), value != 0);
  }
}

TEST(ConvertIntegersTest, AreTakenModuloTheSizeOfTheType) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 10'000; ++i) {
    const int64_t value = static_cast<int64_t>(random()) >> (random() % 64);
    EXPECT_EQ(static_cast<uint8_t>(Convert<int8_t>(value)),
              static_cast<uint64_t>(value) % 256);
    EXPECT_EQ(Convert<uint8_t>(value), static_cast<uint64_t>(value) % 256);
    EXPECT_EQ(static_cast<uint32_t>(Convert<int32_t>(value)),
              static_cast<uint64_t>(value) % (uint64_t{1} << 32));
    EXPECT_EQ(Convert<bool>(value), value != 0);
    EXPECT_EQ(Convert<double>(value), static_cast<double>(value));
  }
}

}  // namespace
}  // namespace minnow
