// The norm along some axes.
//
//   Symbol length = op::Norm(x);                     // Of shape (1,).
//   Symbol sums = op::Norm(x, {.ord = 1, .axis = {{0}}});
#ifndef MINNOW_OPS_NORM_H_
#define MINNOW_OPS_NORM_H_

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/core/dtype.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct NormAttrs {
  int64_t ord = 2;
  std::optional<std::vector<int64_t>> axis = {};
  std::optional<DType> out_dtype = {};
  bool keepdims = false;

  static auto Fields() {
    using A = NormAttrs;
    return std::tuple(
        Field("ord", &A::ord,
              "1: the sum of magnitudes; 2: the root of the sum of squares."),
        Field("axis", &A::axis, "The axes to reduce; None or () are all."),
        Field("out_dtype", &A::out_dtype,
              "The type of the result; None is that of data."),
        Field("keepdims", &A::keepdims, "Reduced axes stay, with size 1."));
  }
};

namespace op {

Symbol Norm(Symbol data, const NormAttrs& attrs = {}, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_NORM_H_
