#include "minnow/ops/binary_op.h"

#include "absl/strings/str_cat.h"

namespace minnow {
namespace internal {
namespace {

// The type of the output: see MakeScalarOp.
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

}  // namespace

std::vector<OpDef> MakeBinaryOpPair(
    std::string name, std::vector<std::string> aliases,
    std::string broadcast_name, std::vector<std::string> broadcast_aliases,
    absl::string_view formula, GradientFn gradient,
    GradientFn broadcast_gradient, std::vector<Kernel> kernels) {
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
              .gradient = broadcast_gradient,
              .inplace = {{0, 0}, {1, 0}},
              .kernels = kernels,
          }};
}

OpDef MakeScalarOp(std::string name, std::vector<std::string> aliases,
                   absl::string_view formula, GradientFn gradient,
                   std::vector<Kernel> kernels) {
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
      .kernels = std::move(kernels),
  };
}

}  // namespace internal
}  // namespace minnow
