// The arena is as small as it can be: at most 5 % above the largest set of
// values that live at once, for steps of the kinds that people train.
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/plan.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/embedding.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/unary.h"
#include "minnow/train/mlp.h"
#include "minnow/train/training_step.h"

namespace minnow {
namespace {

using Types = absl::flat_hash_map<std::string, VariableType>;

Optimizer Sgd() { return SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}); }

void ExpectSmallArena(const absl::StatusOr<Graph>& graph, const Types& types) {
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto plan = MakePlan(*graph, types, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto bound = static_cast<double>(plan->lower_bound_bytes);
  EXPECT_LE(static_cast<double>(plan->planned_bytes), 1.05 * bound);
  // The bound says something only where memory can be shared.
  EXPECT_LT(bound, 0.9 * static_cast<double>(plan->unshared_bytes));
}

// A variable of so many rows and columns that is trained.
Symbol Weight(GraphBuilder& b, const std::string& name, int64_t rows,
              int64_t columns) {
  return b.Variable(name, {.shape = {rows, columns},
                           .dtype = DType::kFloat32,
                           .init = Initializer::Xavier()});
}

Symbol Layer(GraphBuilder& b, Symbol x, const std::string& name, int64_t inputs,
             int64_t outputs) {
  return op::FullyConnected(x, Weight(b, name, outputs, inputs), Symbol{},
                            {.num_hidden = outputs, .no_bias = true});
}

// A step that brings the mean square of x down.
absl::StatusOr<Graph> StepOf(GraphBuilder& b, Symbol x) {
  const Symbol loss = op::Mean(op::Square(x));
  TrainingStep(b, loss, Sgd());
  return b.Build({loss});
}

TEST(MemoryPlanTest, AnMlpHasASmallArena) {
  ExpectSmallArena(
      BuildMlp({.features = 784, .hidden = {256, 128}, .classes = 10}, Sgd()),
      {{"data", {.shape = {64, 784}}}});
}

TEST(MemoryPlanTest, AnEmbeddingUnderDenseLayersHasASmallArena) {
  GraphBuilder b(BuiltinOps());
  Symbol x =
      op::Embedding(b.Variable("ids"), Weight(b, "table", 1000, 16),
                    {.input_dim = 1000, .output_dim = 16, .sparse_grad = true});
  x = op::Activation(Layer(b, x, "fc1", 16, 64), {.act_type = ActType::kRelu});
  x = op::Activation(Layer(b, x, "fc2", 64, 32), {.act_type = ActType::kRelu});
  ExpectSmallArena(StepOf(b, Layer(b, x, "fc3", 32, 1)),
                   {{"ids", {.shape = {4096}, .dtype = DType::kInt64}}});
}

TEST(MemoryPlanTest, AnUnrolledRecurrenceHasASmallArena) {
  constexpr int kSteps = 100;
  GraphBuilder b(BuiltinOps());
  const Symbol input = Weight(b, "input", 64, 16);
  const Symbol recurrent = Weight(b, "recurrent", 64, 64);
  const auto product = [](Symbol x, Symbol weight) {
    return op::FullyConnected(x, weight, Symbol{},
                              {.num_hidden = 64, .no_bias = true});
  };
  Types types = {{"state", {.shape = {32, 64}}}};
  Symbol state = b.Variable("state");
  for (int t = 0; t < kSteps; ++t) {
    const std::string name = absl::StrCat("x", t);
    types[name] = {.shape = Shape{32, 16}};
    state =
        op::Tanh(product(b.Variable(name), input) + product(state, recurrent));
  }
  ExpectSmallArena(StepOf(b, state), types);
}

TEST(MemoryPlanTest, AChainOfAThousandLayersHasASmallArena) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x");
  for (int i = 0; i < 1000; ++i) {
    x = op::Activation(Layer(b, x, absl::StrCat("fc", i), 32, 32),
                       {.act_type = ActType::kRelu});
  }
  ExpectSmallArena(StepOf(b, x), {{"x", {.shape = {64, 32}}}});
}

}  // namespace
}  // namespace minnow
