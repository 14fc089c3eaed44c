// The shape of samples: that of the parameters, then that of one's samples.
#ifndef MINNOW_OPS_SAMPLE_SHAPE_H_
#define MINNOW_OPS_SAMPLE_SHAPE_H_

#include "minnow/core/status.h"
#include "minnow/graph/inference.h"

namespace minnow {

// Merges output `i` = params + samples, and gives what then is known of
// `params`. A shape of samples that is not known is that of one.
inline absl::StatusOr<Shape> MergeSampleShape(ShapeInference& node, size_t i,
                                              const Shape& params,
                                              const Shape& samples) {
  const absl::Span<const int64_t> tail =
      samples.known_rank() ? samples.dims() : absl::Span<const int64_t>();
  for (int64_t dim : tail) {
    if (dim >= 0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'shape': expected dimensions >= 0, found ",
                     samples.ToString()));
  }
  Shape known = params;
  const Shape& out = node.output(i);
  if (out.known_rank() && out.rank() >= tail.size()) {
    MINNOW_RETURN_IF_ERROR(
        known.Merge(Shape(out.dims().subspan(0, out.rank() - tail.size()))));
  }
  if (!known.known_rank()) return known;
  Shape expected = known;
  for (int64_t dim : tail) expected.push_back(dim);
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(i, expected));
  return known;
}

}  // namespace minnow

#endif  // MINNOW_OPS_SAMPLE_SHAPE_H_
