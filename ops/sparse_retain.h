// Some rows of a row_sparse array.
//
//   Symbol rows = op::SparseRetain(grad, ids);
#ifndef MINNOW_OPS_SPARSE_RETAIN_H_
#define MINNOW_OPS_SPARSE_RETAIN_H_

#include "minnow/ops/compose.h"

namespace minnow {
namespace op {

// (data, indices, options).
inline constexpr BinaryComposer SparseRetain{"_sparse_retain"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SPARSE_RETAIN_H_
