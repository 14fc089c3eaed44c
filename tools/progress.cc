#include "minnow/tools/progress.h"

#include <unistd.h>

#include <cstdio>

#include "absl/strings/str_format.h"
#include "minnow/train/dataset.h"

namespace minnow {

Progress::Progress(int64_t epochs, int64_t steps_per_epoch, int64_t batch_size,
                   int64_t done_steps)
    : is_terminal_(isatty(STDOUT_FILENO) != 0),
      epochs_(epochs),
      steps_per_epoch_(steps_per_epoch),
      batch_size_(batch_size),
      first_step_(done_steps) {}

double Progress::SecondsSince(Clock::time_point start) const {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string Progress::Speed(int64_t step) const {
  const double seconds = SecondsSince(start_);
  const double steps = static_cast<double>(step - first_step_);
  const double left =
      seconds / steps * static_cast<double>(epochs_ * steps_per_epoch_ - step);
  return absl::StrFormat(
      "%s images/s, %.0f s left",
      WithCommas(static_cast<int64_t>(steps * static_cast<double>(batch_size_) /
                                      seconds)),
      left);
}

void Progress::Step(int64_t step, double loss, double accuracy) {
  if (!is_terminal_ || SecondsSince(drawn_) < 0.1) return;
  drawn_ = Clock::now();
  constexpr int64_t kWidth = 24;
  const int64_t in_epoch = (step - 1) % steps_per_epoch_ + 1;
  const size_t filled =
      static_cast<size_t>(kWidth * in_epoch / steps_per_epoch_);
  std::printf("\r\033[Kepoch %d/%d [%s%s] loss %.4f, accuracy %.2f %%, %s",
              static_cast<int>((step - 1) / steps_per_epoch_ + 1),
              static_cast<int>(epochs_), std::string(filled, '=').c_str(),
              std::string(kWidth - filled, ' ').c_str(), loss, 100 * accuracy,
              Speed(step).c_str());
  std::fflush(stdout);
}

void Progress::Epoch(int64_t epoch, const EpochResult& result) {
  std::printf(
      "%sepoch %d/%d: loss %.4f, accuracy %.2f %%, test accuracy %.2f %%, "
      "%s\n",
      is_terminal_ ? "\r\033[K" : "", static_cast<int>(epoch),
      static_cast<int>(epochs_), result.train_loss, 100 * result.train_accuracy,
      100 * result.test_accuracy, Speed(epoch * steps_per_epoch_).c_str());
  std::fflush(stdout);
}

}  // namespace minnow
