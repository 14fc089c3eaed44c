// Trainer: runs a training step over the batches of a data set.
//
//   MINNOW_ASSIGN_OR_RETURN(
//       Trainer trainer,
//       Trainer::Create(mlp.step, &data.train, {.batch_size = 64, .seed = 1}));
//   while (trainer.epoch() < 10) {
//     MINNOW_RETURN_IF_ERROR(trainer.Step());
//   }
//   MINNOW_RETURN_IF_ERROR(
//       WriteCheckpoint("out/checkpoint.ckpt", trainer.Save()));
//
// The step is any graph with the variables "data" (n, ...) and "label" (n,),
// and with the probabilities of the classes (n, c) as output 0; its learning
// rates are the dynamic attributes "lr" of its nodes.
//
// A trainer that is restored from a checkpoint goes on with the same bits as
// one that never stopped.
#ifndef MINNOW_TRAIN_TRAINER_H_
#define MINNOW_TRAIN_TRAINER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/executor/executor.h"
#include "minnow/proto/checkpoint.h"
#include "minnow/train/batches.h"
#include "minnow/train/dataset.h"
#include "minnow/train/metrics.h"
#include "minnow/train/schedule.h"

namespace minnow {

struct TrainerOptions {
  int64_t batch_size = 64;
  LearningRate learning_rate = {};
  // Of initial values, of the order of the examples, and of random operators.
  uint64_t seed = 1;
  int threads = 0;
  bool profile = false;
};

class Trainer {
 public:
  // `data` is not copied and must live as long.
  static absl::StatusOr<Trainer> Create(const Graph& step, const Dataset* data,
                                        const TrainerOptions& options);
  // Goes on where `checkpoint` was saved; seed and graph are the checkpoint's.
  static absl::StatusOr<Trainer> Restore(const Checkpoint& checkpoint,
                                         const Dataset* data,
                                         TrainerOptions options);

  // Trains on one batch. Behind the last one of an epoch begins the next.
  absl::Status Step();

  // Epochs and steps completed.
  int64_t epoch() const;
  int64_t step() const { return step_; }
  int64_t steps_per_epoch() const { return batches_.batches_per_epoch(); }
  // Of the epoch that the last step belonged to, so far.
  const ClassificationMetrics& metrics() const { return metrics_; }

  // Loss and accuracy on other data, with the present weights.
  absl::StatusOr<ClassificationMetrics> Evaluate(const Dataset& data) const;

  // The state of the run. Its arrays are shared: write it before the next step.
  Checkpoint Save() const;

  const Executor& executor() const { return executor_; }

 private:
  Trainer(const Graph& graph, const TrainerOptions& options, Executor executor,
          Batches batches, NDArray features, NDArray labels);

  Graph graph_;
  TrainerOptions options_;
  Executor executor_;
  Batches batches_;
  NDArray features_, labels_;
  ClassificationMetrics metrics_;
  int64_t step_ = 0;
  double rate_ = -1;  // That the slots hold.
};

}  // namespace minnow

#endif  // MINNOW_TRAIN_TRAINER_H_
