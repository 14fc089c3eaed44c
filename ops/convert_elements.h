// Conversion of arrays from one element type to another.
//
//   ConvertElements(DType::kFloat16, x, DType::kFloat32, y, n);
//   ConvertElements<Float16, float>(x, y, n);
//
// Each pair of types is compiled here, once.
#ifndef MINNOW_OPS_CONVERT_ELEMENTS_H_
#define MINNOW_OPS_CONVERT_ELEMENTS_H_

#include <cstdint>

#include "minnow/core/dtype.h"

namespace minnow {

// y[i] = Convert<To>(x[i]) for n elements. Where both types are the same, x and
// y may be the same memory; else they must not overlap.
void ConvertElements(DType from, const void* x, DType to, void* y, int64_t n);

template <typename From, typename To>
void ConvertElements(const From* x, To* y, int64_t n) {
  ConvertElements(DTypeOf<From>, x, DTypeOf<To>, y, n);
}

}  // namespace minnow

#endif  // MINNOW_OPS_CONVERT_ELEMENTS_H_
