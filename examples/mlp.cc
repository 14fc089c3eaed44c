// A classifier of handwritten digits: composed, trained, saved in the middle,
// and restored. What is restored goes on with the same bits.

#include <algorithm>
#include <iostream>

#include "minnow/core/status.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/softmax_output.h"
#include "minnow/train/trainer.h"
#include "minnow/train/training_step.h"

namespace {

using namespace minnow;  // NOLINT: short, for an example.

// A fully connected layer, with initial values for its parameters.
Symbol Layer(GraphBuilder& b, Symbol x, const std::string& name, int64_t inputs,
             int64_t outputs) {
  Symbol weight = b.Variable(name + "_weight", {.shape = {outputs, inputs},
                                                .init = Initializer::Xavier()});
  Symbol bias = b.Variable(name + "_bias",
                           {.shape = {outputs}, .init = Initializer::Zero()});
  return op::FullyConnected(x, weight, bias, {.num_hidden = outputs},
                            {.name = name});
}

absl::StatusOr<Graph> MakeStep() {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("data", {.shape = {Shape::kUnknown, 64}});
  x = Layer(b, x, "fc1", 64, 32);
  x = op::Activation(x, {.act_type = ActType::kRelu});
  x = Layer(b, x, "fc2", 32, 10);
  Symbol out = op::SoftmaxOutput(x, b.Variable("label"),
                                 {.normalization = Normalization::kBatch});
  TrainingStep(b, out, SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}));
  return b.Build({out});
}

absl::Status TrainTo(Trainer& trainer, int64_t epochs, const Dataset& test) {
  while (trainer.epoch() < epochs) MINNOW_RETURN_IF_ERROR(trainer.Step());
  MINNOW_ASSIGN_OR_RETURN(const ClassificationMetrics metrics,
                          trainer.Evaluate(test));
  std::cout << "epoch " << trainer.epoch() << ": test loss " << metrics.loss()
            << ", accuracy " << metrics.accuracy() << "\n";
  return absl::OkStatus();
}

absl::Status Example() {
  MINNOW_ASSIGN_OR_RETURN(const DataSplit digits, LoadDigits());
  MINNOW_ASSIGN_OR_RETURN(const Graph step, MakeStep());
  MINNOW_ASSIGN_OR_RETURN(Trainer trainer,
                          Trainer::Create(step, &digits.train, {.seed = 1}));
  MINNOW_RETURN_IF_ERROR(TrainTo(trainer, 5, digits.test));
  MINNOW_RETURN_IF_ERROR(WriteCheckpoint("mlp.ckpt", trainer.Save()));
  MINNOW_RETURN_IF_ERROR(TrainTo(trainer, 10, digits.test));

  // Another process could do this.
  MINNOW_ASSIGN_OR_RETURN(const Checkpoint checkpoint,
                          ReadCheckpoint("mlp.ckpt", BuiltinOps()));
  MINNOW_ASSIGN_OR_RETURN(Trainer restored,
                          Trainer::Restore(checkpoint, &digits.train, {}));
  MINNOW_RETURN_IF_ERROR(TrainTo(restored, 10, digits.test));

  MINNOW_ASSIGN_OR_RETURN(const NDArray a,
                          trainer.executor().Variable("fc1_weight"));
  MINNOW_ASSIGN_OR_RETURN(const NDArray b,
                          restored.executor().Variable("fc1_weight"));
  const bool same = std::equal(a.raw(), a.raw() + a.num_bytes(), b.raw());
  std::cout << (same ? "the same bits\n" : "other bits\n");
  return absl::OkStatus();
}

}  // namespace

int main() {
  const absl::Status status = Example();
  if (status.ok()) return 0;
  std::cerr << status.message() << "\n";
  return 1;
}
