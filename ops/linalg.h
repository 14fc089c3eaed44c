// Products: dot and FullyConnected.
//
//   Symbol h = op::FullyConnected(x, w, bias, {.num_hidden = 128});
//   Symbol y = op::FullyConnected(h, {}, {}, {.num_hidden = 10});
//   Symbol c = op::Dot(a, b, {.transpose_b = true});
//
// In the second line the operator makes variables of its own for weight and
// bias, and their shapes follow from that of h.
#ifndef MINNOW_OPS_LINALG_H_
#define MINNOW_OPS_LINALG_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/core/dtype.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/op_def.h"

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

struct FullyConnectedAttrs {
  Required<int64_t> num_hidden;
  bool no_bias = false;
  bool flatten = true;

  static auto Fields() {
    using A = FullyConnectedAttrs;
    return std::tuple(
        Field("num_hidden", &A::num_hidden, "Elements of an output row."),
        Field("no_bias", &A::no_bias, "There is no input `bias`."),
        Field("flatten", &A::flatten,
              "All axes of data but the first make one row; else only the "
              "last one does."));
  }
};

namespace op {

Symbol Dot(Symbol lhs, Symbol rhs, const DotAttrs& attrs = {},
           NodeOptions options = {});
// With attrs.no_bias, `bias` must be omitted.
Symbol FullyConnected(Symbol data, Symbol weight, Symbol bias,
                      const FullyConnectedAttrs& attrs,
                      NodeOptions options = {});

}  // namespace op

// The operators of this file.
std::vector<OpDef> LinalgOps();

}  // namespace minnow

#endif  // MINNOW_OPS_LINALG_H_
