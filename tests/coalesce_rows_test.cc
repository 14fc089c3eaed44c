#include "minnow/core/coalesce_rows.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace minnow {
namespace {

using Ints = std::vector<int64_t>;

TEST(CoalesceRowsTest, SortsRowsAndSumsThoseThatOccurAgain) {
  ThreadPool threads(2);
  const NDArray values =
      *NDArray::FromValues<float>({4, 2}, {1, 2, 10, 20, 100, 200, 3, 4});
  EXPECT_EQ(CoalesceRows({5, 2}, values, {3, 0, 3, 4}, threads)->ToString(),
            "row_sparse (5,2) float32 indices [0, 3, 4] [10, 20, 101, 202, 3, "
            "4]");
  EXPECT_EQ(CoalesceRows({5, 2}, *NDArray::Zeros({0, 2}, DType::kFloat32), {},
                         threads)
                ->indices()
                .size(),
            0u);
}

TEST(CoalesceRowsTest, SumsInTheOrderOfOccurrence) {
  ThreadPool threads(1);
  // In another order the sum would be 0 or 1.
  const NDArray values =
      *NDArray::FromValues<float>({4, 1}, {1e8f, -1e8f, 1, 1});
  EXPECT_EQ(
      CoalesceRows({1, 1}, values, {0, 0, 0, 0}, threads)->values<float>()[0],
      2);
  // Of 16 bits in float32: 2049 has no float16, but 2050 has.
  const NDArray halves =
      *NDArray::FromValues<float>({3, 1}, {2048, 1, 1})->Cast(DType::kFloat16);
  EXPECT_EQ(static_cast<float>(CoalesceRows({1, 1}, halves, {0, 0, 0}, threads)
                                   ->values<Float16>()[0]),
            2050);
}

TEST(CoalesceRowsTest, IntegersWrap) {
  ThreadPool threads(1);
  const NDArray values = *NDArray::FromValues<int8_t>({2, 1}, {127, 2});
  EXPECT_EQ(CoalesceRows({1, 1}, values, {0, 0}, threads)->values<int8_t>()[0],
            -127);
}

// More rows than a block has, over few and over many different ones.
TEST(CoalesceRowsTest, IsThatOfAMapForAnyNumberOfThreads) {
  constexpr int64_t kColumns = 3;
  std::mt19937_64 random(1);
  for (int64_t num_rows : {1, 7, 300, 70000, 1 << 30}) {
    const int64_t n = 100000;
    Ints rows;
    std::vector<float> values;
    std::map<int64_t, std::vector<float>> expected;
    for (int64_t i = 0; i < n; ++i) {
      rows.push_back(static_cast<int64_t>(random() % num_rows));
      std::vector<float>& sums = expected[rows.back()];
      sums.resize(kColumns);
      for (int64_t k = 0; k < kColumns; ++k) {
        values.push_back(static_cast<float>(random() % 1000) / 7);
        sums[k] += values.back();
      }
    }
    const NDArray array = *NDArray::FromValues<float>({n, kColumns}, values);
    for (int num_threads : {1, 2, 3}) {
      ThreadPool threads(num_threads);
      const NDArray found =
          *CoalesceRows({num_rows, kColumns}, array, rows, threads);
      ASSERT_EQ(found.indices().size(), expected.size());
      size_t i = 0;
      for (const auto& [row, sums] : expected) {
        ASSERT_EQ(found.indices()[i], row);
        for (int64_t k = 0; k < kColumns; ++k) {
          ASSERT_EQ(found.values<float>()[i * kColumns + k], sums[k]);
        }
        ++i;
      }
    }
  }
}

TEST(CoalesceRowsTest, NamesTheFirstBadRow) {
  ThreadPool threads(1);
  const NDArray values = *NDArray::Zeros({3, 2}, DType::kFloat32);
  const auto error = [&](const Shape& shape, const Ints& rows) {
    return std::string(
        CoalesceRows(shape, values, rows, threads).status().message());
  };
  EXPECT_EQ(error({5, 2}, {1, -1, 7}),
            "rows[1]: expected a number in [0,5), found -1");
  EXPECT_EQ(error({5, 2}, {1, 4, 5}),
            "rows[2]: expected a number in [0,5), found 5");
  EXPECT_EQ(error({5, 2}, {1, 4}),
            "values: expected dense (2,2), found dense (3,2) float32");
  EXPECT_EQ(error({5, 3}, {1, 4, 2}),
            "values: expected dense (3,3), found dense (3,2) float32");
  EXPECT_EQ(error(Shape::Scalar(), {}),
            "a row_sparse array has one dimension or more, found ()");
}

}  // namespace
}  // namespace minnow
