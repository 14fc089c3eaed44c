// The reference of all operators, as Markdown.
//
//   minnow ops --markdown > docs/operators.md
//
// A test compares docs/operators.md with what this makes of the registry.
#ifndef MINNOW_TOOLS_OP_REFERENCE_H_
#define MINNOW_TOOLS_OP_REFERENCE_H_

#include <string>

#include "minnow/graph/op_registry.h"

namespace minnow {

// A section for each operator, by name: formula, inputs, attributes, gradient
// and kernels. Those that only gradients are made of come last.
std::string OperatorReference(const OpRegistry& registry);

}  // namespace minnow

#endif  // MINNOW_TOOLS_OP_REFERENCE_H_
