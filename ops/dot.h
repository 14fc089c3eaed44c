// Products of two arrays: dot and batch_dot.
//
//   Symbol c = op::Dot(a, b, {.transpose_b = true});
//   Symbol d = op::BatchDot(x, y);  // A product for each pair of matrices.
//
// Factors of dot may be sparse; sparse_dot.h says which.
#ifndef MINNOW_OPS_DOT_H_
#define MINNOW_OPS_DOT_H_

#include <cstdint>
#include <optional>

#include "minnow/core/attrs.h"
#include "minnow/core/dtype.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct DotAttrs {
  bool transpose_a = false;
  bool transpose_b = false;
  std::optional<StorageType> forward_stype = {};

  static auto Fields() {
    using A = DotAttrs;
    return std::tuple(
        Field("transpose_a", &A::transpose_a,
              "Contract the first axis of lhs, not the last one."),
        Field("transpose_b", &A::transpose_b,
              "Contract the last axis of rhs, not the first one."),
        Field("forward_stype", &A::forward_stype,
              "The wanted storage type of the result."));
  }
};

namespace op {

Symbol Dot(Symbol lhs, Symbol rhs, const DotAttrs& attrs = {},
           NodeOptions options = {});

// Of arrays of three axes or more: the last two are those of the matrices.
Symbol BatchDot(Symbol lhs, Symbol rhs, const DotAttrs& attrs = {},
                NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_DOT_H_
