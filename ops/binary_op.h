// What the operators of two arrays, and of an array and a number, share: rows
// of the lists in ops/binary*.cc and ops/logic.cc.
#ifndef MINNOW_OPS_BINARY_OP_H_
#define MINNOW_OPS_BINARY_OP_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/binary_kernels.h"
#include "minnow/ops/sum_to_like.h"
#include "minnow/ops/unary_op.h"

namespace minnow {

// The same where the inputs were broadcast: summed over what was repeated.
template <GradientFn gradient>
Symbols BroadcastGradient(const GradientContext& node) {
  Symbols gradients = gradient(node);
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].omitted() || !node.wanted(i)) continue;
    gradients[i] = op::SumToLike(gradients[i], node.input(i));
  }
  return gradients;
}

// The operator for equal shapes, and the one that broadcasts.
template <typename F, GradientFn gradient, typename TypeList = NumberTypes>
std::vector<OpDef> BinaryOpPair(std::string name,
                                std::vector<std::string> aliases,
                                std::string broadcast_name,
                                std::vector<std::string> broadcast_aliases,
                                absl::string_view formula) {
  const std::vector<Kernel> kernels = BinaryKernels<F>(TypeList());
  return {{
              .name = std::move(name),
              .aliases = std::move(aliases),
              .doc = absl::StrCat(formula, "\nThe shapes are equal."),
              .inputs = {"lhs", "rhs"},
              .shape = SameShape,
              .gradient = gradient,
              .inplace = {{0, 0}, {1, 0}},
              .kernels = kernels,
          },
          {
              .name = std::move(broadcast_name),
              .aliases = std::move(broadcast_aliases),
              .doc = absl::StrCat(formula,
                                  "\nThe inputs are broadcast to one shape: "
                                  "dimensions of 1 are repeated, and so are "
                                  "missing ones in front."),
              .inputs = {"lhs", "rhs"},
              .shape = InferBroadcastShape,
              .gradient = BroadcastGradient<gradient>,
              .inplace = {{0, 0}, {1, 0}},
              .kernels = kernels,
          }};
}

// The type of the output: see ScalarOp.
absl::Status InferScalarDType(DTypeInference& node);

// The operator on an array and the number `scalar`; on both in reverse. If
// `keeps_zero`, sparse arrays stay sparse.
template <typename F, bool reversed = false, bool keeps_zero = false>
OpDef ScalarOp(std::string name, std::vector<std::string> aliases,
               absl::string_view formula, GradientFn gradient) {
  return {
      .name = std::move(name),
      .aliases = std::move(aliases),
      .doc = absl::StrCat(formula,
                          "\nThe number is converted to the type of the array "
                          "first. Integers with a number that is none give "
                          "float64; bool gives int64 or float64."),
      .attrs = AttrsTypeOf<ScalarAttrs>(),
      .inputs = {"data"},
      .shape = SameShape,
      .dtype = InferScalarDType,
      .gradient = gradient,
      .inplace = {{0, 0}},
      .kernels = ScalarKernels<F, reversed, keeps_zero>(),
  };
}

}  // namespace minnow

#endif  // MINNOW_OPS_BINARY_OP_H_
