// What the attributes of Pooling mean for data of some shape.
#ifndef MINNOW_OPS_POOL_SHAPE_H_
#define MINNOW_OPS_POOL_SHAPE_H_

#include "absl/status/status.h"
#include "minnow/core/shape.h"
#include "minnow/graph/inference.h"
#include "minnow/ops/pool_plan.h"
#include "minnow/ops/pooling.h"

namespace minnow {

// REQUIRES: inference has accepted them.
PoolGeometry GeometryOf(const PoolingAttrs& attrs, const Shape& data);

// Of (data); of (head, data, out), whose output is the gradient.
absl::Status InferPooling(ShapeInference& node);
absl::Status InferPoolingBackward(ShapeInference& node);

}  // namespace minnow

#endif  // MINNOW_OPS_POOL_SHAPE_H_
