// What this machine can do at most, measured: what profiles compare with.
//
//   const MachineLimits limits = MeasureMachine(/*threads=*/2);
//   limits.LeastTime(/*bytes=*/1 << 20, /*flops=*/1e6);  // In seconds.
#ifndef MINNOW_EXECUTOR_MACHINE_LIMITS_H_
#define MINNOW_EXECUTOR_MACHINE_LIMITS_H_

#include <algorithm>

namespace minnow {

struct MachineLimits {
  // Read and written when a large array is scaled in place.
  double bytes_per_second;
  // Of float32: multiplications and additions in fused pairs, in registers.
  double flops_per_second;

  // The roofline: what work takes at least that moves so many bytes through
  // memory and computes so much.
  // Source: Williams, Waterman, Patterson, "Roofline: an insightful visual
  // performance model for multicore architectures", CACM 52(4), 2009.
  double LeastTime(double bytes, double flops) const {
    return std::max(bytes / bytes_per_second, flops / flops_per_second);
  }
};

// Takes about 100 ms.
MachineLimits MeasureMachine(int threads);

}  // namespace minnow

#endif  // MINNOW_EXECUTOR_MACHINE_LIMITS_H_
