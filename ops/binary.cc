#include "minnow/ops/binary.h"

#include <string>
#include <utility>

#include "minnow/ops/arithmetic.h"
#include "minnow/ops/binary_kernels.h"
#include "minnow/ops/sum_to_like.h"
#include "minnow/ops/unary.h"

namespace minnow {
namespace {

using Symbols = std::vector<Symbol>;
using Names = std::vector<std::string>;

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

// The same where the inputs were broadcast: summed over what was repeated.
template <GradientFn gradient>
Symbols Broadcast(const GradientContext& node) {
  Symbols gradients = gradient(node);
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].omitted() || !node.wanted(i)) continue;
    gradients[i] = op::SumToLike(gradients[i], node.input(i));
  }
  return gradients;
}

// The operator for equal shapes, and the one that broadcasts.
template <typename F, GradientFn gradient>
std::vector<OpDef> Binary(const char* name, Names aliases,
                          const char* broadcast_name, Names broadcast_aliases,
                          const char* formula) {
  const std::vector<Kernel> kernels = BinaryKernels<F>(NumberTypes());
  return {{
              .name = name,
              .aliases = std::move(aliases),
              .doc = absl::StrCat(formula, "\nThe shapes are equal."),
              .inputs = {"lhs", "rhs"},
              .shape = SameShape,
              .gradient = gradient,
              .inplace = {{0, 0}, {1, 0}},
              .kernels = kernels,
          },
          {
              .name = broadcast_name,
              .aliases = std::move(broadcast_aliases),
              .doc = absl::StrCat(formula,
                                  "\nThe inputs are broadcast to one shape: "
                                  "dimensions of 1 are repeated, and so are "
                                  "missing ones in front."),
              .inputs = {"lhs", "rhs"},
              .shape = InferBroadcastShape,
              .gradient = Broadcast<gradient>,
              .inplace = {{0, 0}, {1, 0}},
              .kernels = kernels,
          }};
}

absl::Status InferScalarDType(DTypeInference& node) {
  const std::optional<DType> data = node.input(0);
  const bool is_int = node.attrs<ScalarAttrs>().is_int;
  if (data.has_value() && !IsFloating(*data)) {
    if (!is_int) return node.MergeOutput(0, DType::kFloat64);
    if (*data == DType::kBool) return node.MergeOutput(0, DType::kInt64);
  }
  // Of an output alone nothing follows where an integer may have given it.
  if (!data.has_value() && node.output(0) == DType::kFloat64 && !is_int) {
    return absl::OkStatus();
  }
  return SameDType(node);
}

template <typename F, bool reversed = false>
OpDef ScalarOp(const char* name, const char* alias, const char* formula,
               GradientFn gradient) {
  return {
      .name = name,
      .aliases = {alias},
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
      .kernels = ScalarKernels<F, reversed>(),
  };
}

std::vector<OpDef> ScalarOps() {
  return {
      ScalarOp<Plus>("_plus_scalar", "_PlusScalar", "out = data + scalar",
                     [](const GradientContext& node) -> Symbols {
                       return {node.head(0)};
                     }),
      ScalarOp<Minus>("_minus_scalar", "_MinusScalar", "out = data - scalar",
                      [](const GradientContext& node) -> Symbols {
                        return {node.head(0)};
                      }),
      ScalarOp<Minus, true>("_rminus_scalar", "_RMinusScalar",
                            "out = scalar - data",
                            [](const GradientContext& node) -> Symbols {
                              return {-node.head(0)};
                            }),
      ScalarOp<Times>("_mul_scalar", "_MulScalar", "out = data * scalar",
                      [](const GradientContext& node) -> Symbols {
                        return {op::MulScalar(node.head(0),
                                              node.attrs<ScalarAttrs>())};
                      }),
      ScalarOp<Divide>("_div_scalar", "_DivScalar", "out = data / scalar",
                       [](const GradientContext& node) -> Symbols {
                         return {op::DivScalar(node.head(0),
                                               node.attrs<ScalarAttrs>())};
                       }),
      ScalarOp<Divide, true>(
          "_rdiv_scalar", "_RDivScalar", "out = scalar / data",
          [](const GradientContext& node) -> Symbols {
            return {-(node.head(0) * node.output(0) / node.input(0))};
          }),
  };
}

}  // namespace

namespace op {

Symbol PlusScalar(Symbol data, const ScalarAttrs& attrs, NodeOptions options) {
  return Compose("_plus_scalar", {data}, attrs, std::move(options));
}

Symbol MinusScalar(Symbol data, const ScalarAttrs& attrs, NodeOptions options) {
  return Compose("_minus_scalar", {data}, attrs, std::move(options));
}

Symbol RminusScalar(Symbol data, const ScalarAttrs& attrs,
                    NodeOptions options) {
  return Compose("_rminus_scalar", {data}, attrs, std::move(options));
}

Symbol MulScalar(Symbol data, const ScalarAttrs& attrs, NodeOptions options) {
  return Compose("_mul_scalar", {data}, attrs, std::move(options));
}

Symbol DivScalar(Symbol data, const ScalarAttrs& attrs, NodeOptions options) {
  return Compose("_div_scalar", {data}, attrs, std::move(options));
}

Symbol RdivScalar(Symbol data, const ScalarAttrs& attrs, NodeOptions options) {
  return Compose("_rdiv_scalar", {data}, attrs, std::move(options));
}

}  // namespace op

Symbol operator-(Symbol a) { return op::Negative(a); }

std::vector<OpDef> BinaryOps() {
  std::vector<OpDef> ops = ScalarOps();
  for (const std::vector<OpDef>& pair :
       {Binary<Plus, AddGradient>(
            "elemwise_add", {"_Plus", "_add", "_plus", "_sparse_elemwise_add"},
            "broadcast_add",
            {"broadcast_plus", "_sparse_broadcast_add",
             "_sparse_broadcast_plus"},
            "out = lhs + rhs"),
        Binary<Minus, SubGradient>(
            "elemwise_sub",
            {"_Minus", "_minus", "_sub", "_sparse_elemwise_sub"},
            "broadcast_sub",
            {"broadcast_minus", "_sparse_broadcast_sub",
             "_sparse_broadcast_minus"},
            "out = lhs - rhs"),
        Binary<Times, MulGradient>(
            "elemwise_mul", {"_Mul", "_mul", "_sparse_elemwise_mul"},
            "broadcast_mul", {"_sparse_broadcast_mul"}, "out = lhs * rhs"),
        Binary<Divide, DivGradient>(
            "elemwise_div", {"_Div", "_div", "_sparse_elemwise_div"},
            "broadcast_div", {"_sparse_broadcast_div"},
            "out = lhs / rhs\nA division of integers by zero gives 0.")}) {
    ops.insert(ops.end(), pair.begin(), pair.end());
  }
  return ops;
}

}  // namespace minnow
