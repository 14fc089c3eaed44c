// Sums and means over some axes.
//
//   Symbol total = op::Sum(x);                       // Of shape (1,).
//   Symbol rows = op::Mean(x, {.axis = {{1}}});
#ifndef MINNOW_OPS_REDUCE_H_
#define MINNOW_OPS_REDUCE_H_

#include <utility>

#include "minnow/graph/builder.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/reduction.h"

namespace minnow {
namespace op {

// The composer of a reduction, as a value.
struct ReduceComposer {
  const char* op;
  Symbol operator()(Symbol data, const ReduceAttrs& attrs = {},
                    NodeOptions options = {}) const {
    return Compose(op, {data}, attrs, std::move(options));
  }
};

inline constexpr ReduceComposer Sum{"sum"};
inline constexpr ReduceComposer Mean{"mean"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_REDUCE_H_
