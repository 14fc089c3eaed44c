// Logistic regression on sparse data: a libsvm file, csr batches, and a dense
// weight of which a step changes only the rows of features that occur.

#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "minnow/core/philox.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/dot.h"
#include "minnow/ops/regression_output.h"
#include "minnow/train/libsvm_reader.h"
#include "minnow/train/shuffle.h"
#include "minnow/train/training_step.h"

namespace {

using namespace minnow;  // NOLINT: short, for an example.

constexpr uint32_t kExamples = 2000, kBatch = 50, kFeatures = 10000;

// Twelve features of many are 1. Odd ones speak for the label 1, even ones for
// 0.
void WriteData(const std::string& path) {
  std::ofstream file(path);
  const PhiloxGenerator random(RandomKey{.seed = 1});
  for (uint32_t i = 0; i < kExamples; ++i) {
    std::string features;
    int votes = 0;
    uint32_t feature = 0;
    for (uint32_t j = 0; j < 12; ++j) {
      const uint32_t bits = random(uint64_t{i} * 12 + j)[0];
      // Steps of which most are short: some features are frequent.
      feature += 1 + bits % (bits % 3 == 0 ? kFeatures / 13 : 9);
      votes += feature % 2 == 1 ? 1 : -1;
      absl::StrAppend(&features, " ", feature, ":1");
    }
    file << (votes > 0) << features << "\n";
  }
}

absl::Status Example() {
  WriteData("sparse.libsvm");
  MINNOW_ASSIGN_OR_RETURN(
      const SparseExamples data,
      ReadLibsvm("sparse.libsvm", {.num_features = kFeatures}));

  // The gradient of w in dot(csr, w) is row_sparse, and so sgd_mom_update is
  // lazy.
  GraphBuilder b(BuiltinOps());
  Symbol w =
      b.Variable("w", {.shape = {kFeatures, 1}, .init = Initializer::Zero()});
  Symbol x = b.Variable("x", {.stype = StorageType::kCsr});
  Symbol out = op::LogisticRegressionOutput(op::Dot(x, w), b.Variable("y"));
  TrainingStep(
      b, out,
      SgdOptimizer(
          {.lr = 0.5f, .momentum = 0.5f, .rescale_grad = 1.0f / kBatch}));
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({out}));

  // Each batch is written into the arrays that the executor is bound to.
  MINNOW_ASSIGN_OR_RETURN(
      const NDArray batch,
      NDArray::Zeros({kBatch, kFeatures}, DType::kFloat32, StorageType::kCsr));
  MINNOW_ASSIGN_OR_RETURN(const NDArray labels,
                          NDArray::Zeros({kBatch}, DType::kFloat32));
  MINNOW_ASSIGN_OR_RETURN(
      Executor step,
      Executor::Bind(graph, {.variables = {{"x", batch}, {"y", labels}},
                             .strict_storage = true}));
  for (uint64_t epoch = 0; epoch < 30; ++epoch) {
    const std::vector<uint32_t> order = RandomOrder(
        kExamples, {.seed = 1, .stream = kEpochOrderStream, .run = epoch});
    int64_t right = 0;
    for (uint32_t first = 0; first < kExamples; first += kBatch) {
      const auto rows = absl::MakeConstSpan(order).subspan(first, kBatch);
      MINNOW_RETURN_IF_ERROR(TakeRows(data.features, rows, batch));
      for (size_t i = 0; i < kBatch; ++i) {
        labels.values<float>()[i] = data.labels.values<float>()[rows[i]];
      }
      MINNOW_RETURN_IF_ERROR(step.Run());
      for (size_t i = 0; i < kBatch; ++i) {
        const bool predicted = step.Output(0).values<float>()[i] > 0.5f;
        right += predicted == (labels.values<float>()[i] > 0.5f);
      }
    }
    if (epoch % 10 == 9) {
      std::cout << "epoch " << epoch + 1 << ": accuracy "
                << static_cast<double>(right) / kExamples << "\n";
    }
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
