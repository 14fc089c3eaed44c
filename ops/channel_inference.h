// What data and parameters with one element for each index of an axis, such as
// gamma and beta, know of each other's shapes and types.
//
//   MINNOW_RETURN_IF_ERROR(MergeChannels(node, 0, axis, {1, 2}));
#ifndef MINNOW_OPS_CHANNEL_INFERENCE_H_
#define MINNOW_OPS_CHANNEL_INFERENCE_H_

#include <cstddef>
#include <initializer_list>

#include "absl/status/status.h"
#include "minnow/core/dtype.h"
#include "minnow/core/half.h"
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

// Of parameters, and of all outputs from `output` on, that are float32 where
// data are of 16 bits, and else of the type of data.
inline absl::Status MergeChannelTypes(DTypeInference& node, size_t data,
                                      std::initializer_list<size_t> parameters,
                                      size_t output) {
  DTypeInference::Value type;
  if (node.input(data).has_value()) {
    type = VisitDType(*node.input(data),
                      []<typename T>() { return DTypeOf<ComputeType<T>>; });
  } else {
    for (size_t i : parameters) {
      if (node.input(i).has_value()) type = node.input(i);
    }
    // What is float32 does not say which type data have.
    if (type == DType::kFloat64) {
      MINNOW_RETURN_IF_ERROR(node.MergeInput(data, type));
    }
  }
  for (size_t i : parameters) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, type));
  }
  for (size_t i = output; i < node.num_outputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(i, type));
  }
  return absl::OkStatus();
}

}  // namespace minnow

#endif  // MINNOW_OPS_CHANNEL_INFERENCE_H_
