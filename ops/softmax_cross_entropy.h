// The cross entropy of softmax, summed over a batch.
//
//   Symbol loss = op::SoftmaxCrossEntropy(logits, labels);  // Of shape (1,).
#ifndef MINNOW_OPS_SOFTMAX_CROSS_ENTROPY_H_
#define MINNOW_OPS_SOFTMAX_CROSS_ENTROPY_H_

#include "minnow/ops/compose.h"

namespace minnow {
namespace op {

inline constexpr BinaryComposer SoftmaxCrossEntropy{"softmax_cross_entropy"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SOFTMAX_CROSS_ENTROPY_H_
