#include "minnow/ops/norm.h"

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/reduction_gradient.h"

namespace minnow {
namespace {

// Sums in double: neither squares of float overflow, nor integers.
template <typename C, bool square>
struct NormRule {
  using Acc = double;
  static constexpr Acc kEmpty = 0;

  MINNOW_INLINE Acc Map(C x) const {
    const Acc value = static_cast<Acc>(x);
    return square ? value * value : std::fabs(value);
  }
  MINNOW_INLINE Acc Combine(Acc x, Acc y) const { return x + y; }
};

// Integers are converted to double.
template <bool square>
ReduceLoops NormLoopsOf(DType dtype) {
  if (IsFloating(dtype) && dtype != DType::kFloat64) {
    return LoopsOf<NormRule<float, square>, float, float, double>();
  }
  return LoopsOf<NormRule<double, square>, double, double, double>();
}

void Roots(const ReducePlan&, int64_t n, void* results) {
  double* const x = static_cast<double*>(results);
  for (int64_t i = 0; i < n; ++i) x[i] = std::sqrt(x[i]);
}

ReduceLoops NormLoops(int64_t ord, DType dtype) {
  if (ord == 1) return NormLoopsOf<false>(dtype);
  ReduceLoops loops = NormLoopsOf<true>(dtype);
  loops.finish = Roots;
  return loops;
}

absl::StatusOr<Shape> NormShape(const Attrs& attrs, const Shape& data) {
  const auto& a = attrs.As<NormAttrs>();
  return ReducedShape({.axis = a.axis, .keepdims = a.keepdims}, data);
}

absl::StatusOr<ReducePlan> PrepareNorm(const Attrs& attrs,
                                       absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(
      std::vector<bool> reduced,
      ReducedAxes({.axis = attrs.As<NormAttrs>().axis}, shapes[0].rank()));
  return PlanReduce(shapes[0], reduced);
}

absl::Status Norm(const RunContext& context, const NormAttrs& attrs,
                  const ReducePlan& plan, AnyIn<0> data, AnyOut<1> out) {
  return RunReduce(context, NormLoops(attrs.ord, data.dtype), plan, data, out);
}

bool IsWhole(const Attrs& attrs) {
  const auto& axis = attrs.As<NormAttrs>().axis;
  return !axis.has_value() || axis->empty();
}

// How many values a sparse array stores is known only here: there is a fixed
// number of partial sums.
absl::Status NormOfValues(const RunContext& context, int64_t ord,
                          const AnyConstArray& values, const AnyArray& out) {
  constexpr int64_t kParts = 64;
  double partial[kParts] = {};
  const int64_t n = values.size;
  const int64_t part = std::max<int64_t>((n + kParts - 1) / kParts, 4096);
  const ReduceLoops loops = NormLoops(ord, values.dtype);
  ParallelFor(*context.threads, n, part, [&](int64_t begin, int64_t end) {
    ReducePlan plan;
    plan.run_is_reduced = true;
    plan.run = plan.chunk = end - begin;
    // Even few elements are not summed in order.
    plan.count = std::max(plan.run, internal::kLanes);
    loops.tasks(plan, SourceOf(values, begin, loops), 0, 1,
                &partial[begin / part]);
  });
  double total = 0;
  for (double p : partial) total += p;
  if (ord == 2) total = std::sqrt(total);
  ConvertElements(DType::kFloat64, &total, out.dtype, out.data, 1);
  return absl::OkStatus();
}

template <template <typename> class View, typename T>
absl::Status SparseNorm(const RunContext& context, const NormAttrs& attrs,
                        View<const T> data, Dense<T> out) {
  return NormOfValues(context, attrs.ord,
                      {DTypeOf<T>, data.values.data(),
                       static_cast<int64_t>(data.values.size()), data.dims},
                      {DTypeOf<T>, out.data(), out.size(), out.dims});
}

struct NormGradient1 {
  template <typename C>
  static MINNOW_INLINE C Map(C head, C x, C) {
    return x > 0 ? head : x < 0 ? -head : C{0};
  }
};

struct NormGradient2 {
  template <typename C>
  static MINNOW_INLINE C Map(C head, C x, C y) {
    return head * (x / y);
  }
};

template <int64_t ord>
bool HasOrd(const Attrs& attrs) {
  return attrs.As<NormAttrs>().ord == ord;
}

std::vector<Kernel> NormKernels() {
  return Joined(
      {AnyKernels<Norm, PrepareNorm>(NumberTypes(), NumberTypes()),
       KernelsWhen(IsWhole, KernelsFor(NumberTypes(),
                                       []<typename T>() {
                                         return KernelOf<SparseNorm<Csr, T>>();
                                       })),
       KernelsWhen(IsWhole, KernelsFor(NumberTypes(), []<typename T>() {
                     return KernelOf<SparseNorm<RowSparse, T>>();
                   }))});
}

std::vector<Kernel> BackwardKernels() {
  return Joined(
      {ReduceBackwardKernels<NormGradient1, NormAttrs, PrepareNorm>(HasOrd<1>),
       ReduceBackwardKernels<NormGradient2, NormAttrs, PrepareNorm>(
           HasOrd<2>)});
}

absl::Status InferNorm(ShapeInference& node) {
  const int64_t ord = node.attrs<NormAttrs>().ord;
  if (ord != 1 && ord != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'ord': expected 1 or 2, found ", ord));
  }
  if (!node.input(0).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(Shape out,
                          NormShape(node.untyped_attrs(), node.input(0)));
  return node.MergeOutput(0, out);
}

OpDef NormOp() {
  return {
      .name = "norm",
      .aliases = {"_sparse_norm"},
      .doc = R"(out[kept...] = sqrt(sum of data[kept..., reduced...]^2)
With ord = 1 the sum of magnitudes. A full reduction gives an array of shape
(1,). The gradient of the root is NaN where the norm is 0.)",
      .attrs = AttrsTypeOf<NormAttrs>(),
      .inputs = {"data"},
      .shape = InferNorm,
      .dtype = [](DTypeInference& node) -> absl::Status {
        const auto dtype = node.attrs<NormAttrs>().out_dtype;
        if (dtype.has_value()) return node.MergeOutput(0, dtype);
        return SameDType(node);
      },
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("_backward_norm",
                        {node.head(0), node.input(0), node.output(0)},
                        node.untyped_attrs())};
      },
      .kernels = NormKernels(),
  };
}

OpDef NormBackwardOp() {
  return {
      .name = "_backward_norm",
      .doc = "grad = head * data / out, or head * sign(data) with ord = 1",
      .attrs = AttrsTypeOf<NormAttrs>(),
      .inputs = {"head", "data", "out"},
      .outputs = {"grad"},
      .shape = InferReduceBackward<NormShape>,
      .kernels = BackwardKernels(),
  };
}

}  // namespace

namespace op {

Symbol Norm(Symbol data, const NormAttrs& attrs, NodeOptions options) {
  return Compose("norm", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> NormOps() { return {NormOp(), NormBackwardOp()}; }

}  // namespace minnow
