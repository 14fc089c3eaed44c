#include "minnow/ops/sequence.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "minnow/core/status.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/reshape.h"

namespace minnow {
namespace {

std::vector<InputDef> MaskInputs(const Attrs& attrs) {
  if (!attrs.As<SequenceMaskAttrs>().use_sequence_length) return {"data"};
  return {"data", "sequence_length"};
}

absl::Status InferMask(ShapeInference& node) {
  const auto& a = node.attrs<SequenceMaskAttrs>();
  if (a.axis != 0 && a.axis != 1) return BadAttr("axis", "0 or 1", a.axis);
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  const Shape& data = node.input(0);
  if (!data.known_rank()) return absl::OkStatus();
  if (data.rank() < 2) return node.InputError(0, "two dimensions or more");
  if (!a.use_sequence_length) return absl::OkStatus();
  return node.MergeInput(1, Shape{data[a.axis == 0 ? 1 : 0]});
}

absl::Status InferMaskDType(DTypeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  return node.MergeInput(0, node.output(0));
}

// Has memory for the lengths.
struct MaskPlan {
  int64_t workspace_bytes;
};

absl::StatusOr<MaskPlan> PrepareMask(const Attrs&,
                                     absl::Span<const Shape> shapes) {
  return MaskPlan{shapes[1].num_elements() * int64_t{sizeof(int64_t)}};
}

// A row is what stands behind the first two axes.
absl::Status Mask(const RunContext& context, const SequenceMaskAttrs& a,
                  const MaskPlan&, AnyIn<0> data, AnyIn<1> sequence_length,
                  AnyOut<0> out) {
  if (data.size == 0) return absl::OkStatus();
  const int64_t rows = data.dims[0] * data.dims[1];
  const int64_t columns = data.dims[1];
  const int64_t row_size = data.size / rows;
  const int64_t row_bytes = row_size * data.element_size();
  const AnyElement value = ElementOf(out.dtype, a.value);
  int64_t* const lengths = reinterpret_cast<int64_t*>(context.workspace.data());
  LoadElements(sequence_length, 0, sequence_length.size, lengths);
  const int64_t grain = std::max<int64_t>(1, kElementwiseGrain / row_size);
  ParallelFor(*context.threads, rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t i = row / columns;
      const int64_t j = row % columns;
      const int64_t step = a.axis == 0 ? i : j;
      const int64_t length = lengths[a.axis == 0 ? j : i];
      const int64_t first = row * row_size;
      if (step >= length) {
        FillElements(out, first, row_size, value);
      } else if (data.data != out.data) {
        std::memcpy(out.at(first), data.at(first),
                    static_cast<size_t>(row_bytes));
      }
    }
  });
  return absl::OkStatus();
}

std::vector<Kernel> MaskKernels() {
  std::vector<Kernel> kernels =
      MoveKernels<PlanSameElements>({kMoveIn, kMoveOut});
  Append(AnyKernels<Mask, PrepareMask>(AllTypes(), NumberTypes()), kernels);
  return kernels;
}

std::vector<Symbol> MaskGradient(const GradientContext& node) {
  SequenceMaskAttrs a = node.attrs<SequenceMaskAttrs>();
  if (!a.use_sequence_length) return {node.head(0)};
  a.value = 0;
  return {op::SequenceMask(node.head(0), node.input(1), a), Symbol{}};
}

}  // namespace

namespace op {

Symbol SequenceMask(Symbol data, Symbol sequence_length,
                    const SequenceMaskAttrs& attrs, NodeOptions options) {
  if (!attrs.use_sequence_length) {
    return Compose("SequenceMask", {data}, attrs, std::move(options));
  }
  return Compose("SequenceMask", {data, sequence_length}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> SequenceOps() {
  return {{
      .name = "SequenceMask",
      .aliases = {"_npx_sequence_mask"},
      .doc = "out[i, j, ...] = i < sequence_length[j] ? data[i, j, ...] : "
             "value\n"
             "With axis 1 the other way round: j < sequence_length[i].",
      .attrs = AttrsTypeOf<SequenceMaskAttrs>(),
      .inputs = MaskInputs,
      .shape = InferMask,
      .dtype = InferMaskDType,
      .gradient = MaskGradient,
      .inplace = {{0, 0}},
      .kernels = MaskKernels(),
  }};
}

}  // namespace minnow
