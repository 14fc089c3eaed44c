// Conversion of an array to another type of elements.
//
//   Symbol y = op::Cast(x, {.dtype = DType::kFloat16});
#ifndef MINNOW_OPS_CAST_H_
#define MINNOW_OPS_CAST_H_

#include "minnow/core/attrs.h"
#include "minnow/ops/compose.h"

namespace minnow {

struct CastAttrs {
  Required<DType> dtype;

  static auto Fields() {
    return std::tuple(
        Field("dtype", &CastAttrs::dtype, "The type of the result."));
  }
};

namespace op {

Symbol Cast(Symbol data, const CastAttrs& attrs, NodeOptions options = {});

// Casts the first argument to the type of the second.
inline constexpr BinaryComposer CastLike{"_cast_like"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_CAST_H_
