// The slots of row_sparse arrays.
#include "minnow/core/array_data.h"

#include <map>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/ndarray.h"
#include "minnow/core/view.h"

namespace minnow {
namespace {

RowTable<float> TableOf(const NDArray& array) {
  return ViewTraits<RowTable<float>>::Of(
      {.dims = array.shape().dims(), .sparse = array.data().get()});
}

TEST(ArrayDataTest, RowsThatAreAddedAreZeroAndKeepTheOthers) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 30; ++trial) {
    const NDArray array =
        *NDArray::Zeros({60, 2}, DType::kFloat32, StorageType::kRowSparse);
    std::map<int64_t, float> expected;
    for (int step = 0; step < 8; ++step) {
      const RowTable<float> table = TableOf(array);
      std::vector<int64_t> rows;
      for (size_t i = random() % 12; i > 0; --i) rows.push_back(random() % 60);
      ASSERT_TRUE(table.Add(rows).ok());
      for (int64_t row : rows) {
        float* values = table.data() + table.Find(row) * 2;
        ASSERT_EQ(values[0], expected[row]);
        ASSERT_EQ(values[1], -expected[row]);
        values[0] = expected[row] = static_cast<float>(random() % 100);
        values[1] = -values[0];
      }
      for (int64_t row = 0; row < 60; ++row) {
        ASSERT_EQ(table.Find(row) >= 0, expected.contains(row)) << row;
      }
      if (random() % 3 > 0) continue;
      // What a user sees is in order.
      std::vector<int64_t> keys;
      std::vector<float> values;
      for (const auto& [row, value] : expected) {
        keys.push_back(row);
        values.insert(values.end(), {value, -value});
      }
      ASSERT_EQ(array.indices(), absl::MakeConstSpan(keys));
      ASSERT_EQ(array.values<float>(), absl::MakeConstSpan(values));
    }
  }
}

TEST(ArrayDataTest, FirstRowsThatAreAllThereNeedNoIndex) {
  const NDArray array =
      *NDArray::Zeros({9, 1}, DType::kFloat32, StorageType::kRowSparse);
  const RowTable<float> table = TableOf(array);
  ASSERT_TRUE(table.Add({0, 1, 2, 3}).ok());
  EXPECT_TRUE(array.data()->slots.empty());
  EXPECT_EQ(table.Find(3), 3);
  EXPECT_EQ(table.Find(4), -1);
  ASSERT_TRUE(table.Add({7, 4}).ok());
  EXPECT_EQ(array.data()->slots.size(), 6u);
  EXPECT_EQ(table.Find(4), 5);
  EXPECT_EQ(table.Find(5), -1);
}

}  // namespace
}  // namespace minnow
