// Gradients of reductions: each element of the data gets what a rule makes of
// its head, of itself and of the result that it went into.
//
//   struct MaxGradient {
//     template <typename C>
//     static MINNOW_INLINE C Map(C head, C x, C y) {
//       return x == y ? head : C{0};
//     }
//   };
//
//   ReduceBackwardOp<MaxGradient>("_backward_max", "grad = ...")
#ifndef MINNOW_OPS_REDUCTION_GRADIENT_H_
#define MINNOW_OPS_REDUCTION_GRADIENT_H_

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/reduction.h"

namespace minnow {

// Goes through the array that was reduced: calls f(place, n, result) for n
// elements from `place` on, which all went into `result`, or if runs are kept
// into `result` and those that follow. `f` must be MINNOW_INLINE.
template <typename F>
void ForEachChunk(ThreadPool& threads, const ReducePlan& plan, const F& f) {
  const int64_t per_kept = plan.num_reduced * plan.num_chunks;
  const int64_t grain =
      std::max<int64_t>(1, internal::kReduceGrain / plan.chunk);
  ParallelFor(threads, plan.num_kept * per_kept, grain,
              [&](int64_t first, int64_t last) {
                Vectorize([&]() MINNOW_INLINE {
                  for (int64_t i = first; i < last; ++i) {
                    const int64_t kept = i / per_kept;
                    const int64_t begin = i % plan.num_chunks * plan.chunk;
                    f(begin + plan.Offset(kept, i % per_kept / plan.num_chunks),
                      std::min(plan.chunk, plan.run - begin),
                      plan.run_is_reduced ? kept : kept * plan.run + begin);
                  }
                });
              });
}

namespace internal {

template <typename Rule, typename A, typename T>
absl::Status ReduceBackward(const RunContext& context, const A&,
                            const ReducePlan& plan, Dense<const T> head,
                            Dense<const T> data, Dense<const T> out,
                            Dense<T> grad) {
  using C = ComputeType<T>;
  ForEachChunk(*context.threads, plan,
               [=, &plan, heads = head.data(), x = data.data(), y = out.data(),
                g = grad.data()](int64_t place, int64_t n,
                                 int64_t result) MINNOW_INLINE {
                 const T* const from = x + place;
                 T* const to = g + place;
                 if (plan.run_is_reduced) {
                   const C h = static_cast<C>(heads[result]);
                   const C reduced = static_cast<C>(y[result]);
                   for (int64_t i = 0; i < n; ++i) {
                     to[i] = static_cast<T>(Rule::template Map<C>(
                         h, static_cast<C>(from[i]), reduced));
                   }
                   return;
                 }
                 for (int64_t i = 0; i < n; ++i) {
                   to[i] = static_cast<T>(Rule::template Map<C>(
                       static_cast<C>(heads[result + i]),
                       static_cast<C>(from[i]), static_cast<C>(y[result + i])));
                 }
               });
  return absl::OkStatus();
}

// Of (head, data, out).
template <auto prepare>
absl::StatusOr<ReducePlan> PrepareReduceBackward(
    const Attrs& attrs, absl::Span<const Shape> shapes) {
  return prepare(attrs, shapes.subspan(1));
}

}  // namespace internal

// Of (head, data, ...): the others have the shape that data is reduced to.
template <absl::StatusOr<Shape> (*reduced_shape)(const Attrs& attrs,
                                                 const Shape& data)>
absl::Status InferReduceBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
  if (!node.input(1).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(Shape reduced,
                          reduced_shape(node.untyped_attrs(), node.input(1)));
  for (size_t i = 0; i < node.num_inputs(); ++i) {
    if (i != 1) MINNOW_RETURN_IF_ERROR(node.MergeInput(i, reduced));
  }
  return absl::OkStatus();
}

inline absl::StatusOr<Shape> ReducedShapeOf(const Attrs& attrs,
                                            const Shape& data) {
  return ReducedShape(attrs.As<ReduceAttrs>(), data);
}

template <typename Rule, typename A, auto prepare>
std::vector<Kernel> ReduceBackwardKernels() {
  return KernelsFor(FloatTypes(), []<typename T>() {
    return KernelOf<internal::ReduceBackward<Rule, A, T>,
                    internal::PrepareReduceBackward<prepare>>();
  });
}

// A reduction with ReduceAttrs, whose gradient is the operator `backward`.
template <const char* backward>
inline OpDef ReduceOp(std::string name, std::vector<std::string> aliases,
                      std::string doc, std::vector<Kernel> kernels) {
  return {
      .name = std::move(name),
      .aliases = std::move(aliases),
      .doc = doc + "\nA full reduction gives an array of shape (1,).",
      .attrs = AttrsTypeOf<ReduceAttrs>(),
      .inputs = {"data"},
      .shape = InferReduce,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose(backward, {node.head(0), node.input(0), node.output(0)},
                        node.untyped_attrs())};
      },
      .kernels = std::move(kernels),
  };
}

// That operator.
template <typename Rule>
OpDef ReduceBackwardOp(std::string name, std::string doc) {
  return {
      .name = std::move(name),
      .doc = std::move(doc),
      .attrs = AttrsTypeOf<ReduceAttrs>(),
      .inputs = {"head", "data", "out"},
      .outputs = {"grad"},
      .shape = InferReduceBackward<ReducedShapeOf>,
      .kernels = ReduceBackwardKernels<Rule, ReduceAttrs, PrepareReduce>(),
  };
}

}  // namespace minnow

#endif  // MINNOW_OPS_REDUCTION_GRADIENT_H_
