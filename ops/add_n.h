// The sum of any number of arrays of one shape.
//
//   Symbol sum = op::AddN({a, b, c});
#ifndef MINNOW_OPS_ADD_N_H_
#define MINNOW_OPS_ADD_N_H_

#include <cstdint>

#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct AddNAttrs {
  Required<int64_t> num_args;

  static auto Fields() {
    return std::tuple(
        Field("num_args", &AddNAttrs::num_args, "The number of inputs."));
  }
};

namespace op {

// `num_args` follows from `args`, which must not be empty. The sum of
// row_sparse arrays is row_sparse, that with a dense one is dense.
Symbol AddN(absl::Span<const Symbol> args, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_ADD_N_H_
