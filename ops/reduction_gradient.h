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

// The loop of a rule: makes the gradient of the chunks [begin, end), of
// elements of a floating type. A chunk is numbered by its place among the
// outputs, then among what is reduced to them.
struct ReduceGradientArgs {
  internal::ReduceSource x;
  // Of the type of the loop, by output.
  const void* heads;
  const void* results;
  // As x.
  std::byte* grad;
};
using ReduceGradientLoop = void (*)(const ReducePlan& plan,
                                    const ReduceGradientArgs& args,
                                    int64_t begin, int64_t end);

// Runs it, for float or double. Elements of 16 bits are computed with as float.
absl::Status RunReduceGradient(const RunContext& context,
                               const ReducePlan& plan, ReduceGradientLoop loop,
                               const AnyConstArray& head,
                               const AnyConstArray& data,
                               const AnyConstArray& out, const AnyArray& grad);

namespace internal {

template <typename Rule, typename C>
void ReduceGradientChunks(const ReducePlan& plan,
                          const ReduceGradientArgs& args, int64_t begin,
                          int64_t end) {
  Vectorize([=, &plan, &args]() MINNOW_INLINE {
    const C* const heads = static_cast<const C*>(args.heads);
    const C* const results = static_cast<const C*>(args.results);
    const int64_t per_kept = plan.num_reduced * plan.num_chunks;
    C tile[kMaxColumns];
    for (int64_t task = begin; task < end; ++task) {
      const int64_t kept = task / per_kept;
      const int64_t column = task % plan.num_chunks * plan.chunk;
      const int64_t place =
          column + plan.Offset(kept, task % per_kept / plan.num_chunks);
      const int64_t size = std::min(plan.chunk, plan.run - column);
      for (int64_t at = 0; at < size; at += kMaxColumns) {
        const int64_t n = std::min(kMaxColumns, size - at);
        const C* const x = args.x.Load(place + at, n, +tile);
        std::byte* const grad =
            args.grad + (place + at - args.x.first) * args.x.element_size;
        C* const g = args.x.converts() ? tile : reinterpret_cast<C*>(grad);
        if (plan.run_is_reduced) {
          const C head = heads[kept];
          const C result = results[kept];
          for (int64_t i = 0; i < n; ++i) {
            g[i] = Rule::template Map<C>(head, x[i], result);
          }
        } else {
          const C* const head = heads + kept * plan.run + column + at;
          const C* const result = results + kept * plan.run + column + at;
          for (int64_t i = 0; i < n; ++i) {
            g[i] = Rule::template Map<C>(head[i], x[i], result[i]);
          }
        }
        if (args.x.converts()) {
          ConvertElements(args.x.to, g, args.x.dtype, grad, n);
        }
      }
    }
  });
}

template <typename Rule, typename A>
absl::Status ReduceBackward(const RunContext& context, const A&,
                            const ReducePlan& plan, AnyIn<0> head,
                            AnyIn<0> data, AnyIn<0> out, AnyOut<0> grad) {
  return RunReduceGradient(context, plan,
                           data.dtype == DType::kFloat64
                               ? ReduceGradientChunks<Rule, double>
                               : ReduceGradientChunks<Rule, float>,
                           head, data, out, grad);
}

// Room for heads and results as float.
inline void AddGradientWorkspace(DType dtype, ReducePlan& plan) {
  plan.workspace_bytes =
      DTypeSize(dtype) == 2
          ? 2 * plan.num_outputs * static_cast<int64_t>(sizeof(float))
          : 0;
}

// Of (head, data, out).
template <auto prepare>
absl::StatusOr<ReducePlan> PrepareReduceBackward(const Attrs& attrs,
                                                 absl::Span<const Shape> shapes,
                                                 const ArgTypes& types) {
  MINNOW_ASSIGN_OR_RETURN(ReducePlan plan, prepare(attrs, shapes.subspan(1)));
  AddGradientWorkspace(types[0].dtype, plan);
  return plan;
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
std::vector<Kernel> ReduceBackwardKernels(
    bool (*when)(const Attrs& attrs) = nullptr) {
  return AnyKernels<internal::ReduceBackward<Rule, A>,
                    internal::PrepareReduceBackward<prepare>>(FloatTypes(),
                                                              when);
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
