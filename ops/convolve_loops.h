// The products of convolve.h by plain loops, for float32 and float64. Sums have
// a fixed order, so that bits are the same for any number of threads.
//
//   ConvolveByLoops(threads, plan, data, weight, bias, out);
#ifndef MINNOW_OPS_CONVOLVE_LOOPS_H_
#define MINNOW_OPS_CONVOLVE_LOOPS_H_

#include "minnow/core/thread_pool.h"
#include "minnow/ops/convolve.h"

namespace minnow {

template <typename T>
void ConvolveByLoops(ThreadPool& threads, const ConvolvePlan& plan, const T* a,
                     const T* b, const T* bias, T* c);

}  // namespace minnow

#endif  // MINNOW_OPS_CONVOLVE_LOOPS_H_
