#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "hwy/targets.h"
#include "minnow/core/simd.h"

namespace minnow {
namespace {

TEST(SimdTest, SupportsTheBaselineAndTheBest) {
  ASSERT_FALSE(SupportedIsas().empty());
  EXPECT_EQ(SupportedIsas().front(), Isa::kBaseline);
  EXPECT_EQ(SupportedIsas().back(), BestIsa());
  EXPECT_EQ(ActiveIsa(), BestIsa());
}

TEST(SimdTest, AScopeChoosesForAllThreadsAndGivesBack) {
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    EXPECT_EQ(ActiveIsa(), isa);
    std::thread([isa] { EXPECT_EQ(ActiveIsa(), isa); }).join();
    {
      const ScopedIsa inner(Isa::kBaseline);
      EXPECT_EQ(ActiveIsa(), Isa::kBaseline);
    }
    EXPECT_EQ(ActiveIsa(), isa);
  }
  EXPECT_EQ(ActiveIsa(), BestIsa());
}

TEST(SimdTest, AScopeChoosesForHighwayToo) {
  std::vector<int64_t> targets;
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    for (int64_t target : targets) {
      EXPECT_NE(hwy::SupportedTargets(), target) << "Two scopes are the same.";
    }
    targets.push_back(hwy::SupportedTargets());
  }
}

// Division, and products whose sum a fused multiply-add would round once
// instead of twice: where two copies differ, it is by the last bit.
template <typename T>
std::vector<T> Compute(const std::vector<T>& x) {
  std::vector<T> y(x.size());
  Vectorize([n = x.size(), x = x.data(), y = y.data()]() MINNOW_INLINE {
    for (size_t i = 0; i < n; ++i) {
      y[i] = (x[i] * x[i] + T{3} * x[i] - x[i] / T{7}) / (x[i] + T{2});
    }
  });
  return y;
}

template <typename T>
class SameBitsTest : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(SameBitsTest, Floats);

TYPED_TEST(SameBitsTest, OnEveryInstructionSetAndAtEveryLength) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<TypeParam> unit(-1, 1);
  for (size_t n = 0; n <= 70; ++n) {
    std::vector<TypeParam> x(n);
    for (TypeParam& v : x) v = unit(random);
    std::vector<TypeParam> expected;
    for (Isa isa : SupportedIsas()) {
      const ScopedIsa scope(isa);
      const std::vector<TypeParam> y = Compute(x);
      if (isa == Isa::kBaseline) expected = y;
      EXPECT_EQ(y, expected)
          << n << " elements on instruction set " << static_cast<int>(isa);
    }
  }
}

}  // namespace
}  // namespace minnow
