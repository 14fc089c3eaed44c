#include "minnow/ops/binary.h"

#include <utility>
#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/arithmetic.h"
#include "minnow/ops/binary_op.h"
#include "minnow/ops/binary_sparse.h"
#include "minnow/ops/unary.h"

namespace minnow {
namespace {

// The gradients of the inputs as if they had the shape of the output. Those
// that nobody asks for are omitted.
Symbols AddGradient(const GradientContext& node) {
  return {node.head(0), node.head(0)};
}

Symbols SubGradient(const GradientContext& node) {
  return {node.head(0), node.wanted(1) ? -node.head(0) : Symbol{}};
}

Symbols MulGradient(const GradientContext& node) {
  auto times = [&](size_t wanted, size_t factor) {
    return node.wanted(wanted) ? node.head(0) * node.input(factor) : Symbol{};
  };
  return {times(0, 1), times(1, 0)};
}

Symbols DivGradient(const GradientContext& node) {
  const Symbol lhs = node.head(0) / node.input(1);
  return {lhs, node.wanted(1) ? -(lhs * node.output(0)) : Symbol{}};
}

std::vector<OpDef> ScalarOps() {
  return {
      ScalarOp<Plus>("_plus_scalar", {"_PlusScalar"}, "out = data + scalar",
                     [](const GradientContext& node) -> Symbols {
                       return {node.head(0)};
                     }),
      ScalarOp<Minus>("_minus_scalar", {"_MinusScalar"}, "out = data - scalar",
                      [](const GradientContext& node) -> Symbols {
                        return {node.head(0)};
                      }),
      ScalarOp<Minus, true>("_rminus_scalar", {"_RMinusScalar"},
                            "out = scalar - data",
                            [](const GradientContext& node) -> Symbols {
                              return {-node.head(0)};
                            }),
      ScalarOp<Times, false, true>(
          "_mul_scalar", {"_MulScalar"}, "out = data * scalar",
          [](const GradientContext& node) -> Symbols {
            return {op::MulScalar(node.head(0), node.attrs<ScalarAttrs>())};
          }),
      ScalarOp<Divide, false, true>(
          "_div_scalar", {"_DivScalar"}, "out = data / scalar",
          [](const GradientContext& node) -> Symbols {
            return {op::DivScalar(node.head(0), node.attrs<ScalarAttrs>())};
          }),
      ScalarOp<Divide, true>(
          "_rdiv_scalar", {"_RDivScalar"}, "out = scalar / data",
          [](const GradientContext& node) -> Symbols {
            return {-(node.head(0) * node.output(0) / node.input(0))};
          }),
  };
}

}  // namespace

Symbol operator-(Symbol a) { return op::Negative(a); }

Symbol ScalarComposer::operator()(Symbol data, const ScalarAttrs& attrs,
                                  NodeOptions options) const {
  return Compose(op, {data}, attrs, std::move(options));
}

std::vector<OpDef> BinaryOps() {
  std::vector<OpDef> ops = ScalarOps();
  for (const std::vector<OpDef>& pair :
       {BinaryOpPair<Plus, AddGradient>(
            "elemwise_add", {"_Plus", "_add", "_plus", "_sparse_elemwise_add"},
            "broadcast_add",
            {"broadcast_plus", "_sparse_broadcast_add",
             "_sparse_broadcast_plus"},
            "out = lhs + rhs"),
        BinaryOpPair<Minus, SubGradient>(
            "elemwise_sub",
            {"_Minus", "_minus", "_sub", "_sparse_elemwise_sub"},
            "broadcast_sub",
            {"broadcast_minus", "_sparse_broadcast_sub",
             "_sparse_broadcast_minus"},
            "out = lhs - rhs"),
        BinaryOpPair<Times, MulGradient>(
            "elemwise_mul", {"_Mul", "_mul", "_sparse_elemwise_mul"},
            "broadcast_mul", {"_sparse_broadcast_mul"}, "out = lhs * rhs"),
        BinaryOpPair<Divide, DivGradient>(
            "elemwise_div", {"_Div", "_div", "_sparse_elemwise_div"},
            "broadcast_div", {"_sparse_broadcast_div"},
            "out = lhs / rhs\nA division of integers by zero gives 0.")}) {
    ops.insert(ops.end(), pair.begin(), pair.end());
  }
  for (OpDef& op : ops) {
    if (op.name == "elemwise_add" || op.name == "elemwise_sub") {
      op.kernels = Joined({op.kernels, SumKernels(op.kernels)});
    } else if (op.name == "elemwise_mul") {
      op.kernels = Joined({op.kernels, ProductKernels(op.kernels)});
    }
  }
  return ops;
}

}  // namespace minnow
