// Linear regression: composes a model, differentiates it, and trains it on
// made data.

#include <iostream>

#include "minnow/core/philox.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/unary.h"
#include "minnow/train/training_step.h"

namespace {

using namespace minnow;  // NOLINT: short, for an example.

absl::Status Example() {
  // The model y = x w + bias, the mean square error, and one update a step.
  // A variable with an initializer is a parameter.
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x"), y = b.Variable("y");
  Symbol w =
      b.Variable("w", {.shape = {1, 2}, .init = Initializer::Normal(0.1)});
  Symbol bias = b.Variable("bias", {.shape = {1}, .init = Initializer::Zero()});
  Symbol predicted = op::FullyConnected(x, w, bias, {.num_hidden = 1});
  Symbol loss = op::Mean(op::Square(predicted - y));
  TrainingStep(b, loss, SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}));
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({loss}));

  // Data made by y = 2 x0 - 3 x1 + 0.5.
  constexpr int64_t kExamples = 100;
  MINNOW_ASSIGN_OR_RETURN(const NDArray xs,
                          NDArray::Zeros({kExamples, 2}, DType::kFloat32));
  MINNOW_ASSIGN_OR_RETURN(const NDArray ys,
                          NDArray::Zeros({kExamples, 1}, DType::kFloat32));
  const PhiloxGenerator random(RandomKey{.seed = 1});
  for (int64_t i = 0; i < kExamples; ++i) {
    const PhiloxBits bits = random(static_cast<uint64_t>(i));
    float* point = &xs.values<float>()[2 * i];
    point[0] = UniformFloat(bits[0]);
    point[1] = UniformFloat(bits[1]);
    ys.values<float>()[i] = 2 * point[0] - 3 * point[1] + 0.5f;
  }

  MINNOW_ASSIGN_OR_RETURN(
      Executor step,
      Executor::Bind(graph, {.variables = {{"x", xs}, {"y", ys}}, .seed = 1}));
  for (int i = 0; i <= 300; ++i) {
    MINNOW_RETURN_IF_ERROR(step.Run());
    if (i % 100 == 0) {
      std::cout << "step " << i << ": loss "
                << step.Output(0).values<float>()[0] << "\n";
    }
  }
  for (const char* name : {"w", "bias"}) {
    MINNOW_ASSIGN_OR_RETURN(const NDArray fitted, step.Variable(name));
    std::cout << name << " = " << fitted.ToString() << "\n";
  }
  return absl::OkStatus();
}

}  // namespace

int main() {
  const absl::Status status = Example();
  if (status.ok()) return 0;
  std::cerr << status.message() << "\n";
  return 1;
}
