#include "minnow/ops/ensure_rows.h"

#include <algorithm>
#include <array>
#include <vector>

#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/row_ids.h"

namespace minnow {
namespace {

// Fills the slots from `first` on.
void FillNewRows(const InitialValues& initial, const AnyRowSparse& weight,
                 size_t first) {
  VisitDType(weight.dtype, [&]<typename T>() {
    const absl::Span<const int64_t> rows = weight.array->indices;
    const int64_t row_size = weight.row_size();
    auto* const values = reinterpret_cast<T*>(weight.array->values.data());
    for (size_t slot = first; slot < rows.size(); ++slot) {
      T* const to = values + static_cast<int64_t>(slot) * row_size;
      const int64_t element = rows[slot] * row_size;
      for (int64_t i = 0; i < row_size; ++i) {
        to[i] = Convert<T>(initial[element + i]);
      }
    }
  });
}

absl::Status EnsureRows(const RunContext& context, const EnsureRowsAttrs& attrs,
                        AnyRowTableOut<0> weight, AnyIn<1> ids) {
  const int64_t num_rows = weight.dims[0];
  MINNOW_RETURN_IF_ERROR(CheckRowIds("ids", IdsOf(ids), num_rows));
  MINNOW_ASSIGN_OR_RETURN(
      const InitialValues initial,
      attrs.init.get().Values(context.random.seed, attrs.variable.get(),
                              Shape(weight.dims)));
  // In pieces, which need no memory of their own.
  std::array<int64_t, 256> rows;
  for (int64_t begin = 0; begin < ids.size;) {
    const int64_t count =
        std::min<int64_t>(static_cast<int64_t>(rows.size()), ids.size - begin);
    LoadRows(IdsOf(ids), TakeMode::kRaise, num_rows, begin, count, rows.data());
    begin += count;
    const size_t first = weight.array->indices.size();
    const absl::Status added =
        AddRows(absl::MakeConstSpan(rows.data(), static_cast<size_t>(count)),
                weight.row_bytes(), *weight.array);
    // Those that were added before an error, too: none may stay zero.
    FillNewRows(initial, weight, first);
    MINNOW_RETURN_IF_ERROR(added);
  }
  return absl::OkStatus();
}

absl::Status CheckRows(const RunContext&, const EnsureRowsAttrs&,
                       AnyOut<0> weight, AnyIn<1> ids) {
  return CheckRowIds("ids", IdsOf(ids), weight.dims[0]);
}

std::vector<Kernel> EnsureRowsKernels() {
  return Joined({AnyKernels<EnsureRows>(FloatTypes(), RowIdTypes()),
                 AnyKernels<CheckRows>(FloatTypes(), RowIdTypes())});
}

absl::Status InferShape(ShapeInference& node) {
  const Shape& weight = node.input(0);
  if (weight.known_rank() && weight.rank() < 1) {
    return node.InputError(0, "one dimension or more");
  }
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, weight));
  return node.MergeInput(0, node.output(0));
}

absl::Status InferDType(DTypeInference& node) { return SameDTypeOf(node, {0}); }

OpDef EnsureRowsOp() {
  return {
      .name = "_ensure_rows",
      .doc =
          "out = weight, with initial values in those rows of ids that it "
          "did not store",
      .attrs = AttrsTypeOf<EnsureRowsAttrs>(),
      .inputs = {{"weight", Access::kUpdate}, {"ids"}},
      .shape = InferShape,
      .dtype = InferDType,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {node.head(0), Symbol{}};
      },
      .kernels = EnsureRowsKernels(),
      .fails_on_data = true,
  };
}

}  // namespace

namespace op {

Symbol EnsureRows(Symbol weight, Symbol ids, NodeOptions options) {
  if (weight.omitted() || weight.failed()) {
    return Compose("_ensure_rows", {weight, ids}, {}, std::move(options));
  }
  const Node& variable = weight.builder->node(weight.at.node);
  if (!variable.is_variable() || !variable.variable().init.has_value()) {
    return weight.builder->Fail(absl::InvalidArgumentError(absl::StrCat(
        "_ensure_rows: argument 'weight': expected a variable with an "
        "initializer, found ",
        variable.Describe())));
  }
  const EnsureRowsAttrs attrs = {.init = *variable.variable().init,
                                 .variable = variable.name};
  if (options.out.omitted()) options.out = weight;
  // Rows may have been added to it in this step.
  return Compose("_ensure_rows", {weight.builder->Latest(weight), ids}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> EnsureRowsOps() { return {EnsureRowsOp()}; }

}  // namespace minnow
