// The reference of all operators, as Markdown.
//
//   minnow ops --markdown > docs/operators.md
//
// A test compares docs/operators.md with what this makes of the registry.
#ifndef MINNOW_TOOLS_OP_REFERENCE_H_
#define MINNOW_TOOLS_OP_REFERENCE_H_

#include <string>
#include <vector>

#include "minnow/graph/op_registry.h"

namespace minnow {

// "dense, csr → dense: float32, float64": a line for each combination of
// storages that the operator has kernels for, with the types of the first
// argument. New values of inputs are no outputs of their own.
std::vector<std::string> KernelLines(const OpDef& op);

// A section for each operator, by name: formula, inputs, attributes, gradient
// and kernels. Those that only gradients are made of come last.
std::string OperatorReference(const OpRegistry& registry);

}  // namespace minnow

#endif  // MINNOW_TOOLS_OP_REFERENCE_H_
