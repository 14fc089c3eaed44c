// A network of convolutions for images of digits: trained, tested, and written
// as a graph for inference, in which BatchNorm takes its moving statistics.

#include <iostream>
#include <string>
#include <utility>

#include "minnow/core/status.h"
#include "minnow/interop/graph_file.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/batch_norm.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/convolution.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/pooling.h"
#include "minnow/ops/reshape.h"
#include "minnow/ops/softmax_output.h"
#include "minnow/train/trainer.h"
#include "minnow/train/training_step.h"

namespace {

using namespace minnow;  // NOLINT: short, for an example.

// Filters of 3 x 3, normalized, and relu. The operators make the variables that
// are omitted; shapes follow from that of the data.
Symbol Layer(GraphBuilder& b, Symbol x, const std::string& name,
             int64_t filters) {
  const Symbol weight =
      b.Variable(name + "_weight", {.init = Initializer::Xavier()});
  const Symbol gamma =
      b.Variable(name + "_gamma", {.init = Initializer::One()});
  const Symbol beta = b.Variable(name + "_beta", {.init = Initializer::Zero()});
  x = op::Convolution(
      x, weight, {},
      {.kernel = {3, 3}, .num_filter = filters, .pad = {1, 1}, .no_bias = true},
      {.name = name});
  x = op::BatchNorm(x, gamma, beta, {}, {}, {.fix_gamma = false});
  return op::Activation(x, {.act_type = ActType::kRelu});
}

absl::StatusOr<Graph> MakeStep() {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("data", {.shape = {Shape::kUnknown, 64}});
  x = op::Reshape(x, {.shape = {-1, 1, 8, 8}});
  x = Layer(b, x, "conv1", 16);
  x = op::Pooling(x, {.kernel = {2, 2}, .stride = {2, 2}});
  x = Layer(b, x, "conv2", 32);
  x = op::Pooling(x, {.pool_type = PoolType::kAvg, .global_pool = true});
  x = op::FullyConnected(
      x, b.Variable("fc_weight", {.init = Initializer::Xavier()}),
      b.Variable("fc_bias", {.init = Initializer::Zero()}), {.num_hidden = 10});
  const Symbol out = op::SoftmaxOutput(
      x, b.Variable("label"), {.normalization = Normalization::kBatch});
  TrainingStep(b, out, SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}));
  return b.Build({out});
}

absl::Status Example() {
  MINNOW_ASSIGN_OR_RETURN(const DataSplit digits, LoadDigits());
  MINNOW_ASSIGN_OR_RETURN(const Graph step, MakeStep());
  MINNOW_ASSIGN_OR_RETURN(Trainer trainer,
                          Trainer::Create(step, &digits.train, {.seed = 1}));
  while (trainer.epoch() < 5) {
    const int64_t epoch = trainer.epoch();
    MINNOW_RETURN_IF_ERROR(trainer.Step());
    if (trainer.epoch() == epoch) continue;
    MINNOW_ASSIGN_OR_RETURN(const ClassificationMetrics metrics,
                            trainer.Evaluate(digits.test));
    std::cout << "epoch " << trainer.epoch() << ": test loss " << metrics.loss()
              << ", accuracy " << metrics.accuracy() << "\n";
  }
  return SaveGraph("convolution_network.pb", InferenceGraph(step));
}

}  // namespace

int main() {
  const absl::Status status = Example();
  if (status.ok()) return 0;
  std::cerr << status.message() << "\n";
  return 1;
}
