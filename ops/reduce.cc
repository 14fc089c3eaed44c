#include "minnow/ops/reduce.h"

#include <type_traits>
#include <utility>

#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/reduction_gradient.h"
#include "minnow/ops/sparse_sum.h"

namespace minnow {
namespace {

template <typename T>
struct SumRule {
  using Acc = WrappingType<T>;
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
  ForEachChunk(
      *context.threads, plan,
      [&plan, divisor, heads = head.data(), y = out.data()](
          int64_t place, int64_t n, int64_t result) MINNOW_INLINE {
        T* const to = y + place;
        const T* const from = heads + result;
        if (plan.run_is_reduced) {
          std::fill_n(to, n, static_cast<T>(static_cast<C>(from[0]) / divisor));
          return;
        }
        for (int64_t i = 0; i < n; ++i) {
          to[i] = static_cast<T>(static_cast<C>(from[i]) / divisor);
        }
      });
  return absl::OkStatus();
}

template <auto prepare>
std::vector<Kernel> SpreadKernels() {
  return KernelsFor(FloatTypes(), []<typename T>() {
    return KernelOf<Spread<T>, internal::PrepareReduceBackward<prepare>>();
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
      .shape = InferReduceBackward<ReducedShapeOf>,
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
      .shape = InferReduceBackward<ReducedShapeOf>,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("mean", {node.head(0)}, node.untyped_attrs()),
                Symbol{}};
      },
      .kernels = SpreadKernels<PrepareMean>(),
  };
}

}  // namespace

std::vector<OpDef> ReduceOps() {
  return {SumOp(), MeanOp(), SumBackwardOp(), MeanBackwardOp()};
}

}  // namespace minnow
