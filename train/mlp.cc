#include "minnow/train/mlp.h"

#include "absl/strings/str_cat.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/softmax_output.h"

namespace minnow {

absl::StatusOr<Graph> BuildMlp(const MlpOptions& options,
                               const Optimizer& optimizer) {
  GraphBuilder b(BuiltinOps());
  std::vector<int64_t> widths = options.hidden;
  widths.push_back(options.classes);
  Symbol x = b.Variable("data", {.shape = {Shape::kUnknown, options.features},
                                 .dtype = DType::kFloat32});
  if (options.mean != 0) x = op::MinusScalar(x, {.scalar = options.mean});
  int64_t inputs = options.features;
  for (size_t i = 0; i < widths.size(); ++i) {
    const std::string name = absl::StrCat("fc", i + 1);
    if (i > 0) x = op::Activation(x, {.act_type = ActType::kRelu});
    Symbol weight = b.Variable(
        name + "_weight", {.shape = {widths[i], inputs},
                           .init = Initializer::Xavier(
                               /*normal=*/false, Initializer::Factor::kIn, 2)});
    Symbol bias = b.Variable(
        name + "_bias", {.shape = {widths[i]}, .init = Initializer::Zero()});
    x = op::FullyConnected(x, weight, bias, {.num_hidden = widths[i]},
                           {.name = name});
    inputs = widths[i];
  }
  Symbol probabilities = op::Softmax(x, {}, {.name = "probabilities"});
  Symbol loss = op::SoftmaxOutput(x, b.Variable("label"),
                                  {.normalization = Normalization::kBatch},
                                  {.name = "softmax"});
  TrainingStep(b, loss, optimizer);
  // Not the loss, which is made of the same numbers: so the graph without its
  // updates needs no labels.
  return b.Build({probabilities});
}

}  // namespace minnow
