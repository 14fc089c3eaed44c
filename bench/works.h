// The works that benchmarks measure, on Minnow: each ready to run, with the
// numbers of bench/peers/settings.py.
//
//   absl::StatusOr<Executor> step = MlpStep(/*batch=*/64, /*threads=*/2);
//   for (...) MINNOW_RETURN_IF_ERROR(step->Run());
#ifndef MINNOW_BENCH_WORKS_H_
#define MINNOW_BENCH_WORKS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/graph.h"
#include "minnow/ops/sgd.h"

namespace minnow {

// One sgd_mom_update of `size` floats, in place.
absl::StatusOr<Executor> SgdMomStep(int64_t size, int threads);

// One sgd_mom_update for each of `tensors` weights of 1,000 floats.
absl::StatusOr<Executor> ManyUpdates(int64_t tensors, int threads);

// The gradient of the weight of a dense layer, width x width, from a batch of
// 64 inputs and of gradients of outputs, and the update by it: fused or apart.
absl::StatusOr<Executor> WeightStep(int64_t width, bool fuse, int threads);

// A chain of `length` scalar additions on one element.
absl::StatusOr<Graph> AdditionGraph(int64_t length);
// Each addition run by itself.
absl::StatusOr<Executor> AdditionChain(int64_t length, int threads);

// A chain on 1,000,000 floats: of products and sums with numbers, in turn, or
// of tanh.
enum class Pointwise { kArithmetic, kTanh };
absl::StatusOr<Executor> PointwiseChain(Pointwise op, int64_t length,
                                        int threads);

// A training step of the MLP 784-128-64-10: forward, backward, update.
absl::StatusOr<Executor> MlpStep(int64_t batch, int threads);

// A training step of a network for images of 28 x 28: twice a convolution of
// 3 x 3, BatchNorm, relu and maximum pooling of 2 x 2, with 32 and 64 filters,
// then a fully connected layer.
absl::StatusOr<Executor> ConvolutionStep(int64_t batch, int threads);

// Reads Fashion-MNIST and trains the MLP 784-256-128-10 in batches of 64, with
// a test after each epoch. Returns the accuracy of the last one.
absl::StatusOr<double> TrainFashionMnist(int64_t epochs, int threads);

// The widths of the layers of MlpStep, the inputs first.
const std::vector<int64_t>& MlpStepLayers();

// The hyperparameters of all works.
SgdMomUpdateAttrs BenchSgd();

}  // namespace minnow

#endif  // MINNOW_BENCH_WORKS_H_
