// A classifier of fully connected layers, as a training step.
//
//   absl::StatusOr<Graph> step =
//       BuildMlp({.features = 784, .hidden = {256, 128}, .classes = 10},
//                SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}));
//
// The names are what a Trainer expects of any step: variables "data" and
// "label", and output 0 the probabilities of the classes.
#ifndef MINNOW_TRAIN_MLP_H_
#define MINNOW_TRAIN_MLP_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "minnow/graph/graph.h"
#include "minnow/train/training_step.h"

namespace minnow {

struct MlpOptions {
  int64_t features = 0;
  std::vector<int64_t> hidden = {256, 128};
  int64_t classes = 0;
  // Of all features; the graph takes it away from them, since centred inputs
  // allow larger learning rates.
  double mean = 0;
};

// Layers fc1, fc2, ... with relu between them; softmax behind the last.
absl::StatusOr<Graph> BuildMlp(const MlpOptions& options,
                               const Optimizer& optimizer);

}  // namespace minnow

#endif  // MINNOW_TRAIN_MLP_H_
