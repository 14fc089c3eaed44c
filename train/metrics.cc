#include "minnow/train/metrics.h"

#include <algorithm>
#include <cmath>

namespace minnow {

void ClassificationMetrics::Add(const NDArray& probabilities,
                                const NDArray& labels) {
  const auto p = probabilities.values<float>();
  const auto y = labels.values<float>();
  const size_t classes = static_cast<size_t>(probabilities.shape()[1]);
  for (size_t i = 0; i < y.size(); ++i) {
    const auto row = p.subspan(i * classes, classes);
    const float own = row[static_cast<size_t>(y[i])];
    // Nothing is right where a probability is NaN.
    right_ += std::all_of(row.begin(), row.end(),
                          [&](float other) { return other <= own; });
    // As far from infinity as a float32 probability can tell.
    loss_sum_ -= std::log(std::max(own, 1e-38f));
  }
  examples_ += static_cast<int64_t>(y.size());
}

}  // namespace minnow
