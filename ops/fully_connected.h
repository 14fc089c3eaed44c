// Layers of a network that are products: FullyConnected.
//
//   Symbol h = op::FullyConnected(x, w, bias, {.num_hidden = 128});
//   Symbol y = op::FullyConnected(h, {}, {}, {.num_hidden = 10});
//
// In the second line the operator makes variables of its own for weight and
// bias, and their shapes follow from that of h.
#ifndef MINNOW_OPS_FULLY_CONNECTED_H_
#define MINNOW_OPS_FULLY_CONNECTED_H_

#include <cstdint>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

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

// With attrs.no_bias, `bias` must be omitted.
Symbol FullyConnected(Symbol data, Symbol weight, Symbol bias,
                      const FullyConnectedAttrs& attrs,
                      NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_FULLY_CONNECTED_H_
