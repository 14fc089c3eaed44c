// Batches: their order, where an epoch ends, and how one goes on.
#include "minnow/train/batches.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/tests/arrays.h"
#include "minnow/train/dataset.h"
#include "minnow/train/shuffle.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(RandomOrderTest, IsAPermutationThatDependsOnTheKeyOnly) {
  const std::vector<uint32_t> order = RandomOrder(1000, {.seed = 1});
  EXPECT_EQ(order, RandomOrder(1000, {.seed = 1}));
  EXPECT_NE(order, RandomOrder(1000, {.seed = 2}));
  EXPECT_NE(order, RandomOrder(1000, {.seed = 1, .run = 1}));
  EXPECT_NE(order, RandomOrder(1000, {.seed = 1, .stream = 1}));
  EXPECT_THAT(std::set<uint32_t>(order.begin(), order.end()), SizeIs(1000));
  EXPECT_EQ(*std::max_element(order.begin(), order.end()), 999u);
  EXPECT_THAT(RandomOrder(0, {}), SizeIs(0));
  EXPECT_THAT(RandomOrder(1, {}), ElementsAre(0));
}

TEST(RandomOrderTest, FindsEveryPermutationEquallyOften) {
  std::map<std::vector<uint32_t>, int> count;
  constexpr int kDraws = 24000;
  for (uint64_t run = 0; run < kDraws; ++run) {
    ++count[RandomOrder(4, {.seed = 3, .run = run})];
  }
  EXPECT_THAT(count, SizeIs(24));
  double chi_squared = 0;
  for (const auto& [order, found] : count) {
    const double difference = found - kDraws / 24.0;
    chi_squared += difference * difference / (kDraws / 24.0);
  }
  // 23 degrees of freedom: 49.7 is passed once in a thousand.
  EXPECT_LT(chi_squared, 49.7);
}

// Example i has the features 10 i and 10 i + 1 and the label i.
Dataset TestData(int n) {
  Dataset data;
  data.num_classes = n;
  std::vector<float> features;
  for (int i = 0; i < n; ++i) {
    features.push_back(10.0f * i);
    features.push_back(10.0f * i + 1);
    data.labels.push_back(i);
  }
  data.features = *NDArray::FromValues<float>(Shape{n, 2}, features);
  return data;
}

NDArray ZerosOf(const Shape& shape) {
  return *NDArray::Zeros(shape, DType::kFloat32);
}

// The labels of the next batch, whose features belong to them.
std::vector<float> NextLabels(Batches& batches) {
  const int64_t size = batches.next_size();
  const NDArray features = ZerosOf({size, 2});
  const NDArray labels = ZerosOf({size});
  const absl::Status status = batches.Next(features, labels);
  EXPECT_TRUE(status.ok()) << status;
  for (int64_t i = 0; i < size; ++i) {
    const float label = labels.values<float>()[i];
    EXPECT_EQ(features.values<float>()[2 * i], 10 * label);
    EXPECT_EQ(features.values<float>()[2 * i + 1], 10 * label + 1);
  }
  return ValuesOf<float>(labels);
}

std::vector<float> EpochLabels(Batches& batches) {
  std::vector<float> all;
  while (batches.next_size() > 0) {
    for (float label : NextLabels(batches)) all.push_back(label);
  }
  return all;
}

TEST(BatchesTest, DropsTheRemainderInTraining) {
  const Dataset data = TestData(11);
  absl::StatusOr<Batches> batches = Batches::Create(&data, {.batch_size = 3});
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_EQ(batches->batches_per_epoch(), 3);
  const std::vector<float> labels = EpochLabels(*batches);
  EXPECT_THAT(labels, SizeIs(9));
  EXPECT_THAT(std::set<float>(labels.begin(), labels.end()), SizeIs(9));
  EXPECT_EQ(batches->Next(ZerosOf({3, 2}), ZerosOf({3})).code(),
            absl::StatusCode::kOutOfRange);
}

TEST(BatchesTest, TakesAllExamplesInOrderInEvaluation) {
  const Dataset data = TestData(5);
  absl::StatusOr<Batches> batches = Batches::Create(
      &data, {.batch_size = 3, .shuffle = false, .drop_remainder = false});
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_EQ(batches->batches_per_epoch(), 2);
  EXPECT_THAT(NextLabels(*batches), ElementsAre(0, 1, 2));
  EXPECT_EQ(batches->next_size(), 2);
  EXPECT_THAT(NextLabels(*batches), ElementsAre(3, 4));
  EXPECT_EQ(batches->next_size(), 0);
  batches->StartEpoch(1);
  EXPECT_THAT(NextLabels(*batches), ElementsAre(0, 1, 2));
}

TEST(BatchesTest, EvaluatesFewerExamplesThanABatchHolds) {
  const Dataset data = TestData(2);
  absl::StatusOr<Batches> batches = Batches::Create(
      &data, {.batch_size = 64, .shuffle = false, .drop_remainder = false});
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_THAT(EpochLabels(*batches), ElementsAre(0, 1));
}

TEST(BatchesTest, ShufflesByTheSeedAndTheEpoch) {
  const Dataset data = TestData(32);
  const auto epoch_labels = [&](uint64_t seed, int64_t epoch) {
    absl::StatusOr<Batches> batches =
        Batches::Create(&data, {.batch_size = 8, .seed = seed});
    batches->StartEpoch(epoch);
    return EpochLabels(*batches);
  };
  EXPECT_EQ(epoch_labels(1, 1), epoch_labels(1, 1));
  EXPECT_NE(epoch_labels(1, 1), epoch_labels(1, 2));
  EXPECT_NE(epoch_labels(1, 1), epoch_labels(2, 1));
}

TEST(BatchesTest, GoesOnFromASavedPositionAsIfThereHadBeenNoBreak) {
  const Dataset data = TestData(17);
  const BatchOptions options{.batch_size = 4, .seed = 7};
  absl::StatusOr<Batches> batches = Batches::Create(&data, options);
  ASSERT_TRUE(batches.ok()) << batches.status();
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    batches->StartEpoch(epoch);
    while (true) {
      const BatchPosition saved = batches->position();
      absl::StatusOr<Batches> resumed = Batches::Create(&data, options);
      const absl::Status status = resumed->Seek(saved);
      ASSERT_TRUE(status.ok()) << status;
      EXPECT_EQ(resumed->position(), saved);
      EXPECT_EQ(resumed->next_size(), batches->next_size());
      if (batches->next_size() == 0) break;
      EXPECT_EQ(NextLabels(*resumed), NextLabels(*batches));
    }
  }
}

TEST(BatchesTest, RefusesAPositionOfOtherData) {
  const Dataset data = TestData(17);
  absl::StatusOr<Batches> batches = Batches::Create(&data, {.batch_size = 4});
  ASSERT_TRUE(batches.ok()) << batches.status();
  for (const BatchPosition& position :
       {BatchPosition{-1, 0}, BatchPosition{0, -4}, BatchPosition{0, 20},
        BatchPosition{0, 3}}) {
    EXPECT_THAT(std::string(batches->Seek(position).message()),
                StartsWith("data position: expected an epoch from 0 and an "
                           "example from 0 to 16, a multiple of 4; found "
                           "epoch"));
  }
  EXPECT_EQ(batches->position(), BatchPosition{});
}

TEST(BatchesTest, ScalesBytes) {
  Dataset data;
  data.scale = 0.5f;
  data.labels = {1, 0};
  data.num_classes = 2;
  data.features =
      *NDArray::FromValues<uint8_t>(Shape{2, 1, 3}, {0, 1, 2, 253, 254, 255});
  absl::StatusOr<Batches> batches =
      Batches::Create(&data, {.batch_size = 2, .shuffle = false});
  ASSERT_TRUE(batches.ok()) << batches.status();
  const NDArray features = ZerosOf({2, 3});  // Flat, as an MLP has it.
  const NDArray labels = ZerosOf({2});
  const absl::Status status = batches->Next(features, labels);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(ValuesOf<float>(features),
              ElementsAre(0, 0.5f, 1, 126.5f, 127, 127.5f));
  EXPECT_THAT(ValuesOf<float>(labels), ElementsAre(1, 0));
}

TEST(BatchesTest, RefusesArraysThatDoNotFitAndStaysWhereItIs) {
  const Dataset data = TestData(4);
  absl::StatusOr<Batches> batches = Batches::Create(&data, {.batch_size = 2});
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_EQ(batches->Next(ZerosOf({2, 3}), ZerosOf({2})).message(),
            "features: expected dense float32 of 2 rows and 4 elements, found "
            "dense (2,3) float32");
  EXPECT_EQ(batches->Next(ZerosOf({2, 2}), ZerosOf({3})).message(),
            "labels: expected dense float32 of 2 rows and 2 elements, found "
            "dense (3,) float32");
  EXPECT_THAT(
      std::string(
          batches->Next(ZerosOf({2, 2}), *NDArray::Zeros({2}, DType::kInt32))
              .message()),
      EndsWith("found dense (2,) int32"));
  EXPECT_THAT(std::string(batches->Next(NDArray(), ZerosOf({2})).message()),
              EndsWith("found nothing"));
  EXPECT_EQ(batches->position(), BatchPosition{});
}

TEST(BatchesTest, RefusesABatchSizeThatFillsNoBatch) {
  const Dataset data = TestData(4);
  EXPECT_EQ(Batches::Create(&data, {.batch_size = 5}).status().message(),
            "batch size: expected 1 to 4, found 5");
  EXPECT_EQ(Batches::Create(&data, {.batch_size = 0}).status().message(),
            "batch size: expected 1 to 4, found 0");
  Dataset wrong = TestData(4);
  wrong.features = *wrong.features.Cast(DType::kFloat64);
  EXPECT_EQ(Batches::Create(&wrong, {.batch_size = 2}).status().message(),
            "features: expected uint8 or float32, found dense (4,2) float64");
}

}  // namespace
}  // namespace minnow
