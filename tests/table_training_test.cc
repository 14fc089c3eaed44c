// Whole training steps with tables: read by number, updated lazily, all of
// them, or deferred, and filled with rows as they are needed.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/embedding.h"
#include "minnow/ops/ensure_rows.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/unary.h"
#include "minnow/proto/checkpoint.h"
#include "minnow/train/training_step.h"

namespace minnow {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kRows = 50, kColumns = 3, kBatch = 6;
constexpr int kSteps = 300;

enum class Mode { kLazy, kStandard, kDeferred, kNewRows };

// A step that reads one table twice; output 0 is a row for each example.
absl::StatusOr<Graph> MakeStep(Mode mode, DType dtype) {
  GraphBuilder b(BuiltinOps());
  VariableAttrs attrs = {.shape = {kRows, kColumns},
                         .dtype = dtype,
                         .init = Initializer::Normal(1)};
  if (mode == Mode::kNewRows) attrs.stype = StorageType::kRowSparse;
  const Symbol table = b.Variable("table", attrs);
  const Symbol i = b.Variable("i"), j = b.Variable("j");
  std::vector<DeferredWeight> deferred;
  if (mode == Mode::kDeferred) deferred.push_back(MakeDeferred(table, 256));
  const auto read = [&](Symbol ids) {
    if (!deferred.empty()) return op::DeferredRows(deferred[0], ids);
    const Symbol rows =
        mode == Mode::kNewRows ? op::EnsureRows(table, ids) : table;
    return op::Embedding(ids, rows,
                         {.input_dim = kRows,
                          .output_dim = kColumns,
                          .dtype = dtype,
                          .sparse_grad = true});
  };
  const Symbol out = read(i) * 0.5f - read(j);
  const Symbol loss = op::Sum(op::Square(out - b.Variable("target")));
  TrainingStep(b, loss,
               SgdOptimizer({.lr = 0.1f,
                             .momentum = 0.9f,
                             .wd = 0.02f,
                             .lazy_update = mode != Mode::kStandard},
                            deferred));
  return b.Build({out});
}

using Arrays = absl::flat_hash_map<std::string, NDArray>;

// The inputs of a step. Low rows are frequent, high ones rare.
Arrays Inputs(std::mt19937& random, DType dtype) {
  const auto ids = [&] {
    std::vector<int32_t> values;
    for (int64_t k = 0; k < kBatch; ++k) {
      values.push_back(static_cast<int32_t>(random() % (1 + random() % kRows)));
    }
    return *NDArray::FromValues<int32_t>({kBatch}, values);
  };
  std::vector<double> target;
  for (int64_t k = 0; k < kBatch * kColumns; ++k) {
    target.push_back(static_cast<double>(random() % 1000) / 500 - 1);
  }
  const NDArray i = ids(), j = ids();
  return {
      {"i", i},
      {"j", j},
      {"target",
       *NDArray::FromValues<double>({kBatch, kColumns}, target)->Cast(dtype)}};
}

class Training {
 public:
  explicit Training(Mode mode, DType dtype = DType::kFloat64, int threads = 2)
      : dtype_(dtype), graph_(*MakeStep(mode, dtype)) {
    std::mt19937 random(0);
    Bind({.variables = Inputs(random, dtype),
          .seed = 3,
          .threads = threads,
          .strict_storage = true});
  }

  void Step(std::mt19937& random, int step) {
    ASSERT_EQ(executor_->SetAll("lr", step < 100 ? 0.1 : 0.03),
              absl::OkStatus());
    for (const auto& [name, array] : Inputs(random, dtype_)) {
      ASSERT_EQ(executor_->SetInput(name, array), absl::OkStatus());
    }
    ASSERT_EQ(executor_->Run(), absl::OkStatus());
  }

  // Goes on from a file.
  void SaveAndRestore(const std::string& path) {
    Checkpoint checkpoint;
    checkpoint.graph = graph_;
    for (const auto& [name, array] : Variables()) {
      checkpoint.arrays.push_back({.name = name, .array = array});
    }
    ASSERT_EQ(WriteCheckpoint(path, checkpoint), absl::OkStatus());
    executor_ = nullptr;
    const auto loaded = ReadCheckpoint(path, BuiltinOps());
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    graph_ = loaded->graph;
    BindOptions options = {.seed = 3, .strict_storage = true};
    for (const SavedArray& saved : loaded->arrays) {
      options.variables[saved.name] = saved.array;
    }
    Bind(options);
  }

  // Of the inference graph, for all rows.
  NDArray Evaluate() const {
    const Graph graph = InferenceGraph(graph_);
    Arrays arrays = Variables();
    std::vector<int32_t> all(kRows);
    for (int32_t row = 0; row < kRows; ++row) all[row] = row;
    arrays["i"] = *NDArray::FromValues<int32_t>({kRows}, all);
    arrays["j"] = *NDArray::Zeros({kRows}, DType::kInt32);
    absl::erase_if(
        arrays, [&](const auto& array) { return graph.Find(array.first) < 0; });
    auto executor = Executor::Bind(graph, {.variables = arrays});
    EXPECT_TRUE(executor.ok()) << executor.status();
    EXPECT_EQ(executor->Run(), absl::OkStatus());
    return *executor->Output(0).Cast(DType::kFloat64);
  }

  void Flush() {
    const auto graph = FlushGraph(graph_);
    ASSERT_TRUE(graph.ok()) << graph.status();
    Arrays arrays = Variables();
    absl::erase_if(arrays, [&](const auto& array) {
      return graph->Find(array.first) < 0;
    });
    auto executor = Executor::Bind(*graph, {.variables = arrays});
    ASSERT_TRUE(executor.ok()) << executor.status();
    ASSERT_EQ(executor->Run(), absl::OkStatus());
  }

  absl::Status Run() { return executor_->Run(); }
  NDArray Table() const { return *executor_->Variable("table"); }
  Arrays Variables() const {
    Arrays result;
    for (const std::string& name : executor_->VariableNames()) {
      result[name] = *executor_->Variable(name);
    }
    return result;
  }

 private:
  void Bind(const BindOptions& options) {
    auto executor = Executor::Bind(graph_, options);
    ASSERT_TRUE(executor.ok()) << executor.status();
    executor_ = std::make_unique<Executor>(*std::move(executor));
  }

  DType dtype_;
  Graph graph_;
  std::unique_ptr<Executor> executor_;
};

void ExpectNear(const NDArray& found, const NDArray& expected) {
  ASSERT_EQ(found.shape(), expected.shape());
  for (int64_t i = 0; i < found.num_elements(); ++i) {
    const double x = expected.values<double>()[i];
    ASSERT_NEAR(found.values<double>()[i], x, 1e-11 * (1 + std::abs(x))) << i;
  }
}

TEST(TableTrainingTest, DeferredUpdatesTrainAsTheStandardOnes) {
  std::mt19937 random(1), same(1);
  Training standard(Mode::kStandard), deferred(Mode::kDeferred);
  for (int step = 0; step < kSteps; ++step) {
    standard.Step(random, step);
    deferred.Step(same, step);
    if (step % 50 == 49) ExpectNear(deferred.Evaluate(), standard.Evaluate());
  }
  EXPECT_NE(deferred.Table().ToString(), standard.Table().ToString());
  deferred.Flush();
  ExpectNear(deferred.Table(), standard.Table());
}

TEST(TableTrainingTest, LazyUpdatesTrainInAnotherWay) {
  std::mt19937 random(1), same(1);
  Training standard(Mode::kStandard), lazy(Mode::kLazy);
  for (int step = 0; step < kSteps; ++step) {
    standard.Step(random, step);
    lazy.Step(same, step);
  }
  double largest = 0;
  const NDArray a = lazy.Table(), b = standard.Table();
  for (int64_t i = 0; i < kRows * kColumns; ++i) {
    largest = std::max(largest,
                       std::abs(a.values<double>()[i] - b.values<double>()[i]));
  }
  EXPECT_GT(largest, 0.01);
}

TEST(TableTrainingTest, NewRowsTrainAsThoseOfADenseTable) {
  std::mt19937 random(1), same(1);
  Training dense(Mode::kLazy, DType::kFloat32);
  Training growing(Mode::kNewRows, DType::kFloat32);
  EXPECT_EQ(growing.Table().indices().size(), 0u);
  for (int step = 0; step < 40; ++step) {
    dense.Step(random, step);
    growing.Step(same, step);
    const NDArray table = growing.Table();
    const NDArray found = *table.ToDense(), expected = dense.Table();
    for (int64_t row : table.indices()) {
      ASSERT_EQ(found.Rows(row, row + 1)->ToString(),
                expected.Rows(row, row + 1)->ToString());
    }
  }
  EXPECT_GT(growing.Table().indices().size(), 20u);
  EXPECT_LT(growing.Table().indices().size(), size_t{kRows});
}

TEST(TableTrainingTest, AModelThatWasSavedGoesOnWithTheSameBits) {
  const std::string path = (std::filesystem::temp_directory_path() /
                            absl::StrCat("minnow_table_", getpid(), ".ckpt"))
                               .string();
  for (Mode mode :
       {Mode::kLazy, Mode::kStandard, Mode::kDeferred, Mode::kNewRows}) {
    std::mt19937 random(1), same(1);
    Training whole(mode), resumed(mode, DType::kFloat64, /*threads=*/3);
    for (int step = 0; step < kSteps; ++step) {
      whole.Step(random, step);
      resumed.Step(same, step);
      if (step % 13 != 0) continue;
      resumed.SaveAndRestore(path);
      for (const auto& [name, array] : whole.Variables()) {
        ASSERT_EQ(array.ToString(), resumed.Variables()[name].ToString());
      }
    }
    EXPECT_EQ(whole.Evaluate().ToString(), resumed.Evaluate().ToString());
  }
  std::filesystem::remove(path);
}

TEST(TableTrainingTest, ADeferredWeightIsNamedToTheOptimizer) {
  GraphBuilder b(BuiltinOps());
  const DeferredWeight w = MakeDeferred(
      b.Variable("w", {.shape = {4, 2}, .init = Initializer::Zero()}), 256);
  TrainingStep(b, op::Sum(op::DeferredRows(w, b.Variable("ids"))),
               SgdOptimizer({.lr = 1}));
  EXPECT_THAT(b.Build({}).status().message(),
              HasSubstr("argument 'weight': expected a value with all rows up "
                        "to date, found variable 'w'"));
}

TEST(TableTrainingTest, WithoutDeferredWeightsThereIsNothingToFlush) {
  const auto graph = FlushGraph(*MakeStep(Mode::kLazy, DType::kFloat32));
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(graph->nodes.empty());
}

TEST(TableTrainingTest, ABadIdIsAnErrorAndNothingIsWritten) {
  for (Mode mode : {Mode::kLazy, Mode::kDeferred, Mode::kNewRows}) {
    Training training(mode);
    std::mt19937 random(1);
    for (int step = 0; step < 10; ++step) training.Step(random, step);
    Arrays before;
    for (const auto& [name, array] : training.Variables()) {
      before[name] = *array.Copy();
    }
    training.Variables()["j"].values<int32_t>()[4] = kRows;
    EXPECT_THAT(training.Run().message(),
                HasSubstr("[4]: expected a row in [0,50), found 50"));
    for (const auto& [name, array] : training.Variables()) {
      if (name == "j") continue;
      EXPECT_EQ(array.ToString(), before[name].ToString()) << name;
    }
  }
}

}  // namespace
}  // namespace minnow
