// Training: the trainer, and the steps that it trains with.

#include "minnow/train/trainer.h"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/signum.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/softmax_output.h"
#include "minnow/ops/unary.h"
#include "minnow/train/mlp.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Examples of normal numbers, with a class each.
Dataset RandomData(int64_t size, int64_t features, int64_t classes,
                   uint32_t seed = 1) {
  Dataset data;
  data.features = *NDArray::Zeros({size, features}, DType::kFloat32);
  data.num_classes = classes;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (float& x : data.features.values<float>()) x = normal(random);
  for (int64_t i = 0; i < size; ++i) {
    data.labels.push_back(
        static_cast<int32_t>(random() % static_cast<uint32_t>(classes)));
  }
  return data;
}

Graph MlpFor(const Dataset& data, std::vector<int64_t> hidden,
             const SgdMomUpdateAttrs& sgd = {.lr = 0.1f, .momentum = 0.9f}) {
  return *BuildMlp({.features = data.example_size(),
                    .hidden = std::move(hidden),
                    .classes = data.num_classes},
                   SgdOptimizer(sgd));
}

std::string BytesOf(const NDArray& array) {
  return std::string(reinterpret_cast<const char*>(array.raw()),
                     static_cast<size_t>(array.num_bytes()));
}

// All that a run consists of, bit by bit.
struct RunState {
  std::vector<std::pair<std::string, std::string>> variables;
  std::string output;
  std::vector<SlotValue> slots;
  BatchPosition position;
  int64_t step = 0;
  uint64_t run = 0;
  bool operator==(const RunState&) const = default;
};

RunState StateOf(const Trainer& trainer) {
  const Checkpoint saved = trainer.Save();
  RunState state = {.variables = {},
                    .output = BytesOf(trainer.executor().Output(0)),
                    .slots = trainer.executor().SlotValues(),
                    .position = {saved.epoch, saved.position},
                    .step = saved.step,
                    .run = saved.run};
  for (const SavedArray& variable : saved.arrays) {
    state.variables.emplace_back(variable.name, BytesOf(variable.array));
  }
  return state;
}

// Trains `steps` steps; the state behind each.
std::vector<RunState> Train(Trainer& trainer, int64_t steps) {
  std::vector<RunState> states;
  for (int64_t i = 0; i < steps; ++i) {
    const absl::Status status = trainer.Step();
    EXPECT_TRUE(status.ok()) << status;
    states.push_back(StateOf(trainer));
  }
  return states;
}

class ResumeTest : public ::testing::TestWithParam<LearningRate> {
 protected:
  ~ResumeTest() override { std::filesystem::remove(path_); }

  const std::string path_ =
      absl::StrCat(::testing::TempDir(), "minnow_resume_", getpid(), ".ckpt");
};

TEST_P(ResumeTest, GivesTheSameBitsFromEveryStepOnAtAnyNumberOfThreads) {
  // 6 batches an epoch, and two examples that are left out.
  const Dataset data = RandomData(50, 12, 3);
  constexpr int64_t kSteps = 32;
  const Graph graph =
      MlpFor(data, {7}, {.lr = 0.1f, .momentum = 0.9f, .wd = 0.01f});
  TrainerOptions options = {
      .batch_size = 8, .learning_rate = GetParam(), .seed = 5, .threads = 1};
  auto whole = Trainer::Create(graph, &data, options);
  ASSERT_TRUE(whole.ok()) << whole.status();
  const std::vector<RunState> expected = Train(*whole, kSteps);
  EXPECT_FALSE(expected[0].variables == expected[1].variables);

  auto broken = Trainer::Create(graph, &data, options);
  ASSERT_TRUE(broken.ok()) << broken.status();
  for (int64_t k = 0; k < kSteps; ++k) {
    ASSERT_EQ(WriteCheckpoint(path_, broken->Save()), absl::OkStatus());
    const auto read = ReadCheckpoint(path_, BuiltinOps());
    ASSERT_TRUE(read.ok()) << read.status();
    // The seed is the checkpoint's, whatever the options say.
    options.seed = 77;
    options.threads = static_cast<int>(k % 3) + 1;
    auto resumed = Trainer::Restore(*read, &data, options);
    ASSERT_TRUE(resumed.ok()) << resumed.status();
    EXPECT_EQ(resumed->step(), k);
    EXPECT_EQ(resumed->epoch(), k / 6);
    const std::vector<RunState> states = Train(*resumed, kSteps - k);
    for (int64_t i = k; i < kSteps; ++i) {
      ASSERT_TRUE(states[i - k] == expected[i])
          << "step " << i << " of a run resumed at step " << k;
    }
    ASSERT_TRUE(broken->Step().ok());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Schedules, ResumeTest,
    ::testing::Values(
        LearningRate{.base = 0.2},
        LearningRate{.base = 0.2, .decay = Decay::kStep, .total_steps = 20},
        LearningRate{.base = 0.2, .decay = Decay::kCosine, .total_steps = 32},
        LearningRate{.base = 0.2,
                     .decay = Decay::kCosine,
                     .total_steps = 25,
                     .warmup_steps = 7}));

TEST(TrainerThreadsTest, AnyNumberOfThreadsGivesTheSameBits) {
  const Dataset data = RandomData(256, 64, 10);
  const Graph graph = MlpFor(data, {300, 150});
  std::vector<RunState> expected;
  for (const int threads : {1, 2, 3, 8}) {
    auto trainer = Trainer::Create(
        graph, &data,
        {.batch_size = 64, .learning_rate = {.base = 0.1}, .threads = threads});
    ASSERT_TRUE(trainer.ok()) << trainer.status();
    const std::vector<RunState> states = Train(*trainer, 5);
    if (expected.empty()) expected = states;
    for (size_t i = 0; i < states.size(); ++i) {
      EXPECT_TRUE(states[i] == expected[i])
          << "step " << i << " with " << threads << " threads";
    }
  }
}

TEST(TrainerTest, AnotherSeedGivesOtherWeightsAndAnotherOrder) {
  const Dataset data = RandomData(50, 12, 3);
  const Graph graph = MlpFor(data, {7});
  auto a = Trainer::Create(graph, &data, {.batch_size = 8, .seed = 1});
  auto b = Trainer::Create(graph, &data, {.batch_size = 8, .seed = 2});
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_FALSE(StateOf(*a).variables == StateOf(*b).variables);
}

TEST(TrainerTest, SetsTheRateOfTheScheduleInAllNodes) {
  const Dataset data = RandomData(16, 4, 2);
  const LearningRate rate = {
      .base = 0.3, .decay = Decay::kStep, .total_steps = 6, .warmup_steps = 2};
  auto trainer = Trainer::Create(MlpFor(data, {3}), &data,
                                 {.batch_size = 8, .learning_rate = rate});
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  for (int64_t step = 0; step < 7; ++step) {
    ASSERT_TRUE(trainer->Step().ok());
    int nodes = 0;
    for (const SlotValue& slot : trainer->executor().SlotValues()) {
      if (slot.attribute != "lr") continue;
      ++nodes;
      EXPECT_THAT(slot.values, ElementsAre(static_cast<float>(rate.At(step))))
          << slot.node << " at step " << step;
    }
    EXPECT_EQ(nodes, 4) << "two weights, two biases";
  }
}

TEST(TrainerTest, CountsStepsAndEpochsAndMetricsByEpoch) {
  const Dataset data = RandomData(20, 4, 2);
  auto trainer = Trainer::Create(MlpFor(data, {3}), &data, {.batch_size = 8});
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  EXPECT_EQ(trainer->steps_per_epoch(), 2);
  std::vector<int64_t> epochs, examples;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(trainer->Step().ok());
    epochs.push_back(trainer->epoch());
    examples.push_back(trainer->metrics().examples());
  }
  EXPECT_THAT(epochs, ElementsAre(0, 1, 1, 2, 2));
  EXPECT_THAT(examples, ElementsAre(8, 16, 8, 16, 8));
  EXPECT_EQ(trainer->step(), 5);
}

TEST(TrainerTest, LearnsWhatCanBeLearned) {
  Dataset data = RandomData(64, 6, 2);
  for (size_t i = 0; i < data.labels.size(); ++i) {
    data.labels[i] = data.features.values<float>()[i * 6] > 0;
  }
  auto trainer =
      Trainer::Create(MlpFor(data, {8}), &data,
                      {.batch_size = 16, .learning_rate = {.base = 0.1}});
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  const double before = trainer->Evaluate(data)->loss();
  while (trainer->epoch() < 30) ASSERT_TRUE(trainer->Step().ok());
  EXPECT_GT(before, 0.4);
  EXPECT_LT(trainer->Evaluate(data)->loss(), 0.1);
  EXPECT_GT(trainer->Evaluate(data)->accuracy(), 0.95);
}

TEST(TrainerTest, EvaluatesAlsoTheExamplesThatFillNoBatch) {
  const Dataset data = RandomData(16, 5, 3);
  auto trainer = Trainer::Create(MlpFor(data, {4}), &data, {.batch_size = 8});
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  ASSERT_TRUE(trainer->Step().ok());
  const RunState before = StateOf(*trainer);

  // Batches of 1000, 1000 and 345, against one of all.
  const Dataset test = RandomData(2345, 5, 3, /*seed=*/2);
  const auto found = trainer->Evaluate(test);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(StateOf(*trainer) == before) << "evaluation changes nothing";

  BindOptions bind = {.updates = {std::vector<std::string>()}};
  for (const SavedArray& saved : trainer->Save().arrays) {
    bind.variables[saved.name] = saved.array;
  }
  bind.variables["data"] = test.features;
  bind.variables["label"] = *NDArray::Zeros({test.size()}, DType::kFloat32);
  auto forward = Executor::Bind(trainer->Save().graph, bind);
  ASSERT_TRUE(forward.ok()) << forward.status();
  ASSERT_TRUE(forward->Run().ok());
  const auto p = forward->Output(0).values<float>();
  double loss = 0;
  int right = 0;
  for (size_t i = 0; i < test.labels.size(); ++i) {
    const float own = p[i * 3 + static_cast<size_t>(test.labels[i])];
    loss -= std::log(own);
    right += own == std::max({p[i * 3], p[i * 3 + 1], p[i * 3 + 2]});
  }
  EXPECT_EQ(found->examples(), 2345);
  EXPECT_NEAR(found->loss(), loss / 2345, 1e-6);
  EXPECT_DOUBLE_EQ(found->accuracy(), right / 2345.0);
}

std::string CreateError(const Graph& graph, const Dataset& data,
                        const TrainerOptions& options = {.batch_size = 8}) {
  const auto trainer = Trainer::Create(graph, &data, options);
  return std::string(trainer.ok() ? "no error" : trainer.status().message());
}

TEST(TrainerTest, RefusesAGraphWithoutDataOrLabel) {
  const Dataset data = RandomData(16, 5, 3);
  const std::string error =
      "a training step: expected variables 'data' and 'label', found none";
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x");
  EXPECT_EQ(CreateError(*b.Build({op::Softmax(x)}), data), error);
  EXPECT_EQ(CreateError(InferenceGraph(MlpFor(data, {4})), data), error);
}

TEST(TrainerTest, RefusesAGraphForOtherData) {
  const Dataset data = RandomData(16, 5, 3);
  EXPECT_EQ(CreateError(MlpFor(RandomData(16, 6, 3), {4}), data),
            "variable 'data': expected 8 examples of 5 features, found shape "
            "(8,6)");
  EXPECT_EQ(CreateError(MlpFor(RandomData(16, 5, 2), {4}), data),
            "a training step: expected output 0 to be probabilities (8,3) "
            "float32, found dense (8,2) float32");
  EXPECT_EQ(CreateError(MlpFor(data, {4}), data, {.batch_size = 17}),
            "batch size: expected 1 to 16, found 17");
}

TEST(TrainerTest, RefusesAGraphWithoutRates) {
  const Dataset data = RandomData(16, 5, 3);
  GraphBuilder b(BuiltinOps());
  Symbol x = op::FullyConnected(
      b.Variable("data"), b.Variable("weight", {.init = Initializer::Zero()}),
      {}, {.num_hidden = 3, .no_bias = true});
  auto graph = b.Build({op::SoftmaxOutput(x, b.Variable("label"))});
  ASSERT_TRUE(graph.ok()) << graph.status();
  auto trainer = Trainer::Create(*graph, &data, {.batch_size = 8});
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  EXPECT_THAT(std::string(trainer->Step().message()),
              HasSubstr("no node has a dynamic attribute 'lr'"));
}

TEST(TrainerTest, RefusesACheckpointThatDoesNotFit) {
  const Dataset data = RandomData(16, 5, 3);
  auto trainer = Trainer::Create(MlpFor(data, {4}), &data, {.batch_size = 8});
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  const auto error = [&](const Checkpoint& checkpoint) {
    const auto restored =
        Trainer::Restore(checkpoint, &data, {.batch_size = 8});
    return std::string(restored.ok() ? "no error"
                                     : restored.status().message());
  };
  EXPECT_EQ(error(trainer->Save()), "no error");

  Checkpoint moved = trainer->Save();
  moved.position = 3;
  EXPECT_THAT(error(moved), HasSubstr("found epoch 0, example 3"));

  Checkpoint other = trainer->Save();
  other.slots[0].node = "gone";
  EXPECT_THAT(error(other), HasSubstr("'gone'"));

  Checkpoint text = trainer->Save();
  text.slots[0].attr.value = "fast";
  EXPECT_THAT(error(text),
              HasSubstr(absl::StrCat("slot ", text.slots[0].node)));

  Checkpoint reshaped = trainer->Save();
  reshaped.arrays[0].array = *NDArray::Zeros({4, 4}, DType::kFloat32);
  EXPECT_THAT(error(reshaped), HasSubstr("(4,4)"));
}

TEST(TrainingStepTest, UpdatesAllVariablesWithAnInitializer) {
  GraphBuilder b(BuiltinOps());
  Symbol w = b.Variable("w", {.init = Initializer::Zero()});
  Symbol fixed = b.Variable("fixed");
  b.Variable("unused", {.init = Initializer::Zero()});
  const auto parameters = TrainingStep(
      b, op::Softmax(w * fixed), SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}));
  ASSERT_EQ(parameters.size(), 1u);
  EXPECT_EQ(parameters[0].at, w.at);
  const auto graph = b.Build({});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_GE(graph->Find("w_mom"), 0);
  EXPECT_EQ(graph->nodes[graph->Find("w_update")].op->name, "sgd_mom_update");
  EXPECT_EQ(graph->updates.size(), 2u) << "the weight and its momentum";
}

TEST(TrainingStepTest, UpdatesTheParametersThatAreNamed) {
  GraphBuilder b(BuiltinOps());
  Symbol w = b.Variable("w", {.init = Initializer::Zero()});
  Symbol v = b.Variable("v");
  TrainingStep(b, w * v, SgdOptimizer({.lr = 0.1f}), {v});
  const auto graph = b.Build({});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->Find("w_update"), -1);
  EXPECT_EQ(graph->nodes[graph->Find("v_update")].op->name, "sgd_update")
      << "without momentum";
  EXPECT_EQ(graph->Find("v_mom"), -1);
}

TEST(TrainingStepTest, AdamKeepsBothMomentsAndStepsByTheRate) {
  GraphBuilder b(BuiltinOps());
  const Symbol w =
      b.Variable("w", {.shape = {2}, .init = Initializer::Constant(3)});
  TrainingStep(b, op::Square(w), AdamOptimizer({.lr = 0.5f}));
  auto step = *Executor::Bind(*b.Build({}), {});
  ASSERT_TRUE(step.Run().ok());
  // The gradient is 2 * 3. A first step without correction of the bias is
  // lr * (1 - beta1) / sqrt(1 - beta2), whatever the gradient.
  const auto value = [&](const char* name) {
    return step.Variable(name)->values<float>()[1];
  };
  EXPECT_FLOAT_EQ(value("w_mean"), 0.1f * 6);
  EXPECT_NEAR(value("w_var"), 0.001 * 36, 1e-6);
  EXPECT_NEAR(value("w"), 3 - 0.5 * 0.1 / std::sqrt(0.001), 1e-4);
}

TEST(TrainingStepTest, AnyUpdateOperatorIsAnOptimizer) {
  GraphBuilder b(BuiltinOps());
  const Symbol w =
      b.Variable("w", {.shape = {2}, .init = Initializer::Constant(3)});
  TrainingStep(
      b, op::Square(w),
      OperatorOptimizer("signsgd_update", SignsgdUpdateAttrs{.lr = 1}));
  auto step = *Executor::Bind(*b.Build({}), {});
  for (int run = 0; run < 2; ++run) ASSERT_TRUE(step.Run().ok());
  EXPECT_EQ(step.Variable("w")->values<float>()[0], 1);
}

TEST(TrainingStepTest, NamesWhatIsWrong) {
  const Optimizer sgd = SgdOptimizer({.lr = 0.1f});
  GraphBuilder none(BuiltinOps());
  TrainingStep(none, op::Softmax(none.Variable("x")), sgd);
  EXPECT_EQ(none.Build({}).status().message(),
            "training step: expected parameters (variables with an initializer "
            "that the loss depends on), found none");

  // The first error is the one that is reported.
  GraphBuilder failed(BuiltinOps());
  TrainingStep(failed, failed.Find("gone"), sgd);
  EXPECT_THAT(std::string(failed.Build({}).status().message()),
              HasSubstr("'gone'"));

  GraphBuilder one(BuiltinOps()), other(BuiltinOps());
  Symbol w = one.Variable("w", {.init = Initializer::Zero()});
  EXPECT_THAT(TrainingStep(other, op::Softmax(w), sgd), IsEmpty());
  EXPECT_FALSE(other.Build({}).ok());

  // No parameter can be a value that is computed.
  GraphBuilder computed(BuiltinOps());
  Symbol y = op::Softmax(computed.Variable("x"));
  TrainingStep(computed, op::Softmax(y), sgd, {y});
  EXPECT_THAT(std::string(computed.Build({}).status().message()),
              HasSubstr("expected a variable to update, found node "
                        "'softmax0' (softmax)"));
}

TEST(TrainingStepTest, InferenceNeedsNoLabel) {
  const Dataset data = RandomData(16, 5, 3);
  const Graph step = MlpFor(data, {4});
  const Graph infer = InferenceGraph(step);
  EXPECT_THAT(infer.updates, IsEmpty());
  EXPECT_GE(step.Find("label"), 0);
  EXPECT_EQ(infer.Find("label"), -1);
  EXPECT_EQ(infer.Find("fc1_weight_mom"), -1);
  EXPECT_EQ(infer.outputs.size(), 1u);
}

}  // namespace
}  // namespace minnow
