// The size of what elements are computed in, for memory that is planned before
// their type is that of a template.
//
//   plan.tile_bytes = num_elements * ComputeBytes(dtype);
#ifndef MINNOW_OPS_COMPUTE_BYTES_H_
#define MINNOW_OPS_COMPUTE_BYTES_H_

#include <cstdint>

#include "minnow/core/dtype.h"
#include "minnow/core/half.h"

namespace minnow {

// Bytes of a ComputeType.
inline int64_t ComputeBytes(DType dtype) {
  return VisitDType(dtype, []<typename T>() {
    return static_cast<int64_t>(sizeof(ComputeType<T>));
  });
}

}  // namespace minnow

#endif  // MINNOW_OPS_COMPUTE_BYTES_H_
