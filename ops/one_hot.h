// one_hot: indices as vectors.
//
//   Symbol y = op::OneHot(labels, {.depth = 10});  // y[i, j] = labels[i] == j
#ifndef MINNOW_OPS_ONE_HOT_H_
#define MINNOW_OPS_ONE_HOT_H_

#include <cstdint>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct OneHotAttrs {
  Required<int64_t> depth;
  double on_value = 1;
  double off_value = 0;
  DType dtype = DType::kFloat32;

  static auto Fields() {
    using A = OneHotAttrs;
    return std::tuple(
        Field("depth", &A::depth, "The length of the vectors."),
        Field("on_value", &A::on_value, "The element at the index."),
        Field("off_value", &A::off_value, "The other elements."),
        Field("dtype", &A::dtype, "The type of the result."));
  }
};

namespace op {

// The vector of an index outside of [0, depth) is off everywhere.
Symbol OneHot(Symbol indices, const OneHotAttrs& attrs,
              NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_ONE_HOT_H_
