#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <random>
#include <thread>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/simd.h"
#include "minnow/core/vector_math.h"

namespace minnow {
namespace {

long double ExactSigmoid(long double x) { return 1 / (1 + std::exp(-x)); }
long double ExactSoftrelu(long double x) {
  return std::max(x, 0.0L) + std::log1p(std::exp(-std::abs(x)));
}

template <typename T>
struct Function {
  const char* name;
  void (*run)(absl::Span<const T> x, absl::Span<T> y);
  long double (*exact)(long double x);
};

template <typename T>
constexpr Function<T> kFunctions[] = {{"Exp", Exp, std::exp},
                                      {"Expm1", Expm1, std::expm1},
                                      {"Log", Log, std::log},
                                      {"Log10", Log10, std::log10},
                                      {"Log1p", Log1p, std::log1p},
                                      {"Log2", Log2, std::log2},
                                      {"Sin", Sin, std::sin},
                                      {"Cos", Cos, std::cos},
                                      {"Sinh", Sinh, std::sinh},
                                      {"Cosh", Cosh, std::cosh},
                                      {"Asin", Asin, std::asin},
                                      {"Acos", Acos, std::acos},
                                      {"Atan", Atan, std::atan},
                                      {"Asinh", Asinh, std::asinh},
                                      {"Acosh", Acosh, std::acosh},
                                      {"Atanh", Atanh, std::atanh},
                                      {"Tanh", Tanh, std::tanh},
                                      {"Erf", Erf, std::erf},
                                      {"Sigmoid", Sigmoid, ExactSigmoid},
                                      {"Softrelu", Softrelu, ExactSoftrelu}};

// The distance of `found` from `exact` in units of the last place that T has
// there. Infinity counts as the number that follows the largest one.
template <typename T>
double UlpError(T found, long double exact) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(found) || std::isnan(exact)) {
    return std::isnan(found) && std::isnan(exact) ? 0 : HUGE_VAL;
  }
  const long double top = std::ldexp(1.0L, Limits::max_exponent);
  const long double a = std::clamp<long double>(found, -top, top);
  const long double b = std::clamp<long double>(exact, -top, top);
  const int exponent =
      std::max(b == 0 ? Limits::min_exponent : std::ilogb(b) + 1,
               int{Limits::min_exponent});
  return static_cast<double>(std::abs(a - b) /
                             std::ldexp(1.0L, exponent - Limits::digits));
}

// Numbers of all magnitudes, NaN among them, and many where the functions bend.
template <typename T>
std::vector<T> RandomInputs(size_t n, uint64_t seed) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<T> unit(-1, 1);
  const T ranges[] = {T{1e-3}, 1, 2, 20, 110, 800, 40'000};
  std::vector<T> x(n);
  for (size_t i = 0; i < n; ++i) {
    x[i] = i % 2 == 0 ? std::bit_cast<T>(static_cast<Bits>(random()))
                      : unit(random) * ranges[random() % std::size(ranges)];
  }
  return x;
}

template <typename T>
bool SameBits(absl::Span<const T> a, absl::Span<const T> b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <typename T>
class VectorMathTest : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(VectorMathTest, Floats);

TYPED_TEST(VectorMathTest, IsWithinFourUnitsOfTheExactValue) {
  using T = TypeParam;
  const std::vector<T> x = RandomInputs<T>(200'000, 1);
  std::vector<T> y(x.size());
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    for (const Function<T>& f : kFunctions<T>) {
      f.run(x, absl::MakeSpan(y));
      double worst = -1;
      size_t at = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        const double error = UlpError(y[i], f.exact(x[i]));
        if (error > worst) {
          worst = error;
          at = i;
        }
      }
      EXPECT_LE(worst, 4) << f.name << "(" << x[at] << ") = " << y[at]
                          << " on instruction set " << static_cast<int>(isa);
    }
  }
}

TYPED_TEST(VectorMathTest, AgreesWithTheStandardLibraryAtTheEdges) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  const T infinity = Limits::infinity();
  std::vector<T> x = {0,
                      Limits::denorm_min(),
                      Limits::min(),
                      Limits::epsilon(),
                      Limits::epsilon() / 2,
                      1,
                      std::nextafter(T{1}, T{0}),
                      std::nextafter(T{1}, T{2}),
                      2,
                      1000,
                      100'000,
                      Limits::max(),
                      infinity,
                      Limits::quiet_NaN()};
  // The arguments at which exp leaves the finite, normal and positive numbers.
  for (T bound : {std::log(Limits::max()), std::log(Limits::min()),
                  std::log(Limits::denorm_min())}) {
    x.insert(x.end(), {bound, std::nextafter(bound, infinity),
                       std::nextafter(bound, -infinity), bound - 1, bound + 1});
  }
  for (size_t i = 0, n = x.size(); i < n; ++i) x.push_back(-x[i]);

  std::vector<T> y(x.size());
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    for (const Function<T>& f : kFunctions<T>) {
      f.run(x, absl::MakeSpan(y));
      for (size_t i = 0; i < x.size(); ++i) {
        const long double exact = f.exact(x[i]);
        EXPECT_LE(UlpError(y[i], exact), 4)
            << f.name << "(" << x[i] << ") = " << y[i] << " on instruction set "
            << static_cast<int>(isa);
        if (exact == 0) {
          EXPECT_EQ(std::signbit(y[i]), std::signbit(exact))
              << f.name << "(" << x[i] << ") = " << y[i];
        }
      }
    }
  }
}

TYPED_TEST(VectorMathTest, SaturatesWhereTheValueDoes) {
  using T = TypeParam;
  const T infinity = std::numeric_limits<T>::infinity();
  const auto value = [](const auto& function, T x) {
    function(absl::MakeConstSpan(&x, 1), absl::MakeSpan(&x, 1));
    return x;
  };
  const auto exp = [](auto x, auto y) { Exp(x, y); };
  const auto log = [](auto x, auto y) { Log(x, y); };
  const auto tanh = [](auto x, auto y) { Tanh(x, y); };
  const auto sigmoid = [](auto x, auto y) { Sigmoid(x, y); };
  const auto softrelu = [](auto x, auto y) { Softrelu(x, y); };
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    EXPECT_EQ(value(exp, -infinity), 0);
    EXPECT_EQ(value(exp, 1000), infinity);
    EXPECT_EQ(value(log, 0), -infinity);
    EXPECT_TRUE(std::isnan(value(log, -1)));
    EXPECT_EQ(value(tanh, -1000), -1);
    EXPECT_EQ(value(sigmoid, -1000), 0);
    EXPECT_EQ(value(sigmoid, 1000), 1);
    EXPECT_EQ(value(softrelu, -1000), 0);
    EXPECT_EQ(value(softrelu, 1000), 1000);
  }
}

TYPED_TEST(VectorMathTest, LogarithmsOfPowersOfTheBaseAreExact) {
  using T = TypeParam;
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    std::vector<T> x(11), y(11);
    for (size_t i = 0; i < x.size(); ++i) x[i] = std::pow(T{10}, T(i));
    Log10(x, absl::MakeSpan(y));
    for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(y[i], T(i));
    for (size_t i = 0; i < x.size(); ++i) x[i] = std::ldexp(T{1}, int(i) * 7);
    Log2(x, absl::MakeSpan(y));
    for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(y[i], T(i * 7));
  }
}

TYPED_TEST(VectorMathTest, AnElementDoesNotDependOnItsPlace) {
  using T = TypeParam;
  constexpr size_t kMax = 70;
  constexpr T kSentinel = 42;
  const std::vector<T> x = RandomInputs<T>(kMax, 2);
  for (Isa isa : SupportedIsas()) {
    const ScopedIsa scope(isa);
    for (const Function<T>& f : kFunctions<T>) {
      std::vector<T> one_by_one(kMax);
      for (size_t i = 0; i < kMax; ++i) {
        f.run(absl::MakeConstSpan(&x[i], 1), absl::MakeSpan(&one_by_one[i], 1));
      }
      for (size_t n = 0; n <= kMax; ++n) {
        std::vector<T> y(n + 2, kSentinel);
        f.run(absl::MakeConstSpan(x).first(n), absl::MakeSpan(&y[1], n));
        EXPECT_EQ(y.front(), kSentinel) << f.name << " wrote before its span";
        EXPECT_EQ(y.back(), kSentinel) << f.name << " wrote behind its span";
        EXPECT_TRUE(SameBits<T>(absl::MakeConstSpan(y).subspan(1, n),
                                absl::MakeConstSpan(one_by_one).first(n)))
            << f.name << " of " << n << " elements on instruction set "
            << static_cast<int>(isa);
      }
    }
  }
}

TYPED_TEST(VectorMathTest, WorksInPlaceAndInSeveralThreads) {
  using T = TypeParam;
  const std::vector<T> x = RandomInputs<T>(5'000, 3);
  for (const Function<T>& f : kFunctions<T>) {
    std::vector<T> expected(x.size());
    f.run(x, absl::MakeSpan(expected));
    std::vector<std::vector<T>> results(4, x);
    std::vector<std::thread> threads;
    for (std::vector<T>& y : results) {
      threads.emplace_back([&] { f.run(y, absl::MakeSpan(y)); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::vector<T>& y : results) {
      EXPECT_TRUE(SameBits<T>(y, expected)) << f.name;
    }
  }
}

}  // namespace
}  // namespace minnow
