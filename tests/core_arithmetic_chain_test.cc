#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/arithmetic_chain.h"
#include "minnow/core/simd.h"

namespace minnow {
namespace {

template <typename T>
T Apply(Arithmetic op, T x, T operand) {
  switch (op) {
    case Arithmetic::kNone:
      return x;
    case Arithmetic::kAdd:
      return x + operand;
    case Arithmetic::kSubtract:
      return x - operand;
    case Arithmetic::kSubtractFrom:
      return operand - x;
    case Arithmetic::kMultiply:
      return x * operand;
    case Arithmetic::kDivide:
      return x / operand;
    case Arithmetic::kDivideInto:
      return operand / x;
  }
  return x;
}

template <typename T>
class ArithmeticChainTest : public testing::Test {
 protected:
  size_t Below(size_t n) { return random_() % n; }

  Arithmetic AnyOperation() { return static_cast<Arithmetic>(1 + Below(6)); }

  // Zeros of both signs, infinities, numbers far apart.
  T AnyNumber() {
    using Limits = std::numeric_limits<T>;
    static constexpr T kSpecial[] = {T{0},
                                     T{-0.0},
                                     Limits::infinity(),
                                     Limits::max(),
                                     -Limits::denorm_min(),
                                     Limits::min()};
    if (Below(8) == 0) return kSpecial[Below(std::size(kSpecial))];
    return std::uniform_real_distribution<T>(-2, 2)(random_);
  }

  std::vector<T> AnyNumbers(size_t n) {
    std::vector<T> numbers(n);
    for (T& x : numbers) x = AnyNumber();
    return numbers;
  }

  // All bits, but for those of NaN.
  static bool AreSame(T x, T y) {
    return (std::isnan(x) && std::isnan(y)) ||
           std::memcmp(&x, &y, sizeof(T)) == 0;
  }

 private:
  std::mt19937_64 random_{1};
};

using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(ArithmeticChainTest, Floats);

TYPED_TEST(ArithmeticChainTest, HasTheBitsOfALoopForEachOperation) {
  using T = TypeParam;
  constexpr T kSentinel = 123;
  for (const Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    for (size_t n = 0; n <= 300; ++n) {
      const std::vector<T> x = this->AnyNumbers(n);
      const bool in_place = this->Below(2) == 0;
      std::vector<T> y(n + 2, kSentinel);
      if (in_place) std::copy(x.begin(), x.end(), y.begin() + 1);
      std::vector<T> expected = x;
      ArithmeticChain<T> chain;
      std::vector<std::vector<T>> arrays(this->Below(5));
      for (std::vector<T>& array : arrays) array = this->AnyNumbers(n);
      const size_t operations = 1 + this->Below(ArithmeticChain<T>::kCapacity);
      for (size_t k = 0; k < operations; ++k) {
        const Arithmetic op = this->AnyOperation();
        if (arrays.empty() || this->Below(4) > 0) {
          const T number = this->AnyNumber();
          chain.Append(op, number);
          for (T& value : expected) value = Apply(op, value, number);
        } else {
          const std::vector<T>& array = arrays[this->Below(arrays.size())];
          chain.Append(op, array.data());
          for (size_t i = 0; i < n; ++i) {
            expected[i] = Apply(op, expected[i], array[i]);
          }
        }
      }
      chain.Run(in_place ? y.data() + 1 : x.data(), y.data() + 1,
                static_cast<int64_t>(n));
      for (size_t i = 0; i < n; ++i) {
        ASSERT_TRUE(this->AreSame(y[i + 1], expected[i]))
            << "element " << i << " of " << n << ": " << y[i + 1]
            << ", expected " << expected[i];
      }
      EXPECT_EQ(y.front(), kSentinel);
      EXPECT_EQ(y.back(), kSentinel);
    }
  }
}

TYPED_TEST(ArithmeticChainTest, AnOperandMayBeWhereTheResultGoes) {
  using T = TypeParam;
  const std::vector<T> x = this->AnyNumbers(100);
  std::vector<T> y = this->AnyNumbers(100);
  const std::vector<T> operand = y;
  ArithmeticChain<T> chain;
  chain.Append(Arithmetic::kSubtract, y.data());
  chain.Append(Arithmetic::kMultiply, T{3});
  chain.Run(x.data(), y.data(), 100);
  for (size_t i = 0; i < y.size(); ++i) {
    EXPECT_TRUE(this->AreSame(y[i], (x[i] - operand[i]) * 3)) << i;
  }
}

TYPED_TEST(ArithmeticChainTest, WithoutOperationsItCopies) {
  using T = TypeParam;
  const std::vector<T> x = {1, 2, 3};
  std::vector<T> y(3);
  ArithmeticChain<T>().Run(x.data(), y.data(), 3);
  EXPECT_EQ(y, x);
}

TEST(ArithmeticTest, ReversedExchangesTheOperands) {
  for (int op = 0; op <= 6; ++op) {
    const auto arithmetic = static_cast<Arithmetic>(op);
    if (arithmetic == Arithmetic::kNone) continue;
    EXPECT_EQ(Apply(Reversed(arithmetic), 3.0, 7.0),
              Apply(arithmetic, 7.0, 3.0))
        << op;
  }
}

}  // namespace
}  // namespace minnow
