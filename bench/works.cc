#include "minnow/bench/works.h"

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/initializer.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/batch_norm.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/convolution.h"
#include "minnow/ops/dot.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/pooling.h"
#include "minnow/ops/softmax_output.h"
#include "minnow/ops/unary.h"
#include "minnow/train/dataset.h"
#include "minnow/train/mlp.h"
#include "minnow/train/trainer.h"
#include "minnow/train/training_step.h"

namespace minnow {
namespace {

constexpr int64_t kWeightStepBatch = 64;

// `layers` are widths, the inputs first.
absl::StatusOr<Graph> MlpGraph(const std::vector<int64_t>& layers) {
  return BuildMlp({.features = layers.front(),
                   .hidden = {layers.begin() + 1, layers.end() - 1},
                   .classes = layers.back()},
                  SgdOptimizer(BenchSgd()));
}

// Uniform numbers in [0, scale), the same in each run.
absl::StatusOr<NDArray> RandomArray(const Shape& shape, float scale) {
  MINNOW_ASSIGN_OR_RETURN(NDArray array,
                          NDArray::Zeros(shape, DType::kFloat32));
  MINNOW_RETURN_IF_ERROR(
      Initializer::Uniform(scale / 2).Fill(/*seed=*/0, "bench", array));
  for (float& x : array.values<float>()) x += scale / 2;
  return array;
}

// The training step of a classifier, with a random batch.
absl::StatusOr<Executor> BindClassifier(const Graph& step, const Shape& batch,
                                        int64_t classes, int threads) {
  MINNOW_ASSIGN_OR_RETURN(const NDArray data, RandomArray(batch, 1));
  MINNOW_ASSIGN_OR_RETURN(const NDArray label,
                          RandomArray({batch[0]}, static_cast<float>(classes)));
  for (float& x : label.values<float>()) x = static_cast<float>(int(x));
  return Executor::Bind(step, {.variables = {{"data", data}, {"label", label}},
                               .training = true,
                               .threads = threads});
}

}  // namespace

const std::vector<int64_t>& MlpStepLayers() {
  static const auto* const layers = new std::vector<int64_t>{784, 128, 64, 10};
  return *layers;
}

SgdMomUpdateAttrs BenchSgd() {
  return {.lr = 0.01f, .momentum = 0.9f, .wd = 1e-4f};
}

absl::StatusOr<Executor> SgdMomStep(int64_t size, int threads) {
  GraphBuilder b(BuiltinOps());
  const VariableAttrs numbers = {.shape = {size},
                                 .dtype = DType::kFloat32,
                                 .init = Initializer::Normal(1)};
  Symbol w = b.Variable("w", numbers), g = b.Variable("g", numbers);
  Symbol next = op::SgdMomUpdate(w, g, b.Variable("m"), BenchSgd(), {.out = w});
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({next}));
  return Executor::Bind(graph, {.threads = threads});
}

absl::StatusOr<Executor> ManyUpdates(int64_t tensors, int threads) {
  GraphBuilder b(BuiltinOps());
  const VariableAttrs numbers = {.shape = {1000},
                                 .dtype = DType::kFloat32,
                                 .init = Initializer::Normal(1)};
  std::vector<Symbol> outputs;
  for (int64_t i = 0; i < tensors; ++i) {
    const Symbol w = b.Variable(absl::StrCat("w", i), numbers);
    const Symbol g = b.Variable(absl::StrCat("g", i), numbers);
    outputs.push_back(op::SgdMomUpdate(w, g, b.Variable(absl::StrCat("m", i)),
                                       BenchSgd(), {.out = w}));
  }
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build(outputs));
  return Executor::Bind(graph, {.threads = threads});
}

absl::StatusOr<Executor> WeightStep(int64_t width, bool fuse, int threads) {
  GraphBuilder b(BuiltinOps());
  const auto numbers = [&](absl::string_view name, int64_t rows) {
    return b.Variable(name, {.shape = {rows, width},
                             .dtype = DType::kFloat32,
                             .init = Initializer::Normal(1e-3f)});
  };
  const Symbol weight = numbers("weight", width);
  const Symbol grad =
      op::Dot(numbers("head", kWeightStepBatch),
              numbers("data", kWeightStepBatch), {.transpose_a = true});
  op::SgdMomUpdate(weight, grad, b.Variable("mom"), BenchSgd(),
                   {.out = weight});
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({}));
  return Executor::Bind(graph,
                        {.threads = threads, .rewrites = {.fuse = fuse}});
}

absl::StatusOr<Executor> PointwiseChain(Pointwise op, int64_t length,
                                        int threads) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x", {.shape = {1000000},
                              .dtype = DType::kFloat32,
                              .init = Initializer::Normal(1)});
  for (int64_t i = 0; i < length; ++i) {
    if (op == Pointwise::kTanh) {
      x = op::Tanh(x);
    } else {
      x = i % 2 == 0 ? x * 0.999f : x + 0.001f;
    }
  }
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({x}));
  return Executor::Bind(graph, {.threads = threads});
}

absl::StatusOr<Graph> AdditionGraph(int64_t length) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable(
      "x",
      {.shape = {1}, .dtype = DType::kFloat32, .init = Initializer::Zero()});
  for (int64_t i = 0; i < length; ++i) x = x + 1.0f;
  return b.Build({x});
}

absl::StatusOr<Executor> AdditionChain(int64_t length, int threads) {
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, AdditionGraph(length));
  return Executor::Bind(graph,
                        {.threads = threads, .rewrites = {.fuse = false}});
}

absl::StatusOr<Executor> MlpStep(int64_t batch, int threads) {
  const std::vector<int64_t>& layers = MlpStepLayers();
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, MlpGraph(layers));
  return BindClassifier(graph, {batch, layers.front()}, layers.back(), threads);
}

absl::StatusOr<Executor> ConvolutionStep(int64_t batch, int threads) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("data", {.shape = {Shape::kUnknown, 1, 28, 28}});
  for (const int64_t filters : {32, 64}) {
    const std::string name = absl::StrCat("conv", filters);
    const Symbol weight = b.Variable(name, {.init = Initializer::Xavier()});
    x = op::Convolution(x, weight, {},
                        {.kernel = {3, 3},
                         .num_filter = filters,
                         .pad = {1, 1},
                         .no_bias = true});
    const Symbol gamma =
        b.Variable(name + "_gamma", {.init = Initializer::One()});
    const Symbol beta =
        b.Variable(name + "_beta", {.init = Initializer::Zero()});
    x = op::BatchNorm(x, gamma, beta, {}, {}, {.fix_gamma = false});
    x = op::Activation(x, {.act_type = ActType::kRelu});
    x = op::Pooling(x, {.kernel = {2, 2}, .stride = {2, 2}});
  }
  x = op::FullyConnected(x, b.Variable("fc", {.init = Initializer::Xavier()}),
                         b.Variable("fc_bias", {.init = Initializer::Zero()}),
                         {.num_hidden = 10});
  x = op::SoftmaxOutput(x, b.Variable("label"),
                        {.normalization = Normalization::kBatch});
  TrainingStep(b, x, SgdOptimizer(BenchSgd()));
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({x}));
  return BindClassifier(graph, {batch, 1, 28, 28}, 10, threads);
}

absl::StatusOr<double> TrainFashionMnist(int64_t epochs, int threads) {
  MINNOW_ASSIGN_OR_RETURN(const DataSplit data, LoadData("fashion-mnist"));
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, MlpGraph({784, 256, 128, 10}));
  MINNOW_ASSIGN_OR_RETURN(
      Trainer trainer,
      Trainer::Create(graph, &data.train,
                      {.batch_size = 64,
                       .learning_rate = {.base = BenchSgd().lr},
                       .threads = threads}));
  double accuracy = 0;
  while (trainer.epoch() < epochs) {
    MINNOW_RETURN_IF_ERROR(trainer.Step());
    if (trainer.step() % trainer.steps_per_epoch() != 0) continue;
    MINNOW_ASSIGN_OR_RETURN(const ClassificationMetrics test,
                            trainer.Evaluate(data.test));
    accuracy = test.accuracy();
  }
  return accuracy;
}

}  // namespace minnow
