#include "minnow/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace minnow {

double LearningRate::At(int64_t step) const {
  const double done = total_steps > 0
                          ? std::clamp(static_cast<double>(step) /
                                           static_cast<double>(total_steps),
                                       0.0, 1.0)
                          : 0.0;
  double rate = base;
  switch (decay) {
    case Decay::kConstant:
      break;
    case Decay::kStep:
      rate *= done < 1.0 / 3 ? 1 : done < 2.0 / 3 ? 0.1 : 0.01;
      break;
    case Decay::kCosine:
      rate *= (1 + std::cos(std::numbers::pi * done)) / 2;
      break;
  }
  if (step < warmup_steps) {
    rate *= static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  }
  return rate;
}

}  // namespace minnow
