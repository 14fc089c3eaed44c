// Loss and accuracy of a classifier, summed over batches.
//
//   ClassificationMetrics metrics;
//   metrics.Add(probabilities, labels);   // (n,c) and (n,), float32.
//   metrics.loss();                       // Mean of -log p[label].
//   metrics.accuracy();                   // In [0, 1].
#ifndef MINNOW_TRAIN_METRICS_H_
#define MINNOW_TRAIN_METRICS_H_

#include <cstdint>

#include "minnow/core/ndarray.h"

namespace minnow {

class ClassificationMetrics {
 public:
  // An example counts as right if no class is more probable than its own.
  // REQUIRES: dense float32 arrays of these shapes, labels in [0, c).
  void Add(const NDArray& probabilities, const NDArray& labels);

  int64_t examples() const { return examples_; }
  double loss() const { return Mean(loss_sum_); }
  double accuracy() const { return Mean(static_cast<double>(right_)); }

 private:
  double Mean(double sum) const {
    return examples_ == 0 ? 0 : sum / static_cast<double>(examples_);
  }

  int64_t examples_ = 0;
  int64_t right_ = 0;
  double loss_sum_ = 0;
};

}  // namespace minnow

#endif  // MINNOW_TRAIN_METRICS_H_
