#include "minnow/ops/reduce.h"

#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/reduction_gradient.h"
#include "minnow/ops/sparse_sum.h"

namespace minnow {
namespace {

template <typename C>
struct SumRule {
  using Acc = C;
  static constexpr Acc kEmpty = 0;

  MINNOW_INLINE Acc Map(C x) const { return x; }
  MINNOW_INLINE Acc Combine(Acc x, Acc y) const {
    return static_cast<Acc>(x + y);
  }
};

template <typename C>
void DivideByCount(const ReducePlan& plan, int64_t n, void* results) {
  C* const x = static_cast<C*>(results);
  if constexpr (std::is_integral_v<C>) {
    for (int64_t i = 0; i < n; ++i) {
      x[i] = plan.divisor == 0 ? C{0} : static_cast<C>(x[i] / plan.divisor);
    }
  } else {
    Vectorize([n, x, divisor = static_cast<C>(plan.divisor)]() MINNOW_INLINE {
      for (int64_t i = 0; i < n; ++i) x[i] /= divisor;
    });
  }
}

ReduceLoops MeanLoops(DType dtype) {
  ReduceLoops loops = SumLoops(dtype);
  loops.finish = VisitDType(
      dtype, []<typename T>() { return &DivideByCount<ComputeType<T>>; });
  return loops;
}

absl::StatusOr<ReducePlan> PrepareMean(const Attrs& attrs,
                                       absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(ReducePlan plan, PrepareReduce(attrs, shapes));
  // The mean of no number is NaN, or 0 for integers.
  plan.divisor = plan.count;
  return plan;
}

// out = head, repeated along the reduced axes, over the divisor. Of the second
// argument only the shape matters.
absl::Status Spread(const RunContext& context, const ReduceAttrs&,
                    const ReducePlan& plan, AnyIn<0> head, AnyIn<0>,
                    AnyOut<0> out) {
  AnyConstArray from = head;
  if (plan.divisor != 1) {
    std::byte* const quotients = context.workspace.data();
    ParallelFor(*context.threads, head.size, internal::kReduceGrain,
                [&](int64_t begin, int64_t end) {
                  VisitDType(head.dtype, [&]<typename T>() {
                    if constexpr (!std::is_integral_v<T>) {
                      using C = ComputeType<T>;
                      T* const to = reinterpret_cast<T*>(quotients);
                      for (int64_t i = begin; i < end; ++i) {
                        to[i] = static_cast<T>(static_cast<C>(head.as<T>()[i]) /
                                               static_cast<C>(plan.divisor));
                      }
                    }
                  });
                });
    from.data = quotients;
  }
  const int64_t per_kept = plan.num_reduced * plan.num_chunks;
  const int64_t grain =
      std::max<int64_t>(1, internal::kReduceGrain / plan.chunk);
  ParallelFor(
      *context.threads, plan.num_kept * per_kept, grain,
      [&](int64_t begin, int64_t end) {
        VisitSize(head.element_size(), [&]<typename U>() {
          Vectorize([&]() MINNOW_INLINE {
            for (int64_t i = begin; i < end; ++i) {
              const int64_t kept = i / per_kept;
              const int64_t column = i % plan.num_chunks * plan.chunk;
              const int64_t n = std::min(plan.chunk, plan.run - column);
              U* const to = out.as<U>() + column +
                            plan.Offset(kept, i % per_kept / plan.num_chunks);
              if (plan.run_is_reduced) {
                std::fill_n(to, n, from.as<U>()[kept]);
              } else {
                std::copy_n(from.as<U>() + kept * plan.run + column, n, to);
              }
            }
          });
        });
      });
  return absl::OkStatus();
}

// Of (head, data, out), with memory for what is divided.
template <auto prepare>
absl::StatusOr<ReducePlan> PrepareSpread(const Attrs& attrs,
                                         absl::Span<const Shape> shapes,
                                         const ArgTypes& types) {
  MINNOW_ASSIGN_OR_RETURN(ReducePlan plan, prepare(attrs, shapes.subspan(1)));
  plan.workspace_bytes =
      plan.divisor == 1
          ? 0
          : plan.num_outputs * static_cast<int64_t>(DTypeSize(types[0].dtype));
  return plan;
}

template <auto prepare>
std::vector<Kernel> SpreadKernels() {
  return AnyKernels<Spread, PrepareSpread<prepare>>(FloatTypes());
}

OpDef SumOp() {
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
      .kernels = Joined({ReduceKernels<SumLoops, PrepareReduce>(AllTypes()),
                         SparseSumKernels()}),
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
      .kernels = ReduceKernels<MeanLoops, PrepareMean>(NumberTypes()),
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

ReduceLoops SumLoops(DType dtype) {
  // Of bools: whether one is true.
  return dtype == DType::kBool ? MaxLoops(dtype)
                               : WrappingLoopsFor<SumRule>(dtype);
}

std::vector<OpDef> ReduceOps() {
  return {SumOp(), MeanOp(), SumBackwardOp(), MeanBackwardOp()};
}

}  // namespace minnow
