#include "minnow/ops/layer_norm.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "minnow/core/round_up.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/channel_inference.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/compute_bytes.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/normalize_line.h"

namespace minnow {
namespace {

// The workspace has the tiles of all blocks, and behind them `num_rows` rows of
// as many elements as a line has.
struct LayerNormPlan {
  LinePlan lines;
  int64_t row_bytes;
  int64_t workspace_bytes;

  // At least one, so that there are sums.
  int64_t num_blocks() const {
    return std::max<int64_t>(
        1, (lines.lines.count() + lines.block - 1) / lines.block);
  }
  template <typename C>
  C* Row(const RunContext& context, int64_t row) const {
    return reinterpret_cast<C*>(context.workspace.data() +
                                lines.workspace_bytes + row * row_bytes);
  }
};

absl::StatusOr<LayerNormPlan> Plan(const Attrs& attrs, const Shape& data,
                                   DType dtype, int64_t tiles,
                                   int64_t rows_per_block, int64_t more_rows) {
  MINNOW_ASSIGN_OR_RETURN(
      const size_t axis,
      ReadAxis("axis", attrs.As<LayerNormAttrs>().axis, data.rank()));
  const Lines lines = LinesAlong(data, axis);
  LayerNormPlan plan = {
      .lines = PlanComputedLines(lines, tiles, dtype),
      .row_bytes = RoundUp(data[axis] * ComputeBytes(dtype), 64),
      .workspace_bytes = 0};
  const int64_t rows = plan.num_blocks() * rows_per_block + more_rows;
  plan.workspace_bytes = plan.lines.workspace_bytes + rows * plan.row_bytes;
  return plan;
}

// The rows are gamma and beta.
absl::StatusOr<LayerNormPlan> Prepare(const Attrs& attrs,
                                      absl::Span<const Shape> shapes,
                                      const ArgTypes& types) {
  return Plan(attrs, shapes[0], types[0].dtype, 1, 0, 2);
}

// Of (head, data, ...). The rows are gamma, and the sums of each block for the
// gradients of gamma and beta.
absl::StatusOr<LayerNormPlan> PrepareBackward(const Attrs& attrs,
                                              absl::Span<const Shape> shapes,
                                              const ArgTypes& types) {
  return Plan(attrs, shapes[1], types[0].dtype, 2, 2, 1);
}

// x holds `count` lines, y takes the result; they may be the same memory.
template <typename C>
void NormalizeLines(int64_t count, int64_t size, C eps, const C* gamma,
                    const C* beta, const C* x, C* y, C* means, C* deviations) {
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t l = 0; l < count; ++l) {
      const C* const from = x + l * size;
      C* const to = y + l * size;
      const Moments<C> moments = MomentsOf(from, size);
      const C mean = moments.mean;
      const C deviation = std::sqrt(moments.variance + eps);
      const C factor = 1 / deviation;
      for (int64_t i = 0; i < size; ++i) {
        to[i] = (from[i] - mean) * factor * gamma[i] + beta[i];
      }
      means[l] = mean;
      deviations[l] = deviation;
    }
  });
}

// `grad` takes the gradient of the lines; it may be the same memory as `head`.
template <typename C>
void NormalizeLinesGradient(int64_t count, int64_t size, const C* gamma,
                            const C* means, const C* deviations, const C* x,
                            const C* head, C* grad, C* gamma_sums,
                            C* beta_sums) {
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t l = 0; l < count; ++l) {
      const C* const from = x + l * size;
      const C* const h = head + l * size;
      const C mean = means[l];
      const C factor = 1 / deviations[l];
      for (int64_t i = 0; i < size; ++i) {
        beta_sums[i] += h[i];
        gamma_sums[i] += h[i] * ((from[i] - mean) * factor);
      }
      NormalizeGradient(
          from, size, mean, deviations[l], C{1},
          [=](int64_t i) MINNOW_INLINE { return h[i] * gamma[i]; },
          grad + l * size);
    }
  });
}

template <typename T>
absl::Status LayerNorm(const RunContext& context, const LayerNormAttrs& attrs,
                       const LayerNormPlan& plan, Dense<const T> data,
                       Dense<const T> gamma, Dense<const T> beta, Dense<T> out,
                       Dense<T> mean, Dense<T> deviation) {
  using C = ComputeType<T>;
  const Lines& lines = plan.lines.lines;
  C* const gammas = plan.Row<C>(context, 0);
  C* const betas = plan.Row<C>(context, 1);
  ConvertElements(gamma.data(), gammas, lines.size);
  ConvertElements(beta.data(), betas, lines.size);
  ForEachTile(
      *context.threads, plan.lines, context.workspace,
      [&](const LineTile& tile) {
        C* const memory = reinterpret_cast<C*>(tile.memory);
        const C* const x = ReadLines(lines, tile, data.data(), memory);
        C moments[2][kMaxTileLines];
        WriteLines(lines, tile, memory, out.data(), [&](C* y) {
          NormalizeLines(tile.count, lines.size, static_cast<C>(attrs.eps),
                         gammas, betas, x, y, moments[0], moments[1]);
        });
        ConvertElements(moments[0], mean.data() + tile.first, tile.count);
        ConvertElements(moments[1], deviation.data() + tile.first, tile.count);
      });
  return absl::OkStatus();
}

template <typename T>
absl::Status LayerNormBackward(const RunContext& context, const LayerNormAttrs&,
                               const LayerNormPlan& plan, Dense<const T> head,
                               Dense<const T> data, Dense<const T> gamma,
                               Dense<const T> mean, Dense<const T> deviation,
                               Dense<T> data_grad, Dense<T> gamma_grad,
                               Dense<T> beta_grad) {
  using C = ComputeType<T>;
  const Lines& lines = plan.lines.lines;
  C* const gammas = plan.Row<C>(context, 0);
  ConvertElements(gamma.data(), gammas, lines.size);
  ForEachTile(
      *context.threads, plan.lines, context.workspace,
      [&](const LineTile& tile) {
        C* const memory = reinterpret_cast<C*>(tile.memory);
        C* const more_memory =
            reinterpret_cast<C*>(tile.memory + plan.lines.block_bytes / 2);
        const int64_t block = tile.first / plan.lines.block;
        C* const gamma_sums = plan.Row<C>(context, 1 + 2 * block);
        C* const beta_sums = plan.Row<C>(context, 2 + 2 * block);
        if (tile.first % plan.lines.block == 0) {
          std::fill_n(gamma_sums, lines.size, C{0});
          std::fill_n(beta_sums, lines.size, C{0});
        }
        C moments[2][kMaxTileLines];
        ConvertElements(mean.data() + tile.first, moments[0], tile.count);
        ConvertElements(deviation.data() + tile.first, moments[1], tile.count);
        const C* const h = ReadLines(lines, tile, head.data(), memory);
        const C* const x = ReadLines(lines, tile, data.data(), more_memory);
        WriteLines(lines, tile, memory, data_grad.data(), [&](C* grad) {
          NormalizeLinesGradient<C>(tile.count, lines.size, gammas, moments[0],
                                    moments[1], x, h, grad, gamma_sums,
                                    beta_sums);
        });
      });
  // The sums of the blocks, in order.
  const int64_t num_blocks = plan.num_blocks();
  const auto sum_blocks = [&](int64_t first_row, Dense<T> grad) {
    C* const sums = plan.Row<C>(context, first_row);
    if (lines.count() == 0) std::fill_n(sums, lines.size, C{0});
    for (int64_t b = 1; b < num_blocks; ++b) {
      const C* const more = plan.Row<C>(context, first_row + 2 * b);
      Vectorize([=, n = lines.size]() MINNOW_INLINE {
        for (int64_t i = 0; i < n; ++i) sums[i] += more[i];
      });
    }
    ConvertElements(sums, grad.data(), lines.size);
  };
  sum_blocks(1, gamma_grad);
  sum_blocks(2, beta_grad);
  return absl::OkStatus();
}

// The shape of the means.
Shape MomentsShape(Shape data, size_t axis) {
  data.set(axis, 1);
  return data;
}

absl::Status InferLayerNorm(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  const Shape& data = node.input(0);
  if (!data.known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(
      const size_t axis,
      ReadAxis("axis", node.attrs<LayerNormAttrs>().axis, data.rank()));
  MINNOW_RETURN_IF_ERROR(MergeChannels(node, 0, axis, {1, 2}));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, data));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(1, MomentsShape(data, axis)));
  return node.MergeOutput(2, MomentsShape(data, axis));
}

// Of (head, data, gamma, mean, std).
absl::Status InferBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(1)));
  const Shape& data = node.input(1);
  if (!data.known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(
      const size_t axis,
      ReadAxis("axis", node.attrs<LayerNormAttrs>().axis, data.rank()));
  MINNOW_RETURN_IF_ERROR(MergeChannels(node, 1, axis, {2}));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, data));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(3, MomentsShape(data, axis)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(4, MomentsShape(data, axis)));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(1, {data[axis]}));
  return node.MergeOutput(2, {data[axis]});
}

std::vector<Symbol> LayerNormGradient(const GradientContext& node) {
  if (node.head(0).omitted()) return std::vector<Symbol>(node.num_inputs());
  const Symbol grads = Compose("_backward_LayerNorm",
                               {node.head(0), node.input(0), node.input(1),
                                node.output(1), node.output(2)},
                               node.untyped_attrs());
  return node.builder().Outputs(grads, 3);
}

OpDef LayerNormOp() {
  return {
      .name = "LayerNorm",
      .aliases = {"_npx_layer_norm"},
      .doc = R"(out = (data - mean) / std * gamma + beta
where mean = sum_k data[k] / n and std = sqrt(sum_k (data[k] - mean)^2 / n +
eps) along the axis, of which each index has a gamma and a beta. No gradient
flows through mean and std.)",
      .attrs = AttrsTypeOf<LayerNormAttrs>(),
      .inputs = {"data", "gamma", "beta"},
      .outputs = {"out", "mean", "std"},
      .shape = InferLayerNorm,
      .gradient = LayerNormGradient,
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() { return KernelOf<LayerNorm<T>, Prepare>(); }),
  };
}

OpDef LayerNormBackwardOp() {
  return {
      .name = "_backward_LayerNorm",
      .doc = R"(normal = (data - mean) / std
h = head * gamma
data_grad = (h - sum(h) / n - normal * sum(h * normal) / n) / std
gamma_grad = sum over all lines of head * normal
beta_grad = sum over all lines of head)",
      .attrs = AttrsTypeOf<LayerNormAttrs>(),
      .inputs = {"head", "data", "gamma", "mean", "std"},
      .outputs = {"data_grad", "gamma_grad", "beta_grad"},
      .shape = InferBackward,
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<LayerNormBackward<T>, PrepareBackward>();
                     }),
  };
}

}  // namespace

namespace op {

Symbol LayerNorm(Symbol data, Symbol gamma, Symbol beta,
                 const LayerNormAttrs& attrs, NodeOptions options) {
  return Compose("LayerNorm", {data, gamma, beta}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> LayerNormOps() {
  return {LayerNormOp(), LayerNormBackwardOp()};
}

}  // namespace minnow
