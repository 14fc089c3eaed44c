#include "minnow/bench/embedding_work.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "minnow/bench/works.h"
#include "minnow/core/status.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/embedding.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/unary.h"
#include "minnow/train/training_step.h"

namespace minnow {
namespace {

constexpr int64_t kTableRows = 10'000'000;
constexpr int64_t kColumns = 16, kHidden = 64;
// Caches forget a batch before it comes again.
constexpr int64_t kIdsOfAllBatches = 1'000'000;

Symbol Layer(GraphBuilder& b, Symbol x, const std::string& name, int64_t inputs,
             int64_t outputs) {
  const Symbol weight =
      b.Variable(name + "_weight",
                 {.shape = {outputs, inputs}, .init = Initializer::Xavier()});
  const Symbol bias = b.Variable(
      name + "_bias", {.shape = {outputs}, .init = Initializer::Zero()});
  return op::FullyConnected(x, weight, bias, {.num_hidden = outputs});
}

absl::StatusOr<Graph> MakeGraph(bool deferred) {
  GraphBuilder b(BuiltinOps());
  const Symbol ids = b.Variable("ids");
  const Symbol table = b.Variable("table", {.shape = {kTableRows, kColumns},
                                            .dtype = DType::kFloat32,
                                            .init = Initializer::One()});
  std::vector<DeferredWeight> weights;
  Symbol x;
  if (deferred) {
    weights.push_back(MakeDeferred(table));
    x = op::DeferredRows(weights[0], ids);
  } else {
    x = op::Embedding(
        ids, table,
        {.input_dim = kTableRows, .output_dim = kColumns, .sparse_grad = true});
  }
  x = op::Activation(Layer(b, x, "fc1", kColumns, kHidden),
                     {.act_type = ActType::kRelu});
  x = Layer(b, x, "fc2", kHidden, 1);
  const Symbol loss = op::Mean(op::Square(x - 1.0f));
  TrainingStep(b, loss, SgdOptimizer(BenchSgd(), weights));
  return b.Build({loss});
}

}  // namespace

absl::StatusOr<CycledStep> EmbeddingStep(bool deferred, int64_t batch,
                                         int threads) {
  std::mt19937_64 random(1);
  std::vector<NDArray> ids;
  for (int64_t i = 0; i < kIdsOfAllBatches / batch + 1; ++i) {
    MINNOW_ASSIGN_OR_RETURN(ids.emplace_back(),
                            NDArray::Zeros({batch}, DType::kInt64));
    for (int64_t& id : ids.back().values<int64_t>()) {
      id = static_cast<int64_t>(random() % kTableRows);
    }
  }
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, MakeGraph(deferred));
  MINNOW_ASSIGN_OR_RETURN(Executor executor,
                          Executor::Bind(graph, {.variables = {{"ids", ids[0]}},
                                                 .threads = threads,
                                                 .strict_storage = true}));
  MINNOW_RETURN_IF_ERROR(WriteAllPages(executor));
  return CycledStep(std::move(executor), "ids", std::move(ids));
}

}  // namespace minnow
