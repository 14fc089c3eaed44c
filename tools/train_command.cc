#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "minnow/core/file.h"
#include "minnow/core/status.h"
#include "minnow/graph/print.h"
#include "minnow/interop/graph_file.h"
#include "minnow/ops/builtin.h"
#include "minnow/proto/checkpoint.h"
#include "minnow/tools/commands.h"
#include "minnow/tools/progress.h"
#include "minnow/train/dataset.h"
#include "minnow/train/mlp.h"
#include "minnow/train/report.h"
#include "minnow/train/trainer.h"

namespace minnow {
namespace {

// What a checkpoint keeps of the options, under these names.
constexpr char kData[] = "data", kEpochs[] = "epochs", kBatch[] = "batch",
               kLr[] = "lr", kSchedule[] = "schedule", kHistory[] = "history";

using Metadata = std::vector<std::pair<std::string, std::string>>;

// Takes an option that is not given from the checkpoint.
template <typename T>
absl::Status FromCheckpoint(const Metadata& metadata, absl::string_view name,
                            std::optional<T>& option) {
  for (const auto& [key, text] : metadata) {
    if (key != name || option.has_value()) continue;
    absl::StatusOr<T> value = AttrCodec<T>::FromText(text);
    if (!value.ok()) {
      return Annotate(value.status(), absl::StrCat("checkpoint: ", name));
    }
    option = *std::move(value);
  }
  return absl::OkStatus();
}

class Training {
 public:
  explicit Training(const TrainCommand& options) : options_(options) {}

  absl::Status Run() {
    MINNOW_ASSIGN_OR_RETURN(std::optional<Checkpoint> checkpoint,
                            ReadResumed());
    MINNOW_RETURN_IF_ERROR(LoadDataset());
    if (options_.profile.has_value()) {
      // If it cannot be written, we hear of it now, not when training is over.
      MINNOW_RETURN_IF_ERROR(WriteFileAtomically(*options_.profile, ""));
    }
    std::cout << data_.Describe() << std::endl;
    Checkpoint start;
    if (checkpoint.has_value()) {
      start = *std::move(checkpoint);
    } else {
      MINNOW_ASSIGN_OR_RETURN(start.graph, MakeGraph());
      start.seed = options_.seed.value_or(1);
    }
    MINNOW_ASSIGN_OR_RETURN(Trainer trainer, MakeTrainer(start));
    MINNOW_RETURN_IF_ERROR(WriteGraphs(start.graph));
    MINNOW_RETURN_IF_ERROR(Train(trainer));
    if (options_.profile.has_value()) {
      MINNOW_RETURN_IF_ERROR(WriteProfile(trainer.executor()));
    }
    MINNOW_ASSIGN_OR_RETURN(const ClassificationMetrics test,
                            trainer.Evaluate(data_.test));
    std::cout << absl::StrFormat("test accuracy: %.2f %%\n",
                                 100 * test.accuracy());
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<std::optional<Checkpoint>> ReadResumed() {
    if (!options_.resume.has_value()) return std::optional<Checkpoint>();
    MINNOW_ASSIGN_OR_RETURN(Checkpoint checkpoint,
                            ReadCheckpoint(*options_.resume, BuiltinOps()));
    const Metadata& saved = checkpoint.metadata;
    MINNOW_RETURN_IF_ERROR(FromCheckpoint(saved, kData, options_.data));
    MINNOW_RETURN_IF_ERROR(FromCheckpoint(saved, kEpochs, options_.epochs));
    MINNOW_RETURN_IF_ERROR(FromCheckpoint(saved, kBatch, options_.batch));
    MINNOW_RETURN_IF_ERROR(FromCheckpoint(saved, kLr, options_.lr));
    MINNOW_RETURN_IF_ERROR(FromCheckpoint(saved, kSchedule, options_.schedule));
    for (const auto& [key, text] : saved) {
      if (key != kHistory) continue;
      MINNOW_ASSIGN_OR_RETURN(history_, HistoryFromText(text));
    }
    return std::optional<Checkpoint>(std::move(checkpoint));
  }

  absl::Status LoadDataset() {
    absl::StatusOr<DataSplit> data =
        LoadData(options_.data.value_or("fashion-mnist"));
    if (!options_.data.has_value() && absl::IsNotFound(data.status())) {
      std::cerr << "minnow: note: the data of Debian's package "
                   "dataset-fashion-mnist is not here ("
                << data.status().message()
                << "); training on the digits that come with minnow\n";
      options_.data = "digits";
      data = LoadDigits();
    }
    if (!data.ok()) return data.status();
    data_ = *std::move(data);
    return absl::OkStatus();
  }

  absl::StatusOr<Graph> MakeGraph() const {
    if (options_.graph.has_value()) {
      return LoadGraph(*options_.graph, BuiltinOps());
    }
    return BuildMlp(
        {.features = data_.train.example_size(),
         .hidden = options_.layers.value_or(std::vector<int64_t>{256, 128}),
         .classes = data_.train.num_classes,
         .mean = MeanFeature(data_.train)},
        SgdOptimizer({.lr = options_.lr.value_or(kDefaultLr),
                      .momentum = options_.momentum.value_or(0.9f),
                      .wd = options_.wd.value_or(0.0f)}));
  }

  absl::StatusOr<Trainer> MakeTrainer(const Checkpoint& start) {
    epochs_ = options_.epochs.value_or(10);
    const int64_t batch = options_.batch.value_or(64);
    absl::StatusOr<Decay> decay = AttrCodec<Decay>::FromText(
        options_.schedule.value_or(kDefaultSchedule));
    if (!decay.ok()) return Annotate(decay.status(), "--schedule");
    const int64_t epoch = data_.train.size() / batch;
    return Trainer::Restore(
        start, &data_.train,
        {.batch_size = batch,
         .learning_rate = {.base = options_.lr.value_or(kDefaultLr),
                           .decay = *decay,
                           .total_steps = epochs_ * epoch,
                           // A rate that falls may begin high, if the first
                           // steps are small.
                           .warmup_steps =
                               *decay == Decay::kConstant ? 0 : epoch},
         .threads = options_.threads,
         .profile = options_.profile.has_value()});
  }

  std::string OutPath(absl::string_view name) const {
    return absl::StrCat(options_.out, "/", name);
  }

  absl::Status WriteGraphs(const Graph& step) const {
    std::error_code error;
    std::filesystem::create_directories(options_.out, error);
    if (error) {
      return absl::UnavailableError(absl::StrCat(
          options_.out, ": cannot make the folder: ", error.message()));
    }
    MINNOW_RETURN_IF_ERROR(SaveGraph(OutPath("step.pb"), step));
    MINNOW_RETURN_IF_ERROR(SaveGraph(OutPath("step.pbtxt"), step));
    MINNOW_RETURN_IF_ERROR(
        SaveGraph(OutPath("infer.pb"), InferenceGraph(step)));
    const absl::Status picture =
        RenderDot(GraphDot(step), OutPath("graph.svg"));
    if (!picture.ok()) {
      std::cerr << "minnow: note: " << picture.message() << "\n";
    }
    return absl::OkStatus();
  }

  absl::Status Train(Trainer& trainer) {
    Progress progress(epochs_, trainer.steps_per_epoch(),
                      options_.batch.value_or(64), trainer.step());
    // What the loop leaves, also where there is nothing left to do.
    MINNOW_RETURN_IF_ERROR(Save(trainer));
    while (trainer.epoch() < epochs_) {
      MINNOW_RETURN_IF_ERROR(trainer.Step());
      const ClassificationMetrics& metrics = trainer.metrics();
      progress.Step(trainer.step(), metrics.loss(), metrics.accuracy());
      if (trainer.step() % trainer.steps_per_epoch() != 0) continue;
      MINNOW_ASSIGN_OR_RETURN(const ClassificationMetrics test,
                              trainer.Evaluate(data_.test));
      history_.push_back({metrics.loss(), metrics.accuracy(), test.accuracy()});
      progress.Epoch(trainer.epoch(), history_.back());
      MINNOW_RETURN_IF_ERROR(Save(trainer));
    }
    return absl::OkStatus();
  }

  absl::Status Save(const Trainer& trainer) const {
    Checkpoint checkpoint = trainer.Save();
    checkpoint.metadata = {
        {kData, options_.data.value_or("fashion-mnist")},
        {kEpochs, absl::StrCat(epochs_)},
        {kBatch, absl::StrCat(options_.batch.value_or(64))},
        {kLr, AttrText(AttrScalar(options_.lr.value_or(kDefaultLr)))},
        {kSchedule, options_.schedule.value_or(kDefaultSchedule)},
        {kHistory, HistoryToText(history_)}};
    MINNOW_RETURN_IF_ERROR(
        WriteCheckpoint(OutPath("checkpoint.ckpt"), checkpoint));
    return WriteFileAtomically(OutPath("curves.svg"), CurvesSvg(history_));
  }

  absl::Status WriteProfile(const Executor& executor) const {
    std::cout << executor.profile()->ToTable(
        executor.plan(), MeasureMachine(executor.threads().num_threads()));
    return WriteFileAtomically(
        *options_.profile, executor.profile()->ToChromeTrace(executor.plan()));
  }

  static constexpr float kDefaultLr = 0.1f;
  static constexpr char kDefaultSchedule[] = "cosine";

  TrainCommand options_;
  DataSplit data_;
  int64_t epochs_ = 0;
  std::vector<EpochResult> history_;
};

}  // namespace

absl::Status Execute(const TrainCommand& command) {
  return Training(command).Run();
}

}  // namespace minnow
