// Broadcasting, as numpy does it: shapes are aligned at their last dimension,
// and a dimension of 1, or one that is missing, is repeated.
//
//   (2,3) and (3,)   give (2,3)
//   (4,1) and (1,5)  give (4,5)
#ifndef MINNOW_OPS_BROADCAST_H_
#define MINNOW_OPS_BROADCAST_H_

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/core/shape.h"
#include "minnow/graph/inference.h"

namespace minnow {

// The output of inputs 0 and 1.
absl::Status InferBroadcastShape(ShapeInference& node);

// How a loop over an output reads two inputs that are broadcast to it. Its
// dimensions are those of the output, merged where both inputs allow it and
// without those of 1; there are at least two. The distance of neighbours in the
// last dimension is 0 or 1.
struct BroadcastPlan {
  using Dims = absl::InlinedVector<int64_t, 6>;
  Dims dims;
  Dims lhs_strides;
  Dims rhs_strides;

  int64_t cols() const { return dims.back(); }
  int64_t rows() const;
  // Where row i, counted over all dimensions but the last, starts.
  struct Offsets {
    int64_t lhs;
    int64_t rhs;
  };
  Offsets RowOffsets(int64_t i) const;
};

// REQUIRES: `lhs` and `rhs` can be broadcast to `out`.
BroadcastPlan PlanBroadcast(const Shape& lhs, const Shape& rhs,
                            const Shape& out);

}  // namespace minnow

#endif  // MINNOW_OPS_BROADCAST_H_
