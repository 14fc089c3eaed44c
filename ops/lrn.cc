#include "minnow/ops/lrn.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "minnow/core/round_up.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/core/thread_pool.h"
#include "minnow/core/vector_math.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/compute_bytes.h"
#include "minnow/ops/lines.h"

namespace minnow {
namespace {

// Channels are summed over, so places of one channel are independent: a tile is
// all channels at some neighbouring places, `width` at most. In memory its
// channels follow one another without a gap, and neighbours in a window are a
// fixed distance apart.
struct LrnPlan {
  Lines lines;  // Along the channels.
  int64_t width;
  int64_t tiles_per_example;
  int64_t block;  // In tiles; each has memory for its own ones.
  int64_t tile_bytes;
  int64_t half;  // Of the window, without its middle.
  int64_t workspace_bytes;

  int64_t num_tiles() const { return lines.outer * tiles_per_example; }
};

LrnPlan Plan(const LrnAttrs& attrs, const Shape& data, DType dtype,
             int64_t tiles) {
  // A few tiles should fit into a first-level cache.
  constexpr int64_t kTileElements = 2048;
  constexpr int64_t kMinWidth = 32;
  constexpr int64_t kMaxBlocks = 32;
  const Lines lines = LinesAlong(data, 1);
  const int64_t channels = std::max<int64_t>(lines.size, 1);
  LrnPlan plan = {.lines = lines,
                  .width = std::max(kTileElements / channels, kMinWidth),
                  .tiles_per_example = 0,
                  .block = 1,
                  .tile_bytes = 0,
                  // No channel is further away.
                  .half = std::min<int64_t>(attrs.nsize / 2, channels - 1),
                  .workspace_bytes = 0};
  plan.width = std::clamp<int64_t>(lines.inner, 1, plan.width);
  plan.tiles_per_example = DivideUp(lines.inner, plan.width);
  plan.block = std::max<int64_t>(DivideUp(plan.num_tiles(), kMaxBlocks), 1);
  plan.tile_bytes =
      DivideUp(channels * plan.width * ComputeBytes(dtype), 64) * 64;
  plan.workspace_bytes =
      DivideUp(plan.num_tiles(), plan.block) * tiles * plan.tile_bytes;
  return plan;
}

template <int64_t tiles>
absl::StatusOr<LrnPlan> Prepare(const Attrs& attrs,
                                absl::Span<const Shape> shapes,
                                const ArgTypes& types) {
  return Plan(attrs.As<LrnAttrs>(), shapes[0], types[0].dtype, tiles);
}

// The channels of an example from some place on.
struct LrnTile {
  int64_t first;     // Element of the array.
  int64_t channels;  // Rows of the tile ...
  int64_t width;     // ... and their length, and their distance in the array.
  int64_t distance;

  int64_t size() const { return channels * width; }

  template <typename T, typename C>
  void Load(const T* x, C* to) const {
    if (width == distance) return ConvertElements(x + first, to, size());
    for (int64_t c = 0; c < channels; ++c) {
      ConvertElements(x + first + c * distance, to + c * width, width);
    }
  }
  template <typename T, typename C>
  void Store(const C* from, T* y) const {
    if (width == distance) return ConvertElements(from, y + first, size());
    for (int64_t c = 0; c < channels; ++c) {
      ConvertElements(from + c * width, y + first + c * distance, width);
    }
  }
};

// Calls f(tile, memory...) with memory for `tiles` tiles.
template <typename C, int64_t tiles, typename F>
void ForEachLrnTile(const RunContext& context, const LrnPlan& plan,
                    const F& f) {
  const Lines& lines = plan.lines;
  ParallelFor(
      *context.threads, plan.num_tiles(), plan.block,
      [&](int64_t begin, int64_t end) {
        C* memory[tiles];
        for (int64_t k = 0; k < tiles; ++k) {
          const int64_t tile = begin / plan.block * tiles + k;
          memory[k] = reinterpret_cast<C*>(context.workspace.data() +
                                           tile * plan.tile_bytes);
        }
        for (int64_t i = begin; i < end; ++i) {
          const int64_t example = i / plan.tiles_per_example;
          const int64_t place = i % plan.tiles_per_example * plan.width;
          f(LrnTile{example * lines.size * lines.inner + place, lines.size,
                    std::min(plan.width, lines.inner - place), lines.inner},
            memory);
        }
      });
}

// sums[c] = x[c - half] + ... + x[c + half], as far as there are channels.
template <typename C>
MINNOW_INLINE inline void SumWindows(const C* x, int64_t size, int64_t width,
                                     int64_t half, C* sums) {
  std::fill_n(sums, size, C{0});
  for (int64_t k = -half; k <= half; ++k) {
    const int64_t offset = k * width;
    const int64_t begin = std::max<int64_t>(0, -offset);
    const int64_t end = std::min(size, size - offset);
    for (int64_t i = begin; i < end; ++i) sums[i] += x[i + offset];
  }
}

// y[i] = x[i]^-beta
template <typename C>
void InversePowers(const C* x, int64_t n, C beta, C* y) {
  if (beta == C{0.75}) {
    // The default, without a logarithm.
    return Vectorize([=]() MINNOW_INLINE {
      for (int64_t i = 0; i < n; ++i) {
        const C root = std::sqrt(x[i]);
        y[i] = 1 / (root * std::sqrt(root));
      }
    });
  }
  if (beta == std::floor(beta)) {
    // Negative numbers have such powers, but no logarithm.
    for (int64_t i = 0; i < n; ++i) y[i] = std::pow(x[i], -beta);
    return;
  }
  const auto values = absl::MakeSpan(y, static_cast<size_t>(n));
  Log(absl::MakeConstSpan(x, static_cast<size_t>(n)), values);
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t i = 0; i < n; ++i) y[i] *= -beta;
  });
  Exp(values, values);
}

template <typename T>
absl::Status Lrn(const RunContext& context, const LrnAttrs& attrs,
                 const LrnPlan& plan, Dense<const T> data, Dense<T> out,
                 Dense<T> norm) {
  using C = ComputeType<T>;
  const C factor = static_cast<C>(attrs.alpha) / static_cast<C>(attrs.nsize);
  const C knorm = static_cast<C>(attrs.knorm);
  ForEachLrnTile<C, 3>(
      context, plan, [&](const LrnTile& tile, C* const* memory) {
        C* const x = memory[0];
        C* const power = memory[1];
        C* const sum = memory[2];
        const int64_t n = tile.size();
        tile.Load(data.data(), x);
        Vectorize([=, width = tile.width, half = plan.half]() MINNOW_INLINE {
          for (int64_t i = 0; i < n; ++i) power[i] = x[i] * x[i];
          SumWindows(power, n, width, half, sum);
          for (int64_t i = 0; i < n; ++i) sum[i] = knorm + factor * sum[i];
        });
        tile.Store(sum, norm.data());
        InversePowers(sum, n, static_cast<C>(attrs.beta), power);
        Vectorize([=]() MINNOW_INLINE {
          for (int64_t i = 0; i < n; ++i) x[i] *= power[i];
        });
        tile.Store(x, out.data());
      });
  return absl::OkStatus();
}

template <typename T>
absl::Status LrnBackward(const RunContext& context, const LrnAttrs& attrs,
                         const LrnPlan& plan, Dense<const T> head,
                         Dense<const T> data, Dense<const T> norm,
                         Dense<T> grad) {
  using C = ComputeType<T>;
  const C beta = static_cast<C>(attrs.beta);
  const C factor =
      2 * beta * static_cast<C>(attrs.alpha) / static_cast<C>(attrs.nsize);
  ForEachLrnTile<C, 4>(
      context, plan, [&](const LrnTile& tile, C* const* memory) {
        C* const h = memory[0];
        C* const x = memory[1];
        C* const sum = memory[2];
        C* const power = memory[3];
        const int64_t n = tile.size();
        tile.Load(head.data(), h);
        tile.Load(data.data(), x);
        tile.Load(norm.data(), sum);
        InversePowers(sum, n, beta, power);
        Vectorize([=, width = tile.width, half = plan.half]() MINNOW_INLINE {
          for (int64_t i = 0; i < n; ++i) {
            h[i] *= power[i];
            power[i] = h[i] * x[i] / sum[i];
          }
          SumWindows(power, n, width, half, sum);
          for (int64_t i = 0; i < n; ++i) h[i] -= factor * x[i] * sum[i];
        });
        tile.Store(h, grad.data());
      });
  return absl::OkStatus();
}

// All arrays have the shape of data.
absl::Status InferLrn(ShapeInference& node) {
  const int64_t nsize = node.attrs<LrnAttrs>().nsize;
  if (nsize < 1 || nsize % 2 == 0) {
    return BadAttr("nsize", "a positive odd number", nsize);
  }
  MINNOW_RETURN_IF_ERROR(SameShape(node));
  const Shape& data = node.input(0);
  if (!data.known_rank() || data.rank() == 4) return absl::OkStatus();
  return node.InputError(0, "four axes");
}

OpDef LrnOp() {
  return {
      .name = "LRN",
      .doc = R"(out = data / tmp_norm^beta
where tmp_norm = knorm + alpha / nsize * (the sum of data^2 over the nsize
channels around the element's own, as far as they exist; channels are axis 1).
No gradient flows through tmp_norm.)",
      .attrs = AttrsTypeOf<LrnAttrs>(),
      .inputs = {"data"},
      .outputs = {"out", "tmp_norm"},
      .shape = InferLrn,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        if (node.head(0).omitted()) return {Symbol{}};
        return {Compose("_backward_LRN",
                        {node.head(0), node.input(0), node.output(1)},
                        node.untyped_attrs())};
      },
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() { return KernelOf<Lrn<T>, Prepare<3>>(); }),
  };
}

OpDef LrnBackwardOp() {
  return {
      .name = "_backward_LRN",
      .doc =
          R"(grad = head / tmp_norm^beta - 2 * beta * alpha / nsize * data * sum
where sum = the sum of head * data / tmp_norm^(beta + 1) over the nsize channels
around the element's own.)",
      .attrs = AttrsTypeOf<LrnAttrs>(),
      .inputs = {"head", "data", "tmp_norm"},
      .outputs = {"grad"},
      .shape = InferLrn,
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() { return KernelOf<LrnBackward<T>, Prepare<4>>(); }),
  };
}

}  // namespace

namespace op {

Symbol LRN(Symbol data, const LrnAttrs& attrs, NodeOptions options) {
  return Compose("LRN", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> LrnOps() { return {LrnOp(), LrnBackwardOp()}; }

}  // namespace minnow
