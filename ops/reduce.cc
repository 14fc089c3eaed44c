#include "minnow/ops/reduce.h"

#include <type_traits>
#include <utility>

#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/sparse_sum.h"

namespace minnow {
namespace {

// What sums of T are made in: integers wrap around, which only unsigned ones
// may do; of booleans it is whether any is true.
template <typename T>
struct SumTypeOf {
  using type = ComputeType<T>;
};
template <typename T>
requires(std::is_integral_v<T> &&
         !std::is_same_v<T, bool>) struct SumTypeOf<T> {
  using type = std::make_unsigned_t<T>;
};

template <typename T>
struct SumRule {
  using Acc = typename SumTypeOf<T>::type;
  static constexpr Acc kEmpty = 0;

  explicit SumRule(const ReducePlan& plan) : divisor(plan.divisor) {}

  MINNOW_INLINE Acc Map(T x) const { return static_cast<Acc>(x); }
  MINNOW_INLINE Acc Combine(Acc x, Acc y) const {
    if constexpr (std::is_same_v<T, bool>) {
      return x || y;
    } else {
      return static_cast<Acc>(x + y);
    }
  }
  MINNOW_INLINE T Finish(Acc x) const {
    if constexpr (std::is_same_v<T, bool>) {
      return x;
    } else if constexpr (std::is_integral_v<T>) {
      return divisor == 0 ? T{0} : static_cast<T>(static_cast<T>(x) / divisor);
    } else {
      return static_cast<T>(x / static_cast<Acc>(divisor));
    }
  }

  int64_t divisor;
};

absl::StatusOr<ReducePlan> PrepareMean(const Attrs& attrs,
                                       absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(ReducePlan plan, PrepareReduce(attrs, shapes));
  // The mean of no number is NaN, or 0 for integers.
  plan.divisor = plan.count;
  return plan;
}

// out = head, repeated along the reduced axes, over the divisor. Of the second
// argument only the shape matters.
template <typename T>
absl::Status Spread(const RunContext& context, const ReduceAttrs&,
                    const ReducePlan& plan, Dense<const T> head, Dense<const T>,
                    Dense<T> out) {
  using C = ComputeType<T>;
  const C divisor = static_cast<C>(plan.divisor);
  const int64_t per_kept = plan.num_reduced * plan.num_chunks;
  const int64_t grain =
      std::max<int64_t>(1, internal::kReduceGrain / plan.chunk);
  ParallelFor(
      *context.threads, plan.num_kept * per_kept, grain,
      [&](int64_t first, int64_t last) {
        Vectorize([&]() MINNOW_INLINE {
          for (int64_t i = first; i < last; ++i) {
            const int64_t kept = i / per_kept;
            const int64_t begin = i % plan.num_chunks * plan.chunk;
            const int64_t n = std::min(plan.chunk, plan.run - begin);
            T* const to = out.data() + begin +
                          plan.Offset(kept, i % per_kept / plan.num_chunks);
            if (plan.run_is_reduced) {
              std::fill_n(
                  to, n,
                  static_cast<T>(static_cast<C>(head.data()[kept]) / divisor));
              continue;
            }
            const T* const from = head.data() + kept * plan.run + begin;
            for (int64_t j = 0; j < n; ++j) {
              to[j] = static_cast<T>(static_cast<C>(from[j]) / divisor);
            }
          }
        });
      });
  return absl::OkStatus();
}

// Of (head, data): the second one is what was reduced.
template <auto prepare>
absl::StatusOr<ReducePlan> PrepareSpread(const Attrs& attrs,
                                         absl::Span<const Shape> shapes) {
  return prepare(attrs, shapes.subspan(1));
}

absl::Status InferSpread(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
  if (!node.input(1).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(
      Shape head, ReducedShape(node.attrs<ReduceAttrs>(), node.input(1)));
  return node.MergeInput(0, head);
}

template <auto prepare>
std::vector<Kernel> SpreadKernels() {
  return KernelsFor(FloatTypes(), []<typename T>() {
    return KernelOf<Spread<T>, PrepareSpread<prepare>>();
  });
}

OpDef SumOp() {
  std::vector<Kernel> kernels =
      ReduceKernels<SumRule, PrepareReduce>(AllTypes());
  for (Kernel& kernel : SparseSumKernels()) {
    kernels.push_back(std::move(kernel));
  }
  return {
      .name = "sum",
      .aliases = {"_sparse_sum", "sum_axis"},
      .doc = R"(out[kept...] = sum of data[kept..., reduced...]
Integers wrap around. A full reduction gives an array of shape (1,).)",
      .attrs = AttrsTypeOf<ReduceAttrs>(),
      .inputs = {"data"},
      .shape = InferReduce,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("_backward_sum", {node.head(0), node.input(0)},
                        node.untyped_attrs())};
      },
      .kernels = std::move(kernels),
  };
}

OpDef MeanOp() {
  return {
      .name = "mean",
      .aliases = {"_sparse_mean"},
      .doc = R"(out[kept...] = sum of data[kept..., reduced...] / their number
A full reduction gives an array of shape (1,).)",
      .attrs = AttrsTypeOf<ReduceAttrs>(),
      .inputs = {"data"},
      .shape = InferReduce,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("_backward_mean", {node.head(0), node.input(0)},
                        node.untyped_attrs())};
      },
      .kernels = ReduceKernels<SumRule, PrepareMean>(NumberTypes()),
  };
}

OpDef SumBackwardOp() {
  return {
      .name = "_backward_sum",
      .doc = "out = head, repeated along the axes that sum reduces in data.",
      .attrs = AttrsTypeOf<ReduceAttrs>(),
      .inputs = {"head", {"data", Access::kUnread}},
      .shape = InferSpread,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("sum", {node.head(0)}, node.untyped_attrs()), Symbol{}};
      },
      .kernels = SpreadKernels<PrepareReduce>(),
  };
}

OpDef MeanBackwardOp() {
  return {
      .name = "_backward_mean",
      .doc =
          "out = head / n, repeated along the axes that mean reduces in "
          "data; n elements of data become one.",
      .attrs = AttrsTypeOf<ReduceAttrs>(),
      .inputs = {"head", {"data", Access::kUnread}},
      .shape = InferSpread,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("mean", {node.head(0)}, node.untyped_attrs()),
                Symbol{}};
      },
      .kernels = SpreadKernels<PrepareMean>(),
  };
}

}  // namespace

namespace op {

Symbol Sum(Symbol data, const ReduceAttrs& attrs, NodeOptions options) {
  return Compose("sum", {data}, attrs, std::move(options));
}

Symbol Mean(Symbol data, const ReduceAttrs& attrs, NodeOptions options) {
  return Compose("mean", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> ReduceOps() {
  return {SumOp(), MeanOp(), SumBackwardOp(), MeanBackwardOp()};
}

}  // namespace minnow
