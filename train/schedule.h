// Learning-rate schedules.
//
//   LearningRate rate = {.base = 0.1, .decay = Decay::kCosine,
//                        .total_steps = 9370, .warmup_steps = 100};
//   step.SetAll("lr", rate.At(k));   // Before the step k = 0, 1, ...
#ifndef MINNOW_TRAIN_SCHEDULE_H_
#define MINNOW_TRAIN_SCHEDULE_H_

#include <cstdint>

#include "absl/types/span.h"
#include "minnow/core/attr_value.h"

namespace minnow {

enum class Decay : uint8_t {
  kConstant,
  kStep,    // A tenth after each third of the steps.
  kCosine,  // Half a cosine wave, from the base to 0 (I. Loshchilov, F. Hutter,
            // "SGDR: stochastic gradient descent with warm restarts", 2017).
};

inline absl::Span<const EnumName<Decay>> EnumNames(Decay) {
  static constexpr EnumName<Decay> kNames[] = {{Decay::kConstant, "constant"},
                                               {Decay::kStep, "step"},
                                               {Decay::kCosine, "cosine"}};
  return kNames;
}

struct LearningRate {
  double base = 0.1;
  Decay decay = Decay::kConstant;
  int64_t total_steps = 0;
  // The first steps rise in a straight line to what the decay says.
  int64_t warmup_steps = 0;

  // The rate of the step `step`, counted from 0.
  double At(int64_t step) const;
};

}  // namespace minnow

#endif  // MINNOW_TRAIN_SCHEDULE_H_
