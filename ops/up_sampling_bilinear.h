// UpSampling with sample_type bilinear: each channel of the data is deconvolved
// with a filter of its own, whose size and place follow from the scale. The
// weight is an input; what makes the samples bilinear are its values.
#ifndef MINNOW_OPS_UP_SAMPLING_BILINEAR_H_
#define MINNOW_OPS_UP_SAMPLING_BILINEAR_H_

#include <vector>

#include "absl/status/status.h"
#include "minnow/graph/op_def.h"

namespace minnow {

bool IsBilinear(const Attrs& attrs);

// Of (data, weight). REQUIRES: the scale is positive.
absl::Status InferBilinear(ShapeInference& node);
std::vector<Symbol> BilinearGradient(const GradientContext& node);
std::vector<Kernel> BilinearKernels();

}  // namespace minnow

#endif  // MINNOW_OPS_UP_SAMPLING_BILINEAR_H_
