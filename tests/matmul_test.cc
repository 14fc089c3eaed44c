#include "minnow/ops/matmul.h"

#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/buffer.h"
#include "minnow/core/dtype.h"

namespace minnow {
namespace {

struct Sizes {
  int64_t m, n, k;
};

template <typename T>
std::vector<T> RandomMatrix(int64_t size, std::mt19937& random) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<T> values;
  for (int64_t i = 0; i < size; ++i) {
    values.push_back(static_cast<T>(uniform(random)));
  }
  return values;
}

template <typename T>
struct Factors {
  Factors(const Sizes& s, uint32_t seed) {
    std::mt19937 random(seed);
    a = RandomMatrix<T>(s.m * s.k, random);
    b = RandomMatrix<T>(s.k * s.n, random);
    bias = RandomMatrix<T>(s.n, random);
  }
  std::vector<T> a, b, bias;
};

// C, computed into memory that holds NaN, with a NaN that stays behind it.
template <typename T>
std::vector<T> Multiply(const MatMulPlan& plan, const Factors<T>& x,
                        bool with_bias, int num_threads,
                        const ElementsConsumer& consumer = {}) {
  const T nan = static_cast<T>(std::numeric_limits<float>::quiet_NaN());
  std::vector<T> c(static_cast<size_t>(plan.batch * plan.m * plan.n + 1), nan);
  ThreadPool threads(num_threads);
  Buffer workspace = *Buffer::Allocate(plan.workspace_bytes);
  RunContext context;
  context.threads = &threads;
  context.consume = consumer;
  context.workspace = absl::MakeSpan(workspace.data(),
                                     static_cast<size_t>(plan.workspace_bytes));
  EXPECT_TRUE(MatMul<T>(context, plan, x.a.data(), x.b.data(),
                        with_bias ? x.bias.data() : nullptr, c.data())
                  .ok());
  EXPECT_TRUE(std::isnan(static_cast<float>(c.back())));
  c.pop_back();
  return c;
}

template <typename T>
double Epsilon() {
  switch (DTypeOf<T>) {
    case DType::kFloat64:
      return 0x1p-52;
    case DType::kFloat32:
      return 0x1p-23;
    case DType::kFloat16:
      return 0x1p-10;
    default:
      return 0x1p-7;
  }
}

template <typename T>
class MatMulTest : public testing::Test {};
using Elements = testing::Types<float, double, Float16, BFloat16>;
TYPED_TEST_SUITE(MatMulTest, Elements);

TYPED_TEST(MatMulTest, AgreesWithSumsInDouble) {
  using T = TypeParam;
  uint32_t seed = 0;
  for (const Sizes s :
       {Sizes{1, 1, 1}, Sizes{3, 5, 7}, Sizes{1, 40, 33}, Sizes{40, 1, 33},
        Sizes{33, 31, 1}, Sizes{70, 67, 130}, Sizes{17, 300, 64}}) {
    for (int flags = 0; flags < 8; ++flags) {
      const bool transpose_a = flags & 1, transpose_b = flags & 2;
      const bool with_bias = flags & 4;
      const Factors<T> x(s, ++seed);
      const auto plan = PlanMatMul<T>(s.m, s.n, s.k, transpose_a, transpose_b);
      const std::vector<T> c = Multiply(plan, x, with_bias, 2);
      for (int64_t i = 0; i < s.m; ++i) {
        for (int64_t j = 0; j < s.n; ++j) {
          double sum = with_bias ? static_cast<double>(x.bias[j]) : 0.0;
          double terms = std::fabs(sum);
          for (int64_t k = 0; k < s.k; ++k) {
            const double term =
                static_cast<double>(
                    x.a[transpose_a ? k * s.m + i : i * s.k + k]) *
                static_cast<double>(
                    x.b[transpose_b ? j * s.k + k : k * s.n + j]);
            sum += term;
            terms += std::fabs(term);
          }
          // Types of 16 bits are summed in float32 and rounded once.
          const double sum_epsilon =
              std::is_same_v<T, double> ? 0x1p-52 : 0x1p-23;
          ASSERT_NEAR(static_cast<double>(c[i * s.n + j]), sum,
                      Epsilon<T>() * std::fabs(sum) +
                          static_cast<double>(s.k + 1) * sum_epsilon * terms)
              << s.m << " x " << s.n << " x " << s.k << ", flags " << flags
              << ", element " << i << ", " << j;
        }
      }
    }
  }
}

TYPED_TEST(MatMulTest, HasTheSameBitsForAnyNumberOfThreads) {
  using T = TypeParam;
  const Sizes s = {150, 170, 190};
  for (int flags = 0; flags < 4; ++flags) {
    const auto plan = PlanMatMul<T>(s.m, s.n, s.k, flags & 1, flags & 2);
    // More blocks than one, with a smaller one at each end.
    ASSERT_LT(plan.block_m, s.m);
    ASSERT_LT(plan.block_n, s.n);
    ASSERT_NE(s.m % plan.block_m, 0);
    ASSERT_NE(s.n % plan.block_n, 0);
    const Factors<T> x(s, 1);
    const std::vector<T> one = Multiply(plan, x, true, 1);
    for (int num_threads : {2, 3, 8}) {
      const std::vector<T> more = Multiply(plan, x, true, num_threads);
      for (size_t i = 0; i < one.size(); ++i) {
        ASSERT_EQ(one[i], more[i]) << num_threads << " threads, element " << i;
      }
    }
  }
}

// Blocks of some rows, of two matrices that end with smaller ones.
TYPED_TEST(MatMulTest, GivesBlocksToAConsumerOnAnyNumberOfThreads) {
  using T = TypeParam;
  struct Result {
    std::vector<T> c;
    std::vector<std::atomic<int>> times;
  };
  const Sizes s = {90, 67, 33};
  for (int flags = 0; flags < 4; ++flags) {
    auto plan = PlanMatMul<T>(s.m, s.n, s.k, flags & 1, flags & 2, 2);
    EXPECT_FALSE(plan.consumable);
    Factors<T> x({2 * s.m, s.n, s.k}, 1);
    std::mt19937 random(2);
    x.b = RandomMatrix<T>(2 * s.k * s.n, random);
    plan.block_m = 16;
    plan.block_n = s.n;
    const std::vector<T> expected = Multiply(plan, x, true, 1);
    for (int num_threads : {1, 2, 16}) {
      Result result;
      result.c.resize(expected.size());
      result.times = std::vector<std::atomic<int>>(expected.size());
      const ElementsConsumer consumer = {
          &result, [](const void* state, int64_t begin, int64_t end,
                      const void* elements) {
            auto& to = *const_cast<Result*>(static_cast<const Result*>(state));
            EXPECT_LE(end - begin, 16 * 67);
            for (int64_t i = begin; i < end; ++i) {
              to.c[i] = static_cast<const T*>(elements)[i - begin];
              ++to.times[i];
            }
          }};
      Multiply(plan, x, true, num_threads, consumer);
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(result.c[i], expected[i]) << flags << ", element " << i;
        ASSERT_EQ(result.times[i], 1);
      }
    }
  }
}

TYPED_TEST(MatMulTest, EmptySumsAreTheBiasOrZero) {
  using T = TypeParam;
  const Sizes s = {2, 3, 0};
  const auto plan = PlanMatMul<T>(s.m, s.n, s.k, false, false);
  const Factors<T> x(s, 1);
  const std::vector<T> zeros = Multiply(plan, x, false, 2);
  const std::vector<T> biases = Multiply(plan, x, true, 2);
  for (int64_t i = 0; i < s.m * s.n; ++i) {
    EXPECT_EQ(static_cast<float>(zeros[i]), 0);
    EXPECT_EQ(biases[i], x.bias[i % s.n]);
  }
}

TYPED_TEST(MatMulTest, NoRowsAndNoColumnsGiveNothing) {
  using T = TypeParam;
  for (const Sizes s : {Sizes{0, 3, 4}, Sizes{3, 0, 4}, Sizes{0, 0, 0}}) {
    const auto plan = PlanMatMul<T>(s.m, s.n, s.k, false, true);
    EXPECT_TRUE(Multiply(plan, Factors<T>(s, 1), true, 2).empty());
  }
}

}  // namespace
}  // namespace minnow
