// Matrix factorization: a rating is the product of a row of a table of users
// and a row of a table of items, plus a bias of each. Trained with momentum and
// weight decay in the three ways to update the rows of a table, side by side:
// what they cost, and how well they do.
//
//   matrix_factorization ml-100k.inter    # Ratings from a file; see
//   matrix_factorization                  # scripts/movielens. Made ones.

#include <chrono>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <numeric>

#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/embedding.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/unary.h"
#include "minnow/train/ratings.h"
#include "minnow/train/shuffle.h"
#include "minnow/train/training_step.h"

namespace {

using namespace minnow;  // NOLINT: short, for an example.

constexpr int64_t kFactors = 16, kBatch = 64, kEpochs = 20;
enum class Mode { kLazy, kStandard, kDeferred };

// One training step; output 0 are the ratings that the model predicts.
absl::StatusOr<Graph> MakeStep(const Ratings& data, float mean, Mode mode) {
  GraphBuilder b(BuiltinOps());
  std::vector<DeferredWeight> deferred;
  const auto rows = [&](const char* name, int64_t num_rows, int64_t size,
                        Symbol ids) {
    Symbol table = b.Variable(
        name, {.shape = {num_rows, size}, .init = Initializer::Normal(0.05)});
    if (mode != Mode::kDeferred) {
      return op::Embedding(
          ids, table,
          {.input_dim = num_rows, .output_dim = size, .sparse_grad = true});
    }
    deferred.push_back(MakeDeferred(table));
    return op::DeferredRows(deferred.back(), ids);
  };
  Symbol users = b.Variable("users"), items = b.Variable("items");
  Symbol product = rows("user_factors", data.num_users, kFactors, users) *
                   rows("item_factors", data.num_items, kFactors, items);
  Symbol predicted = op::Sum(product, {.axis = {{1}}, .keepdims = true}) +
                     rows("user_bias", data.num_users, 1, users) +
                     rows("item_bias", data.num_items, 1, items) + mean;
  Symbol loss = op::Sum(op::Square(predicted - b.Variable("ratings")));
  const SgdMomUpdateAttrs sgd = {.lr = 0.001f,
                                 .momentum = 0.9f,
                                 .wd = 0.02f,
                                 .lazy_update = mode == Mode::kLazy};
  TrainingStep(b, loss, SgdOptimizer(sgd, deferred));
  return b.Build({predicted});
}

// The root mean square error over `test`, with the weights of a step.
absl::StatusOr<double> TestError(const Graph& step, const Executor& trained,
                                 const Ratings& data,
                                 absl::Span<const uint32_t> test) {
  const Graph graph = InferenceGraph(step);
  MINNOW_ASSIGN_OR_RETURN(auto arrays, RatingInputs(data, test));
  const NDArray ratings = arrays["ratings"];
  arrays.erase("ratings");
  for (const Node& node : graph.nodes) {
    if (!node.is_variable() || arrays.contains(node.name)) continue;
    MINNOW_ASSIGN_OR_RETURN(arrays[node.name], trained.Variable(node.name));
  }
  MINNOW_ASSIGN_OR_RETURN(Executor executor,
                          Executor::Bind(graph, {.variables = arrays}));
  MINNOW_RETURN_IF_ERROR(executor.Run());
  double sum = 0;
  for (size_t i = 0; i < test.size(); ++i) {
    sum += std::pow(
        executor.Output(0).values<float>()[i] - ratings.values<float>()[i], 2);
  }
  return std::sqrt(sum / static_cast<double>(test.size()));
}

absl::Status Example(const char* path) {
  Ratings data = MakeRatings({});
  if (path != nullptr) {
    MINNOW_ASSIGN_OR_RETURN(data, ReadRatings(path));
  }
  std::cout << data.size() << " ratings of " << data.num_items << " items by "
            << data.num_users << " users\n"
            << std::fixed;
  const auto all = RandomOrder(static_cast<uint32_t>(data.size()),
                               {.seed = 1, .stream = kSplitStream});
  const auto test = absl::MakeConstSpan(all).first(all.size() / 5);
  const auto train = absl::MakeConstSpan(all).subspan(test.size());
  if (train.size() < kBatch) {
    return absl::InvalidArgumentError("expected more ratings than a batch has");
  }
  const double sum =
      std::accumulate(data.values.begin(), data.values.end(), 0.0);
  const auto mean = static_cast<float>(sum / static_cast<double>(data.size()));
  for (const auto& [mode, name] :
       {std::pair(Mode::kLazy, "lazy"), std::pair(Mode::kStandard, "standard"),
        std::pair(Mode::kDeferred, "deferred")}) {
    MINNOW_ASSIGN_OR_RETURN(const Graph graph, MakeStep(data, mean, mode));
    MINNOW_ASSIGN_OR_RETURN(auto inputs,
                            RatingInputs(data, train.first(kBatch)));
    MINNOW_ASSIGN_OR_RETURN(
        Executor step, Executor::Bind(graph, {.variables = inputs, .seed = 1}));
    std::chrono::duration<double> time{0};
    for (uint64_t epoch = 0; epoch < kEpochs; ++epoch) {
      const auto order =
          RandomOrder(static_cast<uint32_t>(train.size()),
                      {.seed = 1, .stream = kEpochOrderStream, .run = epoch});
      std::vector<uint32_t> batch(kBatch);
      for (size_t i = 0; i + kBatch <= order.size(); i += kBatch) {
        for (size_t k = 0; k < kBatch; ++k) batch[k] = train[order[i + k]];
        MINNOW_ASSIGN_OR_RETURN(inputs, RatingInputs(data, batch));
        for (const auto& [input, array] : inputs) {
          MINNOW_RETURN_IF_ERROR(step.SetInput(input, array));
        }
        const auto begin = std::chrono::steady_clock::now();
        MINNOW_RETURN_IF_ERROR(step.Run());
        time += std::chrono::steady_clock::now() - begin;
      }
    }
    MINNOW_ASSIGN_OR_RETURN(const double error,
                            TestError(graph, step, data, test));
    std::cout << std::setw(8) << name << ": test error " << std::setprecision(4)
              << error << ", " << std::setprecision(2) << time.count()
              << " s\n";
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status status = Example(argc > 1 ? argv[1] : nullptr);
  if (status.ok()) return 0;
  std::cerr << status.message() << "\n";
  return 1;
}
