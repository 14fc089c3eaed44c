// What the operators of one input without attributes share: rows of the lists
// in ops/unary*.cc.
#ifndef MINNOW_OPS_UNARY_OP_H_
#define MINNOW_OPS_UNARY_OP_H_

#include <string>
#include <utility>
#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/elementwise.h"

namespace minnow {

using Symbols = std::vector<Symbol>;

// An operator of one input, of which the output has the shape and type.
inline OpDef UnaryOp(const char* name, std::vector<std::string> aliases,
                     const char* doc, std::vector<Kernel> kernels,
                     GradientFn gradient) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .doc = doc,
      .inputs = {"data"},
      .shape = SameShape,
      .gradient = gradient,
      .inplace = {{0, 0}},
      .kernels = std::move(kernels),
  };
}

// The gradient of functions with steps.
inline Symbols NoGradient(const GradientContext& node) {
  return Symbols(node.num_inputs());
}

}  // namespace minnow

#endif  // MINNOW_OPS_UNARY_OP_H_
