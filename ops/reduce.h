// Sums and means over some axes.
//
//   Symbol total = op::Sum(x);                       // Of shape (1,).
//   Symbol rows = op::Mean(x, {.axis = {{1}}});
#ifndef MINNOW_OPS_REDUCE_H_
#define MINNOW_OPS_REDUCE_H_

#include <vector>

#include "minnow/graph/builder.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/reduction.h"

namespace minnow {
namespace op {

Symbol Sum(Symbol data, const ReduceAttrs& attrs = {},
           NodeOptions options = {});
Symbol Mean(Symbol data, const ReduceAttrs& attrs = {},
            NodeOptions options = {});

}  // namespace op

// The operators of this file.
std::vector<OpDef> ReduceOps();

}  // namespace minnow

#endif  // MINNOW_OPS_REDUCE_H_
