// The names of MXNet's operators.
//
//   IsMxnetOperator("FullyConnected");  // True.
//   IsMxnetOperator("sum_axis");        // True: an alias of "sum".
#ifndef MINNOW_INTEROP_MXNET_OP_NAMES_H_
#define MINNOW_INTEROP_MXNET_OP_NAMES_H_

#include "absl/strings/string_view.h"

namespace minnow {

// Whether MXNet 1.9.1 has an operator of this name that a graph can name.
// Those of its own backward passes cannot be composed: they are not among them.
bool IsMxnetOperator(absl::string_view name);

}  // namespace minnow

#endif  // MINNOW_INTEROP_MXNET_OP_NAMES_H_
