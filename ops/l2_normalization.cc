#include "minnow/ops/l2_normalization.h"

#include <cmath>
#include <utility>
#include <vector>

#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/reduce_line.h"

namespace minnow {
namespace {

// What has one norm, as lines. REQUIRES: as many axes as NormsShape() says.
Lines LinesOf(L2Mode mode, const Shape& data) {
  switch (mode) {
    case L2Mode::kChannel:
      return LinesAlong(data, 1);
    case L2Mode::kSpatial:
      return {data.num_elements(0, 2), data.num_elements(2, data.rank()), 1};
    case L2Mode::kInstance:
      break;
  }
  return {data[0], data.num_elements(1, data.rank()), 1};
}

LinePlan PlanNorms(const Attrs& attrs, const Shape& data, DType dtype,
                   int64_t tiles) {
  const Lines lines = LinesOf(attrs.As<L2NormalizationAttrs>().mode, data);
  return PlanComputedLines(lines, tiles, dtype);
}

template <int64_t tiles>
absl::StatusOr<LinePlan> Prepare(const Attrs& attrs,
                                 absl::Span<const Shape> shapes,
                                 const ArgTypes& types) {
  return PlanNorms(attrs, shapes[0], types[0].dtype, tiles);
}

// x and y may be the same memory.
template <typename C>
void DivideByNorms(int64_t count, int64_t size, C eps, const C* x, C* y,
                   C* norms) {
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t l = 0; l < count; ++l) {
      const C* const from = x + l * size;
      C* const to = y + l * size;
      const C squares = SumLine<C>(
          size, [=](int64_t i) MINNOW_INLINE { return from[i] * from[i]; });
      norms[l] = std::sqrt(squares + eps);
      const C factor = 1 / norms[l];
      for (int64_t i = 0; i < size; ++i) to[i] = from[i] * factor;
    }
  });
}

// From the result y; `grad` and `head` may be the same memory.
template <typename C>
void DivideByNormsGradient(int64_t count, int64_t size, const C* norms,
                           const C* y, const C* head, C* grad) {
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t l = 0; l < count; ++l) {
      const C* const line = y + l * size;
      const C* const h = head + l * size;
      C* const to = grad + l * size;
      const C product = SumLine<C>(
          size, [=](int64_t i) MINNOW_INLINE { return line[i] * h[i]; });
      const C factor = 1 / norms[l];
      for (int64_t i = 0; i < size; ++i) {
        to[i] = (h[i] - line[i] * product) * factor;
      }
    }
  });
}

template <typename T>
absl::Status L2Normalize(const RunContext& context,
                         const L2NormalizationAttrs& attrs,
                         const LinePlan& plan, Dense<const T> data,
                         Dense<T> out, Dense<T> norm) {
  using C = ComputeType<T>;
  const Lines& lines = plan.lines;
  ForEachTile(*context.threads, plan, context.workspace,
              [&](const LineTile& tile) {
                C* const memory = reinterpret_cast<C*>(tile.memory);
                const C* const x = ReadLines(lines, tile, data.data(), memory);
                C norms[kMaxTileLines];
                WriteLines(lines, tile, memory, out.data(), [&](C* y) {
                  DivideByNorms(tile.count, lines.size,
                                static_cast<C>(attrs.eps), x, y, +norms);
                });
                ConvertElements(+norms, norm.data() + tile.first, tile.count);
              });
  return absl::OkStatus();
}

template <typename T>
absl::Status L2NormalizeBackward(const RunContext& context,
                                 const L2NormalizationAttrs&,
                                 const LinePlan& plan, Dense<const T> head,
                                 Dense<const T> out, Dense<const T> norm,
                                 Dense<T> grad) {
  using C = ComputeType<T>;
  const Lines& lines = plan.lines;
  ForEachTile(
      *context.threads, plan, context.workspace, [&](const LineTile& tile) {
        C* const memory = reinterpret_cast<C*>(tile.memory);
        C* const more_memory =
            reinterpret_cast<C*>(tile.memory + plan.block_bytes / 2);
        const C* const h = ReadLines(lines, tile, head.data(), memory);
        const C* const y = ReadLines(lines, tile, out.data(), more_memory);
        C norms[kMaxTileLines];
        ConvertElements(norm.data() + tile.first, +norms, tile.count);
        WriteLines(lines, tile, memory, grad.data(), [&](C* to) {
          DivideByNormsGradient<C>(tile.count, lines.size, norms, y, h, to);
        });
      });
  return absl::OkStatus();
}

// Of the norms of input `data`; an error if that has too few axes.
absl::StatusOr<Shape> NormsShape(const ShapeInference& node, size_t input) {
  const Shape& data = node.input(input);
  const L2Mode mode = node.attrs<L2NormalizationAttrs>().mode;
  if (mode == L2Mode::kInstance) {
    if (data.rank() < 1) return node.InputError(input, "one axis or more");
    return Shape{data[0]};
  }
  if (data.rank() < 3) return node.InputError(input, "three axes or more");
  if (mode == L2Mode::kSpatial) return Shape{data[0], data[1]};
  Shape norms = data;
  norms.set(1, 1);
  return norms;
}

absl::Status InferL2(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  if (!node.input(0).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(const Shape norms, NormsShape(node, 0));
  return node.MergeOutput(1, norms);
}

// Of (head, out, norm).
absl::Status InferL2Backward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  if (!node.input(0).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(const Shape norms, NormsShape(node, 0));
  return node.MergeInput(2, norms);
}

OpDef L2NormalizationOp() {
  return {
      .name = "L2Normalization",
      .doc =
          "out = data / norm, where norm = sqrt(sum(data^2) + eps)\n"
          "and the sum is over axis 1 (channel), over all axes but 0 "
          "(instance), or over all but 0 and 1 (spatial). No gradient flows "
          "through norm.",
      .attrs = AttrsTypeOf<L2NormalizationAttrs>(),
      .inputs = {"data"},
      .outputs = {"out", "norm"},
      .shape = InferL2,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        if (node.head(0).omitted()) return {Symbol{}};
        return {Compose("_backward_L2Normalization",
                        {node.head(0), node.output(0), node.output(1)},
                        node.untyped_attrs())};
      },
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() { return KernelOf<L2Normalize<T>, Prepare<1>>(); }),
  };
}

OpDef L2NormalizationBackwardOp() {
  return {
      .name = "_backward_L2Normalization",
      .doc = "grad = (head - out * sum(head * out)) / norm",
      .attrs = AttrsTypeOf<L2NormalizationAttrs>(),
      .inputs = {"head", "out", "norm"},
      .outputs = {"grad"},
      .shape = InferL2Backward,
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<L2NormalizeBackward<T>, Prepare<2>>();
                     }),
  };
}

}  // namespace

namespace op {

Symbol L2Normalization(Symbol data, const L2NormalizationAttrs& attrs,
                       NodeOptions options) {
  return Compose("L2Normalization", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> L2NormalizationOps() {
  return {L2NormalizationOp(), L2NormalizationBackwardOp()};
}

}  // namespace minnow
