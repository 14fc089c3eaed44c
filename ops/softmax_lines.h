// softmax and log_softmax of lines, and their gradients.
#ifndef MINNOW_OPS_SOFTMAX_LINES_H_
#define MINNOW_OPS_SOFTMAX_LINES_H_

#include <cstdint>

#include "minnow/core/dtype.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/lines.h"

namespace minnow {

// `x` holds `count` lines of `size` elements, and `y` takes the result; they
// may be the same memory. T is float or double. A negative temperature makes it
// softmin.
template <typename T>
void SoftmaxLines(int64_t count, int64_t size, T temperature, bool log,
                  const T* x, T* y);

// The gradient of SoftmaxLines, from its result `y` and the gradient `head` of
// that; `head` takes the result, `y` is overwritten.
template <typename T>
void SoftmaxLinesGradient(int64_t count, int64_t size, T temperature, bool log,
                          T* y, T* head);

// How the lines of arrays are gone through.
struct SoftmaxPlan {
  LinePlan lines;
  double temperature;
  bool log;
  int64_t workspace_bytes;
};

// For data and results of these types. `tiles` is 1 for RunSoftmax, and 2 for
// RunSoftmaxGradient.
SoftmaxPlan PlanSoftmax(const Lines& lines, int64_t tiles, DType data,
                        DType result, double temperature = 1, bool log = false);

// Each line of `out` is that of `data` after softmax.
void RunSoftmax(const RunContext& context, const SoftmaxPlan& plan,
                const AnyConstArray& data, const AnyArray& out);

// The same where the first length[l] elements of line l count. The others
// become 0.
void RunSoftmaxWithLength(const RunContext& context, const SoftmaxPlan& plan,
                          const AnyConstArray& data,
                          const AnyConstArray& length, const AnyArray& out);

// The gradient of RunSoftmax, from its result `out` and the gradient of that.
void RunSoftmaxGradient(const RunContext& context, const SoftmaxPlan& plan,
                        const AnyConstArray& head, const AnyConstArray& out,
                        const AnyArray& grad);

}  // namespace minnow

#endif  // MINNOW_OPS_SOFTMAX_LINES_H_
