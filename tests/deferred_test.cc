#include "minnow/ops/deferred.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"
#include "minnow/ops/unary.h"

namespace minnow {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kRows = 40;
constexpr int64_t kColumns = 3;
const Shape kShape = {kRows, kColumns};
constexpr float kMomentum = 0.9f, kWd = 0.01f;

float LearningRate(int step) { return step < 300 ? 0.1f : 0.02f; }

NDArray RandomWeight() {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values(kRows * kColumns);
  for (double& x : values) x = normal(random);
  return *NDArray::FromValues<double>(kShape, values);
}

// A gradient of a few rows, of none now and then: of one in `one_in`.
NDArray RandomGradient(std::mt19937& random, int64_t one_in = 16) {
  std::normal_distribution<double> normal;
  std::vector<int64_t> rows;
  std::vector<double> values;
  for (int64_t row = 0; row < kRows; ++row) {
    if (static_cast<int64_t>(random()) % one_in != 0) continue;
    rows.push_back(row);
    for (int64_t i = 0; i < kColumns; ++i) values.push_back(normal(random));
  }
  const Shape shape = {static_cast<int64_t>(rows.size()), kColumns};
  return *NDArray::RowSparse(kShape,
                             *NDArray::FromValues<double>(shape, values), rows);
}

NDArray CastGradient(const NDArray& grad, DType dtype) {
  const Shape shape = {static_cast<int64_t>(grad.indices().size()), kColumns};
  const NDArray values =
      *NDArray::FromValues<double>(shape, grad.values<double>());
  return *NDArray::RowSparse(kShape, *values.Cast(dtype),
                             {grad.indices().begin(), grad.indices().end()});
}

// A weight under training, by standard or by deferred updates.
class Model {
 public:
  static Model Standard(DType dtype) {
    Model model(dtype);
    GraphBuilder b(BuiltinOps());
    const Symbol w = b.Variable("w");
    op::SgdMomUpdate(
        w, b.Variable("grad"), b.Variable("w_mom"),
        {.lr = 0.1f, .momentum = kMomentum, .wd = kWd, .lazy_update = false},
        {.out = w});
    model.Bind(*b.Build({}));
    return model;
  }
  static Model Deferred(DType dtype, int64_t num_steps, int threads = 2) {
    Model model(dtype);
    model.threads_ = threads;
    GraphBuilder b(BuiltinOps());
    op::DeferredSgdMomUpdate(MakeDeferred(b.Variable("w"), num_steps),
                             b.Variable("grad"),
                             {.lr = 0.1f, .momentum = kMomentum, .wd = kWd});
    model.Bind(*b.Build({}));
    GraphBuilder f(BuiltinOps());
    op::DeferredFlush(MakeDeferred(f.Variable("w"), num_steps));
    model.flush_ = *f.Build({});
    return model;
  }

  void Step(int step, const NDArray& grad) {
    ASSERT_EQ(executor_->SetAll("lr", LearningRate(step)), absl::OkStatus());
    ASSERT_EQ(executor_->SetInput("grad", CastGradient(grad, dtype_)),
              absl::OkStatus());
    ASSERT_EQ(executor_->Run(), absl::OkStatus());
  }

  absl::Status TryStep(const NDArray& grad) {
    MINNOW_RETURN_IF_ERROR(executor_->SetInput("grad", grad));
    return executor_->Run();
  }

  void Flush() {
    auto flush = Executor::Bind(flush_, {.variables = Variables()});
    ASSERT_TRUE(flush.ok()) << flush.status();
    ASSERT_EQ(flush->Run(), absl::OkStatus());
  }

  // With copies of all arrays, as after a checkpoint.
  Model Clone() const {
    Model clone(dtype_);
    clone.threads_ = threads_;
    clone.flush_ = flush_;
    clone.variables_ = Variables();
    for (auto& [name, array] : clone.variables_) array = *array.Copy();
    clone.Bind(graph_);
    return clone;
  }

  NDArray Values() const {
    return *executor_->Variable("w")->Cast(DType::kFloat64);
  }
  NDArray Momentum() const { return *executor_->Variable("w_mom"); }

  absl::flat_hash_map<std::string, NDArray> Variables() const {
    absl::flat_hash_map<std::string, NDArray> result;
    for (const std::string& name : executor_->VariableNames()) {
      if (name != "grad") result[name] = *executor_->Variable(name);
    }
    return result;
  }

 private:
  explicit Model(DType dtype) : dtype_(dtype) {
    variables_["w"] = *RandomWeight().Cast(dtype);
  }

  void Bind(const Graph& graph) {
    graph_ = graph;
    BindOptions options = {.variables = variables_, .threads = threads_};
    options.variables["grad"] =
        *NDArray::Zeros(kShape, dtype_, StorageType::kRowSparse);
    auto executor = Executor::Bind(graph, options);
    ASSERT_TRUE(executor.ok()) << executor.status();
    executor_ = std::make_unique<Executor>(*std::move(executor));
  }

  DType dtype_;
  int threads_ = 2;
  Graph graph_, flush_;
  absl::flat_hash_map<std::string, NDArray> variables_;
  std::unique_ptr<Executor> executor_;
};

// The largest difference in a row, by the largest value of that row.
double LargestError(const NDArray& found, const NDArray& expected) {
  double error = 0;
  for (int64_t row = 0; row < kRows; ++row) {
    double difference = 0, largest = 0;
    for (int64_t i = row * kColumns; i < (row + 1) * kColumns; ++i) {
      const double x = expected.values<double>()[i];
      difference =
          std::max(difference, std::abs(found.values<double>()[i] - x));
      largest = std::max(largest, std::abs(x));
    }
    error = std::max(error, difference / largest);
  }
  return error;
}

double Rms(const NDArray& found, const NDArray& expected) {
  double sum = 0;
  for (int64_t i = 0; i < kRows * kColumns; ++i) {
    const double d = found.values<double>()[i] - expected.values<double>()[i];
    sum += d * d;
  }
  return std::sqrt(sum / (kRows * kColumns));
}

// A history that is full now and then, and one that never is.
class DeferredTest : public testing::TestWithParam<int64_t> {};

TEST_P(DeferredTest, GivesTheResultOfTheStandardUpdate) {
  std::mt19937 random(2);
  Model standard = Model::Standard(DType::kFloat64);
  Model deferred = Model::Deferred(DType::kFloat64, GetParam());
  for (int step = 0; step < 1000; ++step) {
    const NDArray grad = RandomGradient(random);
    standard.Step(step, grad);
    deferred.Step(step, grad);
    if (random() % 50 == 0) deferred = deferred.Clone();
    if (random() % 100 != 0 && step != 999) continue;
    Model flushed = deferred.Clone();
    flushed.Flush();
    EXPECT_LE(LargestError(flushed.Values(), standard.Values()), 1e-12) << step;
    EXPECT_LE(LargestError(flushed.Momentum(), standard.Momentum()), 1e-11)
        << step;
  }
}

TEST_P(DeferredTest, ItIsNoLessExactThanTheStandardUpdate) {
  for (DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16}) {
    // Rows that miss many steps, and such that miss one or two.
    for (int64_t one_in : {64, 16, 4, 2}) {
      SCOPED_TRACE(absl::StrCat(DTypeName(dtype), ", one row in ", one_in));
      std::mt19937 random(3);
      Model reference = Model::Standard(DType::kFloat64);
      Model standard = Model::Standard(dtype);
      Model deferred = Model::Deferred(dtype, GetParam());
      for (int step = 0; step < 1000; ++step) {
        const NDArray grad = RandomGradient(random, one_in);
        reference.Step(step, grad);
        standard.Step(step, grad);
        deferred.Step(step, grad);
      }
      deferred.Flush();
      const NDArray exact = reference.Values();
      EXPECT_LE(Rms(deferred.Values(), exact), Rms(standard.Values(), exact));
      EXPECT_LE(LargestError(deferred.Values(), exact),
                LargestError(standard.Values(), exact));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(History, DeferredTest, testing::Values(256, 2048));

TEST(DeferredTest, ThreadsDoNotChangeTheBits) {
  std::vector<std::string> weights;
  for (int threads : {1, 2, 3, 8}) {
    std::mt19937 random(4);
    Model model = Model::Deferred(DType::kFloat32, 256, threads);
    for (int step = 0; step < 300; ++step) {
      model.Step(step, RandomGradient(random));
    }
    weights.push_back(model.Values().ToString());
  }
  EXPECT_THAT(weights, testing::Each(weights[0]));
}

TEST(DeferredTest, ASavedModelGoesOnWithTheSameBits) {
  std::mt19937 random(5);
  Model model = Model::Deferred(DType::kFloat32, 256);
  Model resumed = Model::Deferred(DType::kFloat32, 256);
  for (int step = 0; step < 600; ++step) {
    const NDArray grad = RandomGradient(random);
    model.Step(step, grad);
    resumed.Step(step, grad);
    if (step % 7 == 0) resumed = resumed.Clone();
    ASSERT_EQ(model.Values().ToString(), resumed.Values().ToString());
  }
}

// deferred_rows of a model.
absl::StatusOr<NDArray> ReadRows(const Model& model,
                                 const std::vector<int64_t>& ids) {
  GraphBuilder b(BuiltinOps());
  MINNOW_ASSIGN_OR_RETURN(
      const Graph graph,
      b.Build({op::DeferredRows(MakeDeferred(b.Variable("w"), 256),
                                b.Variable("ids"))}));
  BindOptions options = {.variables = model.Variables()};
  MINNOW_ASSIGN_OR_RETURN(
      options.variables["ids"],
      NDArray::FromValues<int64_t>({static_cast<int64_t>(ids.size())}, ids));
  MINNOW_ASSIGN_OR_RETURN(Executor executor, Executor::Bind(graph, options));
  MINNOW_RETURN_IF_ERROR(executor.Run());
  return executor.Output(0).Copy();
}

TEST(DeferredTest, RowsAreReadAsTheyWillBeAndNothingIsWritten) {
  std::mt19937 random(6);
  Model model = Model::Deferred(DType::kFloat32, 256);
  for (int step = 0; step < 200; ++step) {
    model.Step(step, RandomGradient(random));
  }
  const std::vector<int64_t> ids = {5, 39, 0, 5};
  const std::string before = model.Values().ToString();
  const NDArray rows = *ReadRows(model, ids);
  EXPECT_EQ(model.Values().ToString(), before);
  model.Flush();
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(rows.Rows(i, i + 1)->Cast(DType::kFloat64)->ToString(),
              model.Values().Rows(ids[i], ids[i] + 1)->ToString());
  }
}

TEST(DeferredTest, AnIdThatIsNoRowIsAnError) {
  const Model model = Model::Deferred(DType::kFloat32, 256);
  EXPECT_THAT(ReadRows(model, {1, 40}).status().message(),
              HasSubstr("node 'deferred_rows0' (deferred_rows): ids[1]: "
                        "expected a row in [0,40), found 40"));
}

TEST(DeferredTest, AStateThatCannotBeIsAnError) {
  const Model model = Model::Deferred(DType::kFloat32, 256);
  model.Variables()["w_last"].values<int32_t>()[7] = 9;
  EXPECT_THAT(ReadRows(model, {7}).status().message(),
              HasSubstr("argument 'last': expected numbers in [0,0], found 9 "
                        "for row 7"));
  model.Variables()["w_step"].values<int64_t>()[0] = -1;
  EXPECT_THAT(std::string(ReadRows(model, {1}).status().message()),
              HasSubstr("argument 'step': expected a number of steps, found "
                        "-1"));
}

TEST(DeferredTest, AnUpdateOfAStateThatCannotBeWritesNothing) {
  for (int64_t steps : {3, 255}) {  // Before and when the history is full.
    std::mt19937 random(7);
    Model model = Model::Deferred(DType::kFloat64, 256);
    for (int64_t step = 0; step < steps; ++step) {
      model.Step(static_cast<int>(step), RandomGradient(random));
    }
    model.Variables()["w_last"].values<int32_t>()[7] = 300;
    const std::string before = model.Values().ToString();
    const NDArray grad = *NDArray::RowSparse(
        kShape, *NDArray::FromValues<double>({2, 3}, {1, 1, 1, 2, 2, 2}),
        {2, 7});
    EXPECT_EQ(std::string(model.TryStep(grad).message()),
              absl::StrCat("node 'deferred_sgd_mom_update0' "
                           "(deferred_sgd_mom_update): argument 'last': "
                           "expected numbers in [0,",
                           steps, "], found 300 for row 7"));
    EXPECT_EQ(model.Values().ToString(), before);
  }
}

TEST(DeferredTest, NobodyElseReadsTheWeight) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w");
  const DeferredWeight deferred = MakeDeferred(w, 256);
  const Symbol next =
      op::DeferredSgdMomUpdate(deferred, b.Variable("grad"), {.lr = 1});
  EXPECT_TRUE(b.Build({}).ok());
  for (const Symbol& read :
       {op::Square(w), op::Square(next), op::Square(deferred.mom)}) {
    EXPECT_THAT(b.Build({read}).status().message(),
                HasSubstr("argument 'data': expected a value with all rows up "
                          "to date, found "));
  }
  EXPECT_THAT(b.Build({next}).status().message(),
              HasSubstr("output 0: expected a value with all rows up to date"));
  EXPECT_TRUE(b.Build({op::DeferredRows(deferred, b.Variable("ids"))}).ok());
}

TEST(DeferredTest, BehindAFlushAnybodyReadsTheWeight) {
  GraphBuilder b(BuiltinOps());
  const Symbol flushed = op::DeferredFlush(MakeDeferred(b.Variable("w"), 256));
  EXPECT_TRUE(b.Build({op::Square(flushed)}).ok());
}

TEST(DeferredTest, AHistoryHasWholeBlocks) {
  GraphBuilder b(BuiltinOps());
  MakeDeferred(b.Variable("w"), 100);
  EXPECT_THAT(b.status().message(),
              HasSubstr("deferred weight 'w': expected a history of a positive "
                        "multiple of 256 steps, found 100"));
}

}  // namespace
}  // namespace minnow
