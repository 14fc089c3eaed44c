#include "minnow/ops/batch_norm.h"

#include <cmath>
#include <initializer_list>
#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/batch_norm_blocks.h"
#include "minnow/ops/channel_blocks.h"
#include "minnow/ops/channel_inference.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/compute_bytes.h"

namespace minnow {
namespace {

constexpr char kUpdateOp[] = "_update_BatchNorm";

// Whether a run normalizes by the moments of the batch.
bool UsesBatch(const RunContext& context, const BatchNormAttrs& attrs) {
  return context.training && !attrs.use_global_stats;
}

absl::StatusOr<BatchNormPlan> Plan(const Attrs& attrs, const Shape& data,
                                   DType dtype, int64_t more_rows) {
  MINNOW_ASSIGN_OR_RETURN(
      const size_t axis,
      ReadAxis("axis", attrs.As<BatchNormAttrs>().axis, data.rank()));
  BatchNormPlan plan = {.blocks = CutChannels(data, axis),
                        .workspace_bytes = 0};
  plan.workspace_bytes = (plan.blocks.num_segments * 2 + more_rows) *
                         data[axis] * ComputeBytes(dtype);
  return plan;
}

absl::StatusOr<BatchNormPlan> Prepare(const Attrs& attrs,
                                      absl::Span<const Shape> shapes,
                                      const ArgTypes& types) {
  return Plan(attrs, shapes[0], types[0].dtype, 0);
}

// Of (head, data, ...). The rows are the terms of the gradient of data.
absl::StatusOr<BatchNormPlan> PrepareBackward(const Attrs& attrs,
                                              absl::Span<const Shape> shapes,
                                              const ArgTypes& types) {
  return Plan(attrs, shapes[1], types[0].dtype, 3);
}

template <typename T, typename C>
absl::Status BatchNorm(const RunContext& context, const BatchNormAttrs& attrs,
                       const BatchNormPlan& plan, Dense<const T> data,
                       Dense<const C> gamma, Dense<const C> beta,
                       Dense<const C> moving_mean, Dense<const C> moving_var,
                       Dense<T> out, Dense<C> mean, Dense<C> inv_std) {
  const ChannelBlocks& blocks = plan.blocks;
  const C eps = static_cast<C>(attrs.eps);
  WithLayout(blocks, [&]<bool columns>() {
    const auto normalize = [&](const ChannelBlock& block) {
      NormalizeBlock<columns>(
          blocks, block, data.data(), mean.data(), inv_std.data(),
          attrs.fix_gamma ? nullptr : gamma.data(), beta.data(), out.data());
    };
    if (!UsesBatch(context, attrs)) {
      for (int64_t c = 0; c < blocks.channels; ++c) {
        mean.data()[c] = moving_mean.data()[c];
        inv_std.data()[c] = 1 / std::sqrt(moving_var.data()[c] + eps);
      }
      ForEachBlock(*context.threads, blocks, normalize);
      return;
    }
    ForEachUnit(
        *context.threads, blocks,
        [&](const ChannelBlock& block) {
          C* const sums = plan.Sums<C>(context, block.segment, 0);
          C* const squares = plan.Sums<C>(context, block.segment, 1);
          BlockMoments<columns>(blocks, block, data.data(),
                                sums + block.first_channel,
                                squares + block.first_channel);
        },
        [&](int64_t first, int64_t num_channels) {
          MergeMoments(context, plan, eps, first, num_channels, mean.data(),
                       inv_std.data());
        },
        normalize);
  });
  return absl::OkStatus();
}

template <typename T, typename C>
absl::Status BatchNormBackward(const RunContext& context,
                               const BatchNormAttrs& attrs,
                               const BatchNormPlan& plan, Dense<const T> head,
                               Dense<const T> data, Dense<const C> gamma,
                               Dense<const C> mean, Dense<const C> inv_std,
                               Dense<T> data_grad, Dense<C> gamma_grad,
                               Dense<C> beta_grad) {
  const ChannelBlocks& blocks = plan.blocks;
  C* const offset = plan.More<C>(context, 0);
  C* const slope = plan.More<C>(context, 1);
  C* const factor = plan.More<C>(context, 2);
  const C count = plan.Count<C>();
  const auto merge = [&](int64_t first, int64_t num_channels) {
    SumSegments(context, plan, 0, first, num_channels, offset);
    SumSegments(context, plan, 1, first, num_channels, slope);
    for (int64_t c = first; c < first + num_channels; ++c) {
      const C sum = offset[c], product = slope[c], inv = inv_std.data()[c];
      offset[c] = sum / count;
      slope[c] = product * inv * inv / count;
      factor[c] = attrs.fix_gamma ? inv : inv * gamma.data()[c];
      gamma_grad.data()[c] = attrs.fix_gamma ? C{0} : product * inv;
      beta_grad.data()[c] = sum;
    }
  };
  WithLayout(blocks, [&]<bool columns>() {
    ForEachUnit(
        *context.threads, blocks,
        [&](const ChannelBlock& block) {
          C* const sums = plan.Sums<C>(context, block.segment, 0);
          C* const products = plan.Sums<C>(context, block.segment, 1);
          BlockHeadSums<columns>(blocks, block, head.data(), data.data(),
                                 mean.data(), sums + block.first_channel,
                                 products + block.first_channel);
        },
        merge,
        [&](const ChannelBlock& block) {
          if (UsesBatch(context, attrs)) {
            BlockGradient<columns>(
                blocks, block, head.data(), data.data(),
                GradientTerms<C>{mean.data(), offset, slope, factor},
                data_grad.data());
          } else {
            BlockScaled<columns>(blocks, block, head.data(), factor,
                                 data_grad.data());
          }
        });
  });
  return absl::OkStatus();
}

template <typename T, typename C>
absl::Status UpdateStatistics(const RunContext& context,
                              const BatchNormAttrs& attrs, Dense<const T> data,
                              Dense<const C> mean, Dense<const C> inv_std,
                              Dense<C> moving_mean, Dense<C> moving_var) {
  // A batch without elements says nothing of the data.
  if (!UsesBatch(context, attrs) || data.size() == 0) return absl::OkStatus();
  const C momentum = static_cast<C>(attrs.momentum);
  const auto move = [&](C& moving, C value) {
    moving = moving * momentum + value * (1 - momentum);
  };
  for (int64_t c = 0; c < mean.size(); ++c) {
    move(moving_mean.data()[c], mean.data()[c]);
    const double inv = double{inv_std.data()[c]};
    const double variance = 1 / (inv * inv) - attrs.eps;
    // What rounding makes of zero, or zero where there was no eps.
    const bool is_zero = variance < 0 || (inv == 0 && attrs.eps == 0);
    move(moving_var.data()[c], is_zero ? C{0} : static_cast<C>(variance));
  }
  return absl::OkStatus();
}

// Of the data at input `data`: what these inputs, and the outputs from `output`
// on, have one element of for each channel.
absl::Status InferChannels(ShapeInference& node, size_t data,
                           std::initializer_list<size_t> parameters,
                           size_t output) {
  const Shape& shape = node.input(data);
  if (!shape.known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(
      const size_t axis,
      ReadAxis("axis", node.attrs<BatchNormAttrs>().axis, shape.rank()));
  MINNOW_RETURN_IF_ERROR(MergeChannels(node, data, axis, parameters));
  for (size_t i = output; i < node.num_outputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(i, {shape[axis]}));
  }
  return absl::OkStatus();
}

absl::Status InferChannels(DTypeInference& node, size_t data,
                           std::initializer_list<size_t> parameters,
                           size_t output) {
  return MergeChannelTypes(node, data, parameters, output);
}

// Input 0, input `data` and output 0 are alike; the other outputs are of the
// channels.
template <typename Inference>
absl::Status InferAlike(Inference& node, size_t data,
                        std::initializer_list<size_t> parameters) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(data, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(data, node.output(0)));
  MINNOW_RETURN_IF_ERROR(InferChannels(node, data, parameters, 1));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(data)));
  return node.MergeOutput(0, node.input(data));
}

// Of (data, gamma, beta, moving_mean, moving_var).
template <typename Inference>
absl::Status InferForward(Inference& node) {
  return InferAlike(node, 0, {1, 2, 3, 4});
}

// Of (head, data, gamma, mean, inv_std).
template <typename Inference>
absl::Status InferBackward(Inference& node) {
  return InferAlike(node, 1, {2, 3, 4});
}

// Of (data, mean, inv_std, moving_mean, moving_var).
template <typename Inference>
absl::Status InferUpdate(Inference& node) {
  return InferChannels(node, 0, {1, 2, 3, 4}, 0);
}

// Whether the moving mean is to get the mean of this node already: it has one
// update for each node that reads it.
bool HasUpdate(const GradientContext& node) {
  const GraphBuilder& builder = node.builder();
  NodeOutput moving_mean = builder.Latest(node.input(3)).at;
  while (true) {
    const Node& update = builder.node(moving_mean.node);
    if (update.is_variable() || update.op->name != kUpdateOp) return false;
    if (update.inputs[1] == node.output(1).at) return true;
    moving_mean = update.inputs[3];
  }
}

std::vector<Symbol> BatchNormGradient(const GradientContext& node) {
  if (node.head(0).omitted()) return std::vector<Symbol>(node.num_inputs());
  GraphBuilder& builder = node.builder();
  if (!node.attrs<BatchNormAttrs>().use_global_stats && !HasUpdate(node)) {
    const Symbol moving_mean = node.input(3), moving_var = node.input(4);
    const std::vector<Symbol> moved = builder.Outputs(
        Compose(kUpdateOp,
                {node.input(0), node.output(1), node.output(2),
                 builder.Latest(moving_mean), builder.Latest(moving_var)},
                node.untyped_attrs()),
        2);
    builder.Update(moving_mean, moved[0]);
    builder.Update(moving_var, moved[1]);
  }
  const Symbol grads = Compose("_backward_BatchNorm",
                               {node.head(0), node.input(0), node.input(1),
                                node.output(1), node.output(2)},
                               node.untyped_attrs());
  return builder.Outputs(grads, 3);
}

OpDef BatchNormOp() {
  return {
      .name = "BatchNorm",
      .aliases = {"_npx_batch_norm"},
      .doc = R"(out = (data - mean) * inv_std * gamma + beta
where mean and inv_std = 1 / sqrt(var + eps) have an element for each index of
the axis. In training mean = sum(data) / n and var = sum((data - mean)^2) / n
over all other axes; outside of it, or with use_global_stats, they are
moving_mean and moving_var. No gradient flows through mean and inv_std.
The gradient adds the update of moving_mean and moving_var, see
_update_BatchNorm. Parameters of 16-bit data are float32.)",
      .attrs = AttrsTypeOf<BatchNormAttrs>(),
      .inputs =
          {"data",
           "gamma",
           "beta",
           {"moving_mean", Access::kRead, Role::kState},
           InputDef("moving_var", Access::kRead, Role::kState).StartsWith(1)},
      .outputs = {"out", "mean", "inv_std"},
      .shape = InferForward<ShapeInference>,
      .dtype = InferForward<DTypeInference>,
      .gradient = BatchNormGradient,
      // A channel is read before any of it is written.
      .inplace = {{0, 0}},
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<BatchNorm<T, ComputeType<T>>, Prepare>();
                     }),
  };
}

OpDef BatchNormBackwardOp() {
  return {
      .name = "_backward_BatchNorm",
      .doc = R"(normal = (data - mean) * inv_std
data_grad = gamma * inv_std * (head - sum(head) / n -
            normal * sum(head * normal) / n) in training,
data_grad = gamma * inv_std * head outside of it or with use_global_stats
gamma_grad = sum(head * normal), or 0 with fix_gamma
beta_grad = sum(head)
where sums are over all axes but that of the channels.)",
      .attrs = AttrsTypeOf<BatchNormAttrs>(),
      .inputs = {"head", "data", "gamma", "mean", "inv_std"},
      .outputs = {"data_grad", "gamma_grad", "beta_grad"},
      .shape = InferBackward<ShapeInference>,
      .dtype = InferBackward<DTypeInference>,
      .inplace = {{0, 0}, {1, 0}},
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<BatchNormBackward<T, ComputeType<T>>,
                                       PrepareBackward>();
                     }),
  };
}

OpDef BatchNormUpdateOp() {
  return {
      .name = kUpdateOp,
      .doc = R"(new_mean = moving_mean * momentum + mean * (1 - momentum)
new_var = moving_var * momentum + var * (1 - momentum)
where var = 1 / inv_std^2 - eps, in training. Outside of it, with
use_global_stats, or if data has no elements, nothing changes.)",
      .attrs = AttrsTypeOf<BatchNormAttrs>(),
      .inputs =
          {{"data", Access::kUnread},
           "mean",
           "inv_std",
           {"moving_mean", Access::kUpdate, Role::kState},
           InputDef("moving_var", Access::kUpdate, Role::kState).StartsWith(1)},
      .outputs = {"new_mean", "new_var"},
      .shape = InferUpdate<ShapeInference>,
      .dtype = InferUpdate<DTypeInference>,
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<UpdateStatistics<T, ComputeType<T>>>();
                     }),
  };
}

}  // namespace

namespace op {

Symbol BatchNorm(Symbol data, Symbol gamma, Symbol beta, Symbol moving_mean,
                 Symbol moving_var, const BatchNormAttrs& attrs,
                 NodeOptions options) {
  return Compose("BatchNorm", {data, gamma, beta, moving_mean, moving_var},
                 attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> BatchNormOps() {
  return {BatchNormOp(), BatchNormBackwardOp(), BatchNormUpdateOp()};
}

}  // namespace minnow
