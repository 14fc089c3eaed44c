#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/philox.h"
#include "minnow/core/simd.h"

namespace minnow {
namespace {

// The known answers that Random123, the authors' library, is tested with
// (philox4x32 with 10 rounds in its file kat_vectors).
struct KnownAnswer {
  uint64_t key;
  PhiloxBits counter;
  PhiloxBits bits;
};
constexpr KnownAnswer kKnownAnswers[] = {
    {0, {0, 0, 0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {~uint64_t{0},
     {~0u, ~0u, ~0u, ~0u},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    // The digits of pi.
    {0x299f31d0a4093822,
     {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};

TEST(PhiloxTest, GivesThePublishedAnswers) {
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    for (const KnownAnswer& known : kKnownAnswers) {
      // Many at once, so that the loop is vector code.
      std::vector<PhiloxBits> bits(67);
      Vectorize([&known, n = bits.size(), out = bits.data()]() MINNOW_INLINE {
        for (size_t i = 0; i < n; ++i)
          out[i] = Philox(known.key, known.counter);
      });
      for (const PhiloxBits& found : bits) EXPECT_EQ(found, known.bits);
    }
  }
}

TEST(PhiloxTest, EveryPartOfTheKeyMatters) {
  const RandomKey key{.seed = 1, .stream = 2, .run = 3};
  constexpr uint64_t kHigh = uint64_t{1} << 40;  // In the upper 32 bits.
  std::set<PhiloxBits> seen;
  seen.insert(PhiloxGenerator(key)(4, 5));
  for (RandomKey other : {RandomKey{.seed = 2, .stream = 2, .run = 3},
                          RandomKey{.seed = 1 + kHigh, .stream = 2, .run = 3},
                          RandomKey{.seed = 1, .stream = 1, .run = 3},
                          RandomKey{.seed = 1, .stream = 2 + kHigh, .run = 3},
                          RandomKey{.seed = 1, .stream = 2, .run = 4},
                          RandomKey{.seed = 1, .stream = 2, .run = 3 + kHigh},
                          RandomKey{.seed = 2, .stream = 1, .run = 3}}) {
    seen.insert(PhiloxGenerator(other)(4, 5));
  }
  seen.insert(PhiloxGenerator(key)(5, 5));
  seen.insert(PhiloxGenerator(key)(4 + kHigh, 5));
  seen.insert(PhiloxGenerator(key)(4, 6));
  seen.insert(PhiloxGenerator(key)(5, 4));
  EXPECT_EQ(seen.size(), 12) << "Two of twelve keys gave the same bits.";
  EXPECT_EQ(PhiloxGenerator(key)(4, 5), PhiloxGenerator(key)(4, 5));
}

TEST(PhiloxTest, UniformNumbersStayBelowOne) {
  EXPECT_EQ(UniformFloat(0), 0.0f);
  EXPECT_EQ(UniformFloat(~0u), 1 - 0x1p-24f);
  EXPECT_EQ(UniformFloat(0x100), 0x1p-24f);
  EXPECT_EQ(UniformDouble(0, 0), 0.0);
  EXPECT_EQ(UniformDouble(~0u, ~0u), 1 - 0x1p-53);
  EXPECT_EQ(UniformDouble(0x80000000, 0), 0.5);
}

// The moments of n numbers, which must be within five standard errors.
TEST(PhiloxTest, NormalNumbersHaveTheMomentsOfTheDistribution) {
  const PhiloxGenerator random(RandomKey{.seed = 1});
  constexpr int kN = 100'000;
  double moments[5] = {};
  for (uint64_t i = 0; i < kN; ++i) {
    const double x = Normal(random(i));
    ASSERT_TRUE(std::isfinite(x));
    for (int power = 1; power < 5; ++power) {
      moments[power] += std::pow(x, power) / kN;
    }
  }
  // E[x^k] is 0, 1, 0, 3; the variance of x^k is 1, 2, 15, 96.
  const auto error = [](double variance) {
    return 5 * std::sqrt(variance / kN);
  };
  EXPECT_NEAR(moments[1], 0, error(1));
  EXPECT_NEAR(moments[2], 1, error(2));
  EXPECT_NEAR(moments[3], 0, error(15));
  EXPECT_NEAR(moments[4], 3, error(96));
}

TEST(PhiloxTest, ExtremeBitsGiveFiniteNormalNumbers) {
  for (uint32_t a : {0u, ~0u}) {
    for (uint32_t b : {0u, ~0u}) {
      EXPECT_TRUE(std::isfinite(Normal({a, a, b, b})));
    }
  }
}

}  // namespace
}  // namespace minnow
