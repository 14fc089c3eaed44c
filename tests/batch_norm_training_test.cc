// A network with BatchNorm: training, checkpoints, and what follows training.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/batch_norm.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/softmax_output.h"
#include "minnow/train/trainer.h"
#include "minnow/train/training_step.h"

namespace minnow {
namespace {

using testing::IsEmpty;

// A classifier with a normalized hidden layer.
absl::StatusOr<Graph> Classifier() {
  GraphBuilder b(BuiltinOps());
  Symbol x = op::FullyConnected(
      b.Variable("data"),
      b.Variable("fc1_weight",
                 {.shape = {16, 8}, .init = Initializer::Xavier()}),
      {}, {.num_hidden = 16, .no_bias = true});
  x = op::BatchNorm(
      x, b.Variable("gamma", {.shape = {16}, .init = Initializer::One()}),
      b.Variable("beta", {.shape = {16}, .init = Initializer::Zero()}),
      // As files of MXNet have them: with initializers, and no parameters.
      b.Variable("mean", {.init = Initializer::Zero()}),
      b.Variable("var", {.init = Initializer::One()}),
      {.momentum = 0.8f, .fix_gamma = false});
  x = op::Activation(x, {.act_type = ActType::kRelu});
  x = op::FullyConnected(
      x,
      b.Variable("fc2_weight",
                 {.shape = {3, 16}, .init = Initializer::Xavier()}),
      b.Variable("fc2_bias", {.shape = {3}, .init = Initializer::Zero()}),
      {.num_hidden = 3});
  const Symbol probabilities = op::Softmax(x, {});
  const Symbol loss = op::SoftmaxOutput(
      x, b.Variable("label"), {.normalization = Normalization::kBatch});
  const auto parameters =
      TrainingStep(b, loss, SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}));
  EXPECT_EQ(parameters.size(), 5u);
  return b.Build({probabilities});
}

// Examples whose class is the largest of three sums of their features.
Dataset Examples(int64_t size) {
  Dataset data;
  data.features = *NDArray::Zeros({size, 8}, DType::kFloat32);
  data.num_classes = 3;
  std::mt19937 random(3);
  std::normal_distribution<float> normal(5, 2);
  for (int64_t i = 0; i < size; ++i) {
    float* const x = &data.features.values<float>()[i * 8];
    for (int64_t k = 0; k < 8; ++k) x[k] = normal(random);
    const float sums[] = {x[0] + x[1], x[2] + x[3], x[4] + x[5]};
    data.labels.push_back(static_cast<int32_t>(
        std::max_element(std::begin(sums), std::end(sums)) - sums));
  }
  return data;
}

std::vector<std::string> BytesOf(const Trainer& trainer) {
  std::vector<std::string> bytes;
  for (const SavedArray& saved : trainer.Save().arrays) {
    bytes.emplace_back(reinterpret_cast<const char*>(saved.array.raw()),
                       static_cast<size_t>(saved.array.num_bytes()));
  }
  return bytes;
}

TEST(BatchNormTrainingTest, TrainsAndResumesWithTheSameBits) {
  const Dataset data = Examples(320);
  const auto graph = Classifier();
  ASSERT_TRUE(graph.ok()) << graph.status();
  TrainerOptions options = {
      .batch_size = 32, .learning_rate = {.base = 0.1}, .threads = 1};
  auto trainer = Trainer::Create(*graph, &data, options);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  const std::string path =
      absl::StrCat(testing::TempDir(), "minnow_batch_norm_", getpid());
  while (trainer->epoch() < 20) {
    ASSERT_EQ(trainer->Step(), absl::OkStatus());
    if (trainer->step() == 7) {
      ASSERT_EQ(WriteCheckpoint(path, trainer->Save()), absl::OkStatus());
    }
  }
  const auto checkpoint = ReadCheckpoint(path, BuiltinOps());
  std::filesystem::remove(path);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  options.threads = 3;
  auto resumed = Trainer::Restore(*checkpoint, &data, options);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  while (resumed->epoch() < 20) {
    ASSERT_EQ(resumed->Step(), absl::OkStatus());
  }
  EXPECT_EQ(BytesOf(*resumed), BytesOf(*trainer));

  // What was trained on the moments of batches works with the moving ones.
  const auto metrics = trainer->Evaluate(data);
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  EXPECT_GT(metrics->accuracy(), 0.9);
}

TEST(BatchNormTrainingTest, InferenceReadsTheMovingStatistics) {
  const auto step = Classifier();
  ASSERT_TRUE(step.ok()) << step.status();
  const Graph inference = InferenceGraph(*step);
  EXPECT_THAT(inference.updates, IsEmpty());
  const auto run = [&](float mean) {
    BindOptions options = {.seed = 1};
    NDArray data = *NDArray::Zeros({1, 8}, DType::kFloat32);
    for (float& x : data.values<float>()) x = 1;
    options.variables["data"] = data;
    options.variables["mean"] = *NDArray::Zeros({16}, DType::kFloat32);
    for (float& x : options.variables["mean"].values<float>()) x = mean;
    auto executor = Executor::Bind(inference, std::move(options));
    EXPECT_TRUE(executor.ok()) << executor.status();
    EXPECT_TRUE(executor->Run().ok());
    return executor->Output(0).values<float>()[0];
  };
  EXPECT_NE(run(0), run(-0.5f));
}

}  // namespace
}  // namespace minnow
