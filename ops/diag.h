// Diagonals of matrices, and matrices with a diagonal.
//
//   Symbol d = op::Diag(x);             // (3,4) to (3,).
//   Symbol m = op::Diag(v, {.k = 1});   // (3,) to (4,4).
#ifndef MINNOW_OPS_DIAG_H_
#define MINNOW_OPS_DIAG_H_

#include <cstdint>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct DiagAttrs {
  int64_t k = 0;
  int64_t axis1 = 0;
  int64_t axis2 = 1;

  static auto Fields() {
    using A = DiagAttrs;
    return std::tuple(
        Field(
            "k", &A::k,
            "The diagonal: those above the main one are positive, those below "
            "it negative."),
        Field("axis1", &A::axis1, "The axis of the rows."),
        Field("axis2", &A::axis2, "The axis of the columns."));
  }
};

namespace op {

Symbol Diag(Symbol data, const DiagAttrs& attrs = {}, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_DIAG_H_
