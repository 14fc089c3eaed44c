// The operators that minnow comes with.
//
//   GraphBuilder b(BuiltinOps());
#ifndef MINNOW_OPS_BUILTIN_H_
#define MINNOW_OPS_BUILTIN_H_

#include <memory>

#include "minnow/graph/op_registry.h"

namespace minnow {

// Made at the first call, and never changed.
std::shared_ptr<const OpRegistry> BuiltinOps();

// The same, made anew, with the first error: what a test reads.
absl::StatusOr<OpRegistry> MakeBuiltinOps();

}  // namespace minnow

#endif  // MINNOW_OPS_BUILTIN_H_
