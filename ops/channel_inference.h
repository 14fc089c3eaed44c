// What data and parameters with one element for each index of an axis, such as
// gamma and beta, know of each other's shapes.
#ifndef MINNOW_OPS_CHANNEL_INFERENCE_H_
#define MINNOW_OPS_CHANNEL_INFERENCE_H_

#include <cstddef>
#include <initializer_list>

#include "absl/status/status.h"
#include "minnow/core/shape.h"
#include "minnow/core/status.h"
#include "minnow/graph/inference.h"

namespace minnow {

// REQUIRES: the rank of input `data` is known, and `axis` is below it.
inline absl::Status MergeChannels(ShapeInference& node, size_t data,
                                  size_t axis,
                                  std::initializer_list<size_t> parameters) {
  for (size_t i : parameters) {
    const Shape& parameter = node.input(i);
    // Where both are known, the parameter is what does not fit.
    if (node.input(data)[axis] != Shape::kUnknown || !parameter.known_rank() ||
        parameter.rank() != 1) {
      continue;
    }
    Shape channels = Shape::OfRank(node.input(data).rank());
    channels.set(axis, parameter[0]);
    MINNOW_RETURN_IF_ERROR(node.MergeInput(data, channels));
  }
  for (size_t i : parameters) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, {node.input(data)[axis]}));
  }
  return absl::OkStatus();
}

}  // namespace minnow

#endif  // MINNOW_OPS_CHANNEL_INFERENCE_H_
