// Sorting of long lines, special values, and what is refused. All else is in
// op_cases_reductions.cc.
#include "minnow/ops/sort.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/simd.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/arg_reduce.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/norm.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/softmax_cross_entropy.h"
#include "minnow/ops/sort_lines.h"

namespace minnow {
namespace {

using testing::HasSubstr;

class SortTest : public testing::Test {
 protected:
  template <typename T>
  Symbol Bind(const std::string& name, const Shape& shape,
              std::vector<T> values) {
    variables_[name] =
        *NDArray::FromValues<T>(shape, absl::MakeConstSpan(values));
    return b_.Variable(name, {.shape = shape, .dtype = DTypeOf<T>});
  }

  absl::StatusOr<std::vector<NDArray>> Run(const std::vector<Symbol>& symbols,
                                           int threads = 2) {
    const auto graph = b_.Build(symbols);
    if (!graph.ok()) return graph.status();
    auto executor =
        Executor::Bind(*graph, {.variables = variables_, .threads = threads});
    if (!executor.ok()) return executor.status();
    const absl::Status status = executor->Run();
    if (!status.ok()) return status;
    std::vector<NDArray> outputs;
    for (size_t i = 0; i < symbols.size(); ++i) {
      outputs.push_back(executor->Output(i));
    }
    return outputs;
  }

  std::string ErrorOf(Symbol symbol) {
    return std::string(Run({symbol}).status().message());
  }

  GraphBuilder b_{BuiltinOps()};
  absl::flat_hash_map<std::string, NDArray> variables_;
};

// Numbers of which few are equal, or most are.
std::vector<float> Numbers(int64_t n, float range) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-range, range);
  std::vector<float> numbers(static_cast<size_t>(n));
  for (float& x : numbers)
    x = range < 10 ? std::floor(uniform(random)) : uniform(random);
  return numbers;
}

TEST_F(SortTest, LongLinesAreSortedInBlocks) {
  for (const float range : {4.0f, 1e6f}) {
    for (const int64_t n : {65535, 131072, 300001}) {
      std::vector<float> x = Numbers(n, range);
      const Symbol data = Bind(absl::StrCat("x", n, "_", range), {n}, x);
      const Symbol sorted = op::Sort(data);
      const Symbol order = op::Argsort(data, {.dtype = DType::kInt64});
      const Symbol best = op::Topk(
          data, {.k = 1000, .is_ascend = true, .dtype = DType::kInt64});
      const auto outputs = Run({sorted, order, best});
      ASSERT_TRUE(outputs.ok()) << outputs.status();
      std::vector<int64_t> expected(x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        expected[i] = static_cast<int64_t>(i);
      }
      std::stable_sort(
          expected.begin(), expected.end(), [&](int64_t i, int64_t j) {
            return x[static_cast<size_t>(i)] < x[static_cast<size_t>(j)];
          });
      const auto found = (*outputs)[1].values<int64_t>();
      EXPECT_TRUE(std::equal(found.begin(), found.end(), expected.begin()));
      const auto first = (*outputs)[2].values<int64_t>();
      EXPECT_TRUE(std::equal(first.begin(), first.end(), expected.begin()));
      std::sort(x.begin(), x.end());
      const auto values = (*outputs)[0].values<float>();
      EXPECT_TRUE(std::equal(values.begin(), values.end(), x.begin()));
      variables_.clear();
    }
  }
}

// A selection leaves out groups by their values alone, and goes by what the
// first part of the line has.
TEST_F(SortTest, TheFirstOfALongLineAreThoseOfItsOrder) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double special[] = {std::nan(""), -0.0, 0.0, infinity, -infinity};
  std::mt19937 random(3);
  const auto check = [&]<typename T>(T, int range) {
    std::vector<T> x(300'001);
    for (T& element : x) {
      const auto r = static_cast<int>(random() % 1000);
      element = static_cast<T>(
          std::is_floating_point_v<T> && r < 50
              ? special[r % std::size(special)]
              : static_cast<double>(static_cast<int>(random() % 201) - 100) *
                    range);
    }
    const Symbol data = Bind(std::string(DTypeName(DTypeOf<T>)), {300'001}, x);
    for (const bool is_ascend : {false, true}) {
      for (const int64_t k : {1, 37, 5000}) {
        const auto outputs = Run({op::Argsort(data, {.is_ascend = is_ascend,
                                                     .dtype = DType::kInt64}),
                                  op::Topk(data, {.k = k,
                                                  .is_ascend = is_ascend,
                                                  .dtype = DType::kInt64})});
        ASSERT_TRUE(outputs.ok()) << outputs.status();
        EXPECT_EQ((*outputs)[1].values<int64_t>(),
                  (*outputs)[0].values<int64_t>().first(static_cast<size_t>(k)))
            << "k = " << k << ", ascending: " << is_ascend;
      }
    }
    variables_.clear();
  };
  check(float{}, 1);
  check(double{}, 1);
  check(int32_t{}, 20'000'000);
  check(int8_t{}, 1);
}

// The widest keys, those of float64 with an index, among them.
TEST_F(SortTest, EveryInstructionSetGivesTheSameOrder) {
  const std::vector<float> x = Numbers(1000, 100);
  std::vector<int64_t> expected(x.size());
  std::iota(expected.begin(), expected.end(), 0);
  std::stable_sort(expected.begin(), expected.end(), [&](int64_t i, int64_t j) {
    return x[static_cast<size_t>(i)] < x[static_cast<size_t>(j)];
  });
  const std::vector<Symbol> orders = {
      op::Argsort(Bind("x", {1000}, x), {.dtype = DType::kInt64}),
      op::Argsort(Bind("wide", {1000}, std::vector<double>(x.begin(), x.end())),
                  {.dtype = DType::kInt64})};
  for (const Isa isa : SupportedIsas()) {
    const ScopedIsa scoped(isa);
    const auto outputs = Run(orders);
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    for (const NDArray& order : *outputs) {
      EXPECT_THAT(order.values<int64_t>(), testing::ElementsAreArray(expected))
          << static_cast<int>(isa);
    }
  }
}

TEST_F(SortTest, NaNIsLastAndZerosKeepTheirSigns) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Symbol x =
      Bind<float>("x", {6}, {-nan, 0.0f, infinity, -0.0f, nan, -infinity});
  const auto outputs = Run({op::Sort(x), op::Sort(x, {.is_ascend = false})});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  const auto up = (*outputs)[0].values<float>();
  EXPECT_EQ(up[0], -infinity);
  EXPECT_TRUE(std::signbit(up[1]) && !std::signbit(up[2]));
  EXPECT_EQ(up[3], infinity);
  EXPECT_TRUE(std::isnan(up[4]) && std::isnan(up[5]));
  const auto down = (*outputs)[1].values<float>();
  EXPECT_EQ(down[0], infinity);
  EXPECT_EQ(down[3], -infinity);
  EXPECT_TRUE(std::isnan(down[4]) && std::isnan(down[5]));
}

TEST_F(SortTest, KeysGoBackToTheirElements) {
  for (int bits = 0; bits < 65536; ++bits) {
    const auto x = Float16::FromBits(static_cast<uint16_t>(bits));
    for (bool descending : {false, true}) {
      const auto back =
          FromSortKey<Float16>(SortKey(x, descending), descending);
      if (std::isnan(static_cast<float>(x))) {
        EXPECT_TRUE(std::isnan(static_cast<float>(back)));
      } else {
        EXPECT_EQ(back.bits(), x.bits());
      }
    }
  }
}

TEST_F(SortTest, RefusesWhatCannotBe) {
  const Symbol x = Bind<float>("x", {2, 300}, std::vector<float>(600));
  EXPECT_THAT(ErrorOf(op::Topk(x, {.k = 301})),
              HasSubstr("attribute 'k': expected at most the 300 elements of a "
                        "line, found 301"));
  EXPECT_THAT(ErrorOf(op::Argsort(x, {.dtype = DType::kUInt8})),
              HasSubstr("'dtype': expected a type that holds indices up to "
                        "299, found uint8"));
  EXPECT_THAT(ErrorOf(op::Sort(x, {.axis = 2})), HasSubstr("'axis'"));
  EXPECT_THAT(ErrorOf(op::Argmax(x, {.axis = -3})), HasSubstr("'axis'"));
  EXPECT_THAT(ErrorOf(op::Norm(x, {.ord = 3})),
              HasSubstr("'ord': expected 1 or 2, found 3"));
  EXPECT_THAT(ErrorOf(op::Softmin(x, {.use_length = true})),
              HasSubstr("'use_length': expected False, found True"));
}

TEST_F(SortTest, RefusesToSearchAnEmptyAxis) {
  const Symbol x = Bind<float>("x", {2, 0}, {});
  EXPECT_THAT(ErrorOf(op::Argmax(x, {.axis = 1})),
              HasSubstr("argument 'data': expected an axis with elements to "
                        "search, found"));
}

TEST_F(SortTest, CrossEntropyRefusesWrongLabels) {
  const Symbol x = Bind<float>("x", {2, 3}, std::vector<float>(6));
  const Symbol label = Bind<float>("label", {2}, {2, 3});
  EXPECT_THAT(ErrorOf(op::SoftmaxCrossEntropy(x, label, {.name = "loss"})),
              HasSubstr("node 'loss' (softmax_cross_entropy): argument "
                        "'label': expected a class in [0, 3), found 3 in row "
                        "1"));
}

TEST_F(SortTest, CrossEntropyHasAFloorOfTheProbability) {
  const Symbol x = Bind<float>("x", {1, 2}, {0, 100});
  const Symbol label = Bind<float>("label", {1}, {0});
  const auto outputs = Run({op::SoftmaxCrossEntropy(x, label)});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_NEAR((*outputs)[0].values<float>()[0], -std::log(1e-8), 1e-5);
}

}  // namespace
}  // namespace minnow
