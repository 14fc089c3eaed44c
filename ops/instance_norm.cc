#include "minnow/ops/instance_norm.h"

#include <cmath>
#include <utility>
#include <vector>

#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/channel_inference.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/compute_bytes.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/normalize_line.h"

namespace minnow {
namespace {

// A line is a channel of an example. The workspace has the tiles of all blocks,
// and behind them, for the gradient, two sums for each line.
struct InstanceNormPlan {
  LinePlan lines;
  int64_t num_channels;
  int64_t workspace_bytes;
};

InstanceNormPlan Plan(const Shape& data, DType dtype, int64_t tiles,
                      int64_t sums) {
  const Lines lines = {data.num_elements(0, 2),
                       data.num_elements(2, data.rank()), 1};
  InstanceNormPlan plan = {.lines = PlanComputedLines(lines, tiles, dtype),
                           .num_channels = data[1],
                           .workspace_bytes = 0};
  plan.workspace_bytes =
      plan.lines.workspace_bytes + sums * lines.count() * ComputeBytes(dtype);
  return plan;
}

absl::StatusOr<InstanceNormPlan> Prepare(const Attrs&,
                                         absl::Span<const Shape> shapes,
                                         const ArgTypes& types) {
  return Plan(shapes[0], types[0].dtype, 1, 0);
}

// Of (head, data, ...).
absl::StatusOr<InstanceNormPlan> PrepareBackward(const Attrs&,
                                                 absl::Span<const Shape> shapes,
                                                 const ArgTypes& types) {
  return Plan(shapes[1], types[0].dtype, 2, 2);
}

template <typename T>
absl::Status InstanceNorm(const RunContext& context,
                          const InstanceNormAttrs& attrs,
                          const InstanceNormPlan& plan, Dense<const T> data,
                          Dense<const T> gamma, Dense<const T> beta,
                          Dense<T> out, Dense<T> mean, Dense<T> variance) {
  using C = ComputeType<T>;
  const Lines& lines = plan.lines.lines;
  const C eps = static_cast<C>(attrs.eps);
  const auto normalize_line = [&](int64_t line, const C* x, C* y) {
    const int64_t channel = line % plan.num_channels;
    const C scale = static_cast<C>(gamma.data()[channel]);
    const C offset = static_cast<C>(beta.data()[channel]);
    Moments<C> moments;
    Vectorize([=, &moments, n = lines.size]() MINNOW_INLINE {
      const Moments<C> found = MomentsOf(x, n);
      const C factor = scale / std::sqrt(found.variance + eps);
      for (int64_t i = 0; i < n; ++i) {
        y[i] = (x[i] - found.mean) * factor + offset;
      }
      moments = found;
    });
    mean.data()[line] = static_cast<T>(moments.mean);
    variance.data()[line] = static_cast<T>(moments.variance);
  };
  ForEachTile(*context.threads, plan.lines, context.workspace,
              [&](const LineTile& tile) {
                C* const memory = reinterpret_cast<C*>(tile.memory);
                const C* const x = ReadLines(lines, tile, data.data(), memory);
                WriteLines(lines, tile, memory, out.data(), [&](C* y) {
                  for (int64_t l = 0; l < tile.count; ++l) {
                    normalize_line(tile.first + l, x + l * lines.size,
                                   y + l * lines.size);
                  }
                });
              });
  return absl::OkStatus();
}

template <typename T>
absl::Status InstanceNormBackward(const RunContext& context,
                                  const InstanceNormAttrs& attrs,
                                  const InstanceNormPlan& plan,
                                  Dense<const T> head, Dense<const T> data,
                                  Dense<const T> gamma, Dense<const T> mean,
                                  Dense<const T> variance, Dense<T> data_grad,
                                  Dense<T> gamma_grad, Dense<T> beta_grad) {
  using C = ComputeType<T>;
  const Lines& lines = plan.lines.lines;
  const C eps = static_cast<C>(attrs.eps);
  auto* const sums = reinterpret_cast<NormalizeSums<C>*>(
      context.workspace.data() + plan.lines.workspace_bytes);
  const auto line_gradient = [&](int64_t line, const C* x, const C* h,
                                 C* grad) {
    const C scale = static_cast<C>(gamma.data()[line % plan.num_channels]);
    const C m = static_cast<C>(mean.data()[line]);
    const C deviation = std::sqrt(static_cast<C>(variance.data()[line]) + eps);
    Vectorize([=, n = lines.size, to = sums + line]() MINNOW_INLINE {
      *to = NormalizeGradient(
          x, n, m, deviation, scale,
          [=](int64_t i) MINNOW_INLINE { return h[i]; }, grad);
    });
  };
  ForEachTile(
      *context.threads, plan.lines, context.workspace,
      [&](const LineTile& tile) {
        C* const memory = reinterpret_cast<C*>(tile.memory);
        C* const more_memory =
            reinterpret_cast<C*>(tile.memory + plan.lines.block_bytes / 2);
        const C* const h = ReadLines(lines, tile, head.data(), memory);
        const C* const x = ReadLines(lines, tile, data.data(), more_memory);
        WriteLines(lines, tile, memory, data_grad.data(), [&](C* grad) {
          for (int64_t l = 0; l < tile.count; ++l) {
            const int64_t at = l * lines.size;
            line_gradient(tile.first + l, x + at, h + at, grad + at);
          }
        });
      });
  // Over the examples, in order.
  for (int64_t channel = 0; channel < plan.num_channels; ++channel) {
    NormalizeSums<C> total = {0, 0};
    for (int64_t l = channel; l < lines.count(); l += plan.num_channels) {
      total.head += sums[l].head;
      total.product += sums[l].product;
    }
    gamma_grad.data()[channel] = static_cast<T>(total.product);
    beta_grad.data()[channel] = static_cast<T>(total.head);
  }
  return absl::OkStatus();
}

// Of data at input `data`: its mean and variance have axes 0 and 1 of it, gamma
// and beta have axis 1.
absl::Status CheckRank(const ShapeInference& node, size_t data) {
  if (node.input(data).rank() >= 3) return absl::OkStatus();
  return node.InputError(data, "three axes or more");
}

absl::Status InferInstanceNorm(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  const Shape& data = node.input(0);
  if (!data.known_rank()) return absl::OkStatus();
  MINNOW_RETURN_IF_ERROR(CheckRank(node, 0));
  MINNOW_RETURN_IF_ERROR(MergeChannels(node, 0, 1, {1, 2}));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, data));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(1, {data[0], data[1]}));
  return node.MergeOutput(2, {data[0], data[1]});
}

// Of (head, data, gamma, mean, var).
absl::Status InferBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(1)));
  const Shape& data = node.input(1);
  if (!data.known_rank()) return absl::OkStatus();
  MINNOW_RETURN_IF_ERROR(CheckRank(node, 1));
  MINNOW_RETURN_IF_ERROR(MergeChannels(node, 1, 1, {2}));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, data));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(3, {data[0], data[1]}));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(4, {data[0], data[1]}));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(1, {data[1]}));
  return node.MergeOutput(2, {data[1]});
}

std::vector<Symbol> InstanceNormGradient(const GradientContext& node) {
  if (node.head(0).omitted()) return std::vector<Symbol>(node.num_inputs());
  const Symbol grads = Compose("_backward_InstanceNorm",
                               {node.head(0), node.input(0), node.input(1),
                                node.output(1), node.output(2)},
                               node.untyped_attrs());
  return node.builder().Outputs(grads, 3);
}

OpDef InstanceNormOp() {
  return {
      .name = "InstanceNorm",
      .doc = R"(out = (data - mean) / sqrt(var + eps) * gamma + beta
where mean = sum(data) / n and var = sum((data - mean)^2) / n are over all axes
but 0 and 1; each index of axis 1 has a gamma and a beta. No gradient flows
through mean and var.)",
      .attrs = AttrsTypeOf<InstanceNormAttrs>(),
      .inputs = {"data", "gamma", "beta"},
      .outputs = {"out", "mean", "var"},
      .shape = InferInstanceNorm,
      .gradient = InstanceNormGradient,
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() { return KernelOf<InstanceNorm<T>, Prepare>(); }),
  };
}

OpDef InstanceNormBackwardOp() {
  return {
      .name = "_backward_InstanceNorm",
      .doc = R"(std = sqrt(var + eps)
normal = (data - mean) / std
data_grad = gamma * (head - sum(head) / n - normal * sum(head * normal) / n) /
            std
gamma_grad = sum over all axes but 1 of head * normal
beta_grad = sum over all axes but 1 of head)",
      .attrs = AttrsTypeOf<InstanceNormAttrs>(),
      .inputs = {"head", "data", "gamma", "mean", "var"},
      .outputs = {"data_grad", "gamma_grad", "beta_grad"},
      .shape = InferBackward,
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() {
            return KernelOf<InstanceNormBackward<T>, PrepareBackward>();
          }),
  };
}

}  // namespace

namespace op {

Symbol InstanceNorm(Symbol data, Symbol gamma, Symbol beta,
                    const InstanceNormAttrs& attrs, NodeOptions options) {
  return Compose("InstanceNorm", {data, gamma, beta}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> InstanceNormOps() {
  return {InstanceNormOp(), InstanceNormBackwardOp()};
}

}  // namespace minnow
