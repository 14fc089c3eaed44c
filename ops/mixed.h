// Updates in mixed precision: weight, gradient and new weight are of any
// floating type, the states are float32, and the last one of them is the weight
// without its rounding, `weight32`.
#ifndef MINNOW_OPS_MIXED_H_
#define MINNOW_OPS_MIXED_H_

#include "minnow/core/status.h"
#include "minnow/graph/inference.h"

namespace minnow {

// What formulas of such operators end with.
inline constexpr char kMixedDoc[] =
    "\nwhere weight is weight32, whose new value is out before it is rounded";

// Of weight, gradient and states, as inputs from `first` on, and of an output.
inline absl::Status MixedDTypes(DTypeInference& node, size_t first,
                                size_t num_inputs, size_t output) {
  for (size_t i = first + 2; i < first + num_inputs; ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, DType::kFloat32));
  }
  MINNOW_RETURN_IF_ERROR(node.MergeInput(first, node.input(first + 1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(first, node.output(output)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(first + 1, node.input(first)));
  return node.MergeOutput(output, node.input(first));
}

// Of an operator that updates one weight.
inline absl::Status MixedDType(DTypeInference& node) {
  return MixedDTypes(node, 0, node.num_inputs(), 0);
}

}  // namespace minnow

#endif  // MINNOW_OPS_MIXED_H_
