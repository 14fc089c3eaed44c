// Progress of a long run: a bar that is drawn over and over where somebody
// watches, else one line an epoch.
#ifndef MINNOW_TOOLS_PROGRESS_H_
#define MINNOW_TOOLS_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "minnow/train/report.h"

namespace minnow {

class Progress {
 public:
  // `done_steps` are those of a run that is resumed.
  Progress(int64_t epochs, int64_t steps_per_epoch, int64_t batch_size,
           int64_t done_steps);

  // After each step; draws at most ten times a second, and only on a terminal.
  void Step(int64_t step, double loss, double accuracy);
  // After each epoch, counted from 1: a line that stays.
  void Epoch(int64_t epoch, const EpochResult& result);

 private:
  using Clock = std::chrono::steady_clock;

  double SecondsSince(Clock::time_point start) const;
  // "53,120 images/s, 7 s left".
  std::string Speed(int64_t step) const;

  const bool is_terminal_;
  const int64_t epochs_, steps_per_epoch_, batch_size_, first_step_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = start_;
};

}  // namespace minnow

#endif  // MINNOW_TOOLS_PROGRESS_H_
