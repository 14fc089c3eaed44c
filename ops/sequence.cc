#include "minnow/ops/sequence.h"

#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/reshape.h"
#include "minnow/ops/sequence_rows.h"

namespace minnow {
namespace {

template <typename A, size_t data>
absl::StatusOr<Sequences> Prepare(const Attrs& attrs,
                                  absl::Span<const Shape> shapes) {
  return SequencesOf(shapes[data], attrs.As<A>().axis);
}

std::vector<InputDef> WithLengths(std::vector<InputDef> inputs, bool lengths) {
  if (lengths) inputs.push_back("sequence_length");
  return inputs;
}

template <typename A>
std::vector<InputDef> DataInputs(const Attrs& attrs) {
  return WithLengths({"data"}, attrs.As<A>().use_sequence_length);
}

// Checks the axis, and the input `data`; `lengths` is behind it.
absl::Status InferInputs(ShapeInference& node, int64_t axis, size_t data,
                         size_t lengths) {
  if (axis != 0 && axis != 1) return BadAttr("axis", "0 or 1", axis);
  const Shape& shape = node.input(data);
  if (!shape.known_rank()) return absl::OkStatus();
  if (shape.rank() < 2) return node.InputError(data, "two dimensions or more");
  if (lengths >= node.num_inputs()) return absl::OkStatus();
  return node.MergeInput(lengths, Shape{shape[axis == 0 ? 1 : 0]});
}

absl::Status SameDTypeAsData(DTypeInference& node) {
  return SameDTypeOf(node, {0});
}

// A symbol for the composers and gradients: with lengths where they are used.
Symbol ComposeSequence(const char* op, std::vector<Symbol> inputs,
                       Symbol sequence_length, bool use_sequence_length,
                       Attrs attrs, NodeOptions options = {}) {
  if (use_sequence_length) inputs.push_back(sequence_length);
  return Compose(op, inputs, std::move(attrs), std::move(options));
}

Symbol LengthsOf(const GradientContext& node) {
  return node.num_inputs() > 1 ? node.input(1) : Symbol{};
}

// Of data and lengths.
std::vector<Symbol> WithoutLengths(const GradientContext& node, Symbol data) {
  std::vector<Symbol> gradients(node.num_inputs());
  gradients[0] = data;
  return gradients;
}

// SequenceMask ---------------------------------------------------------------

absl::Status InferSame(ShapeInference& node, int64_t axis) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  return InferInputs(node, axis, 0, 1);
}

absl::Status InferMask(ShapeInference& node) {
  return InferSame(node, node.attrs<SequenceMaskAttrs>().axis);
}

// Any length will do.
absl::Status Mask(const RunContext& context, const SequenceMaskAttrs& a,
                  const Sequences& s, AnyIn<0> data, AnyIn<1> sequence_length,
                  AnyOut<0> out) {
  const AnyElement value = ElementOf(out.dtype, a.value);
  int64_t* const lengths = LengthsIn(context);
  LoadElements(sequence_length, 0, s.count, lengths);
  ForEachRow(context, s, s.steps * s.count, [&](int64_t row) {
    if (s.Step(row) >= lengths[s.Sequence(row)]) {
      FillElements(out, row * s.row_size, s.row_size, value);
    } else if (data.data != out.data) {
      CopyRow(s, data, row, out, row);
    }
  });
  return absl::OkStatus();
}

std::vector<Kernel> MaskKernels() {
  return Joined({MoveKernels<PlanSameElements>({kMoveIn, kMoveOut}),
                 AnyKernels<Mask, Prepare<SequenceMaskAttrs, 0>>(
                     AllTypes(), NumberTypes())});
}

std::vector<Symbol> MaskGradient(const GradientContext& node) {
  SequenceMaskAttrs a = node.attrs<SequenceMaskAttrs>();
  a.value = 0;
  if (!a.use_sequence_length) return {node.head(0)};
  return WithoutLengths(node,
                        op::SequenceMask(node.head(0), LengthsOf(node), a));
}

// SequenceLast and SequenceReverse -------------------------------------------

// What moves rows from `x` to `y`, for sequences of these lengths.
using MoveRows = void (*)(const RunContext& context, const Sequences& s,
                          const int64_t* lengths, const AnyConstArray& x,
                          const AnyArray& y);

void TakeLast(const RunContext& context, const Sequences& s,
              const int64_t* lengths, const AnyConstArray& data,
              const AnyArray& out) {
  ForEachRow(context, s, s.count, [&](int64_t i) {
    CopyRow(s, data, s.Row(lengths[i] - 1, i), out, i);
  });
}

void PutLast(const RunContext& context, const Sequences& s,
             const int64_t* lengths, const AnyConstArray& head,
             const AnyArray& grad) {
  FillAll(*context.threads, grad, {});
  ForEachRow(context, s, s.count, [&](int64_t i) {
    CopyRow(s, head, i, grad, s.Row(lengths[i] - 1, i));
  });
}

void Reverse(const RunContext& context, const Sequences& s,
             const int64_t* lengths, const AnyConstArray& data,
             const AnyArray& out) {
  ForEachRow(context, s, s.steps * s.count, [&](int64_t row) {
    const int64_t step = s.Step(row), i = s.Sequence(row);
    const int64_t from = step < lengths[i] ? lengths[i] - 1 - step : step;
    CopyRow(s, data, s.Row(from, i), out, row);
  });
}

template <MoveRows move, int64_t least>
absl::Status MoveCut(const RunContext& context, const SequenceAttrs&,
                     const Sequences& s, AnyIn<0> x, AnyIn<1> sequence_length,
                     AnyOut<0> y) {
  MINNOW_ASSIGN_OR_RETURN(const int64_t* lengths,
                          LoadLengths(context, s, least, sequence_length));
  move(context, s, lengths, x, y);
  return absl::OkStatus();
}

template <MoveRows move>
absl::Status MoveWhole(const RunContext& context, const SequenceAttrs&,
                       const Sequences& s, AnyIn<0> x, AnyOut<0> y) {
  move(context, s, WholeLengths(context, s), x, y);
  return absl::OkStatus();
}

// Of the second argument only the shape matters.
absl::Status PutCut(const RunContext& context, const SequenceAttrs& attrs,
                    const Sequences& s, AnyIn<0> head, AnyIn<0>,
                    AnyIn<1> sequence_length, AnyOut<0> grad) {
  return MoveCut<PutLast, 1>(context, attrs, s, head, sequence_length, grad);
}

absl::Status PutWhole(const RunContext& context, const SequenceAttrs& attrs,
                      const Sequences& s, AnyIn<0> head, AnyIn<0>,
                      AnyOut<0> grad) {
  return MoveWhole<PutLast>(context, attrs, s, head, grad);
}

// `data` is the number of the argument that has the shape of all sequences.
template <auto whole, auto cut, size_t data>
std::vector<Kernel> SequenceKernels() {
  constexpr auto kPrepare = Prepare<SequenceAttrs, data>;
  return Joined({AnyKernels<whole, kPrepare>(AllTypes()),
                 AnyKernels<cut, kPrepare>(AllTypes(), NumberTypes())});
}

// The shape of one step of each sequence of the input `data`.
absl::StatusOr<Shape> LastShape(const ShapeInference& node, size_t data) {
  const Shape& whole = node.input(data);
  Shape last = {whole[node.attrs<SequenceAttrs>().axis == 0 ? 1 : 0]};
  for (size_t i = 2; i < whole.rank(); ++i) last.push_back(whole[i]);
  if (whole[static_cast<size_t>(node.attrs<SequenceAttrs>().axis)] == 0) {
    return node.InputError(data, "sequences of one step or more");
  }
  return last;
}

absl::Status InferLast(ShapeInference& node) {
  const int64_t axis = node.attrs<SequenceAttrs>().axis;
  MINNOW_RETURN_IF_ERROR(InferInputs(node, axis, 0, 1));
  if (!node.input(0).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(Shape last, LastShape(node, 0));
  return node.MergeOutput(0, last);
}

absl::Status InferLastBackward(ShapeInference& node) {
  const int64_t axis = node.attrs<SequenceAttrs>().axis;
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
  MINNOW_RETURN_IF_ERROR(InferInputs(node, axis, 1, 2));
  if (!node.input(1).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(Shape last, LastShape(node, 1));
  return node.MergeInput(0, last);
}

absl::Status InferLastBackwardDType(DTypeInference& node) {
  return SameDTypeOf(node, {1, 0});
}

absl::Status InferReverse(ShapeInference& node) {
  const int64_t axis = node.attrs<SequenceAttrs>().axis;
  if (axis != 0) return BadAttr("axis", "0", axis);
  return InferSame(node, axis);
}

OpDef MaskOp() {
  return {
      .name = "SequenceMask",
      .aliases = {"_npx_sequence_mask"},
      .doc =
          "out[i, j, ...] = i < sequence_length[j] ? data[i, j, ...] : "
          "value\n"
          "With axis 1 the other way round: j < sequence_length[i].",
      .attrs = AttrsTypeOf<SequenceMaskAttrs>(),
      .inputs = DataInputs<SequenceMaskAttrs>,
      .shape = InferMask,
      .dtype = SameDTypeAsData,
      .gradient = MaskGradient,
      .inplace = {{0, 0}},
      .kernels = MaskKernels(),
  };
}

OpDef LastOp() {
  return {
      .name = "SequenceLast",
      .doc =
          "out[j, ...] = data[sequence_length[j] - 1, j, ...]\n"
          "With axis 1: data[j, sequence_length[j] - 1, ...].",
      .attrs = AttrsTypeOf<SequenceAttrs>(),
      .inputs = DataInputs<SequenceAttrs>,
      .shape = InferLast,
      .dtype = SameDTypeAsData,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const auto a = node.attrs<SequenceAttrs>();
        return WithoutLengths(
            node, ComposeSequence("_backward_SequenceLast",
                                  {node.head(0), node.input(0)},
                                  LengthsOf(node), a.use_sequence_length, a));
      },
      .kernels =
          SequenceKernels<MoveWhole<TakeLast>, MoveCut<TakeLast, 1>, 0>(),
      .fails_on_data = true,
  };
}

OpDef LastBackwardOp() {
  return {
      .name = "_backward_SequenceLast",
      .doc =
          "grad[sequence_length[j] - 1, j, ...] = head[j, ...], and 0 "
          "elsewhere, in the shape of data",
      .attrs = AttrsTypeOf<SequenceAttrs>(),
      .inputs = InputDefs([](const Attrs& attrs) {
        return WithLengths({"head", {"data", Access::kUnread}},
                           attrs.As<SequenceAttrs>().use_sequence_length);
      }),
      .outputs = {"grad"},
      .shape = InferLastBackward,
      .dtype = InferLastBackwardDType,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const auto a = node.attrs<SequenceAttrs>();
        const Symbol lengths = a.use_sequence_length ? node.input(2) : Symbol{};
        return WithoutLengths(node, op::SequenceLast(node.head(0), lengths, a));
      },
      .kernels = SequenceKernels<PutWhole, PutCut, 1>(),
      .fails_on_data = true,
  };
}

OpDef ReverseOp() {
  return {
      .name = "SequenceReverse",
      .doc =
          "out[i, j, ...] = i < n ? data[n - 1 - i, j, ...] : "
          "data[i, j, ...], where n = sequence_length[j]",
      .attrs = AttrsTypeOf<SequenceAttrs>(),
      .inputs = DataInputs<SequenceAttrs>,
      .shape = InferReverse,
      .dtype = SameDTypeAsData,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return WithoutLengths(node,
                              op::SequenceReverse(node.head(0), LengthsOf(node),
                                                  node.attrs<SequenceAttrs>()));
      },
      .kernels = SequenceKernels<MoveWhole<Reverse>, MoveCut<Reverse, 0>, 0>(),
      .fails_on_data = true,
  };
}

}  // namespace

namespace op {

Symbol SequenceMask(Symbol data, Symbol sequence_length,
                    const SequenceMaskAttrs& attrs, NodeOptions options) {
  return ComposeSequence("SequenceMask", {data}, sequence_length,
                         attrs.use_sequence_length, attrs, std::move(options));
}

Symbol SequenceLast(Symbol data, Symbol sequence_length,
                    const SequenceAttrs& attrs, NodeOptions options) {
  return ComposeSequence("SequenceLast", {data}, sequence_length,
                         attrs.use_sequence_length, attrs, std::move(options));
}

Symbol SequenceReverse(Symbol data, Symbol sequence_length,
                       const SequenceAttrs& attrs, NodeOptions options) {
  return ComposeSequence("SequenceReverse", {data}, sequence_length,
                         attrs.use_sequence_length, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> SequenceOps() {
  return {MaskOp(), LastOp(), LastBackwardOp(), ReverseOp()};
}

}  // namespace minnow
