// Tuples of indices into an array as places in it, and back.
//
//   // The places 5 and 0 of an array of (2,3): (1,2) and (0,0).
//   Symbol place = op::RavelMultiIndex(tuples, {.shape = {2, 3}});
//   Symbol tuple = op::UnravelIndex(place, {.shape = {2, 3}});
//
// A tuple is a column of an array of shape (rank, n...), as gather_nd takes it.
// Indices outside of the shape are no error; they count as the formula says.
#ifndef MINNOW_OPS_RAVEL_H_
#define MINNOW_OPS_RAVEL_H_

#include <tuple>

#include "minnow/core/attrs.h"
#include "minnow/core/shape.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct RavelAttrs {
  Shape shape = {};

  static auto Fields() {
    return std::tuple(Field("shape", &RavelAttrs::shape,
                            "The shape of the array that is indexed; its first "
                            "dimension may be -1."));
  }
};

namespace op {

Symbol RavelMultiIndex(Symbol data, const RavelAttrs& attrs,
                       NodeOptions options = {});
Symbol UnravelIndex(Symbol data, const RavelAttrs& attrs,
                    NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_RAVEL_H_
