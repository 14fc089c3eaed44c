// Operators as JSON, for tools.
//
//   OpJson(*BuiltinOps()->Find("sgd_mom_update"));
//   // {"name":"sgd_mom_update","aliases":[...],"doc":"...","inputs":[...],...}
//
// Inputs and outputs of a variadic operator are those with its defaults.
#ifndef MINNOW_INTEROP_OP_JSON_H_
#define MINNOW_INTEROP_OP_JSON_H_

#include <string>

#include "minnow/graph/op_registry.h"

namespace minnow {

// One object.
std::string OpJson(const OpDef& op);
// An array of all operators, in the order of the registry.
std::string OpsJson(const OpRegistry& registry);

}  // namespace minnow

#endif  // MINNOW_INTEROP_OP_JSON_H_
