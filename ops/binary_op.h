// What the operators of two arrays, and of an array and a number, share: rows
// of the lists in ops/binary*.cc and ops/logic.cc.
#ifndef MINNOW_OPS_BINARY_OP_H_
#define MINNOW_OPS_BINARY_OP_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
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

namespace internal {

std::vector<OpDef> MakeBinaryOpPair(
    std::string name, std::vector<std::string> aliases,
    std::string broadcast_name, std::vector<std::string> broadcast_aliases,
    absl::string_view formula, GradientFn gradient,
    GradientFn broadcast_gradient, std::vector<Kernel> kernels);
OpDef MakeScalarOp(std::string name, std::vector<std::string> aliases,
                   absl::string_view formula, GradientFn gradient,
                   std::vector<Kernel> kernels);

}  // namespace internal

// The operator for equal shapes, and the one that broadcasts.
template <typename F, GradientFn gradient, typename TypeList = NumberTypes>
std::vector<OpDef> BinaryOpPair(std::string name,
                                std::vector<std::string> aliases,
                                std::string broadcast_name,
                                std::vector<std::string> broadcast_aliases,
                                absl::string_view formula) {
  return internal::MakeBinaryOpPair(
      std::move(name), std::move(aliases), std::move(broadcast_name),
      std::move(broadcast_aliases), formula, gradient,
      BroadcastGradient<gradient>, BinaryKernels<F>(TypeList()));
}

// The operator on an array and the number `scalar`; on both in reverse. If
// `keeps_zero`, sparse arrays stay sparse.
template <typename F, bool reversed = false, bool keeps_zero = false>
OpDef ScalarOp(std::string name, std::vector<std::string> aliases,
               absl::string_view formula, GradientFn gradient) {
  return internal::MakeScalarOp(std::move(name), std::move(aliases), formula,
                                gradient,
                                ScalarKernels<F, reversed, keeps_zero>());
}

}  // namespace minnow

#endif  // MINNOW_OPS_BINARY_OP_H_
