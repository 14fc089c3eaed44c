#include "minnow/ops/ensure_rows.h"

#include <algorithm>
#include <array>

#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/row_ids.h"

namespace minnow {
namespace {

// Fills the slots from `first` on.
template <typename T>
void FillNewRows(const InitialValues& initial, const RowTable<T>& weight,
                 size_t first) {
  const int64_t row_size = weight.row_size();
  for (size_t slot = first; slot < weight.rows().size(); ++slot) {
    T* to = weight.data() + static_cast<int64_t>(slot) * row_size;
    const int64_t element = weight.rows()[slot] * row_size;
    for (int64_t i = 0; i < row_size; ++i) {
      to[i] = Convert<T>(initial[element + i]);
    }
  }
}

template <typename T, typename Id>
absl::Status EnsureRows(const RunContext& context, const EnsureRowsAttrs& attrs,
                        RowTable<T> weight, Dense<const Id> ids) {
  MINNOW_RETURN_IF_ERROR(CheckRowIds("ids", IdsOf(ids), weight.dims[0]));
  MINNOW_ASSIGN_OR_RETURN(
      const InitialValues initial,
      attrs.init.get().Values(context.random.seed, attrs.variable.get(),
                              Shape(weight.dims)));
  // In pieces, which need no memory of their own.
  std::array<int64_t, 256> rows;
  for (int64_t begin = 0; begin < ids.size();) {
    const int64_t count = std::min<int64_t>(static_cast<int64_t>(rows.size()),
                                            ids.size() - begin);
    std::transform(ids.data() + begin, ids.data() + begin + count, rows.begin(),
                   [](Id id) { return Convert<int64_t>(id); });
    begin += count;
    const size_t first = weight.rows().size();
    const absl::Status added = weight.Add(
        absl::MakeConstSpan(rows.data(), static_cast<size_t>(count)));
    // Those that were added before an error, too: none may stay zero.
    FillNewRows(initial, weight, first);
    MINNOW_RETURN_IF_ERROR(added);
  }
  return absl::OkStatus();
}

template <typename T, typename Id>
absl::Status CheckRows(const RunContext&, const EnsureRowsAttrs&,
                       Dense<T> weight, Dense<const Id> ids) {
  return CheckRowIds("ids", IdsOf(ids), weight.dims[0]);
}

std::vector<Kernel> EnsureRowsKernels() {
  return Joined({KernelsForIds(FloatTypes(),
                               []<typename T, typename Id>() {
                                 return KernelOf<EnsureRows<T, Id>>();
                               }),
                 KernelsForIds(FloatTypes(), []<typename T, typename Id>() {
                   return KernelOf<CheckRows<T, Id>>();
                 })});
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
