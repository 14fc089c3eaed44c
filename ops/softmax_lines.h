// softmax and log_softmax of lines in memory, and their gradients.
#ifndef MINNOW_OPS_SOFTMAX_LINES_H_
#define MINNOW_OPS_SOFTMAX_LINES_H_

#include <cstdint>

namespace minnow {

// `x` holds `count` lines of `size` elements, and takes the result. T is float
// or double. A negative temperature makes it softmin.
template <typename T>
void SoftmaxLines(int64_t count, int64_t size, T temperature, bool log, T* x);

// The gradient of SoftmaxLines, from its result `y` and the gradient `head` of
// that; `head` takes the result, `y` is overwritten.
template <typename T>
void SoftmaxLinesGradient(int64_t count, int64_t size, T temperature, bool log,
                          T* y, T* head);

}  // namespace minnow

#endif  // MINNOW_OPS_SOFTMAX_LINES_H_
