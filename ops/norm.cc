#include "minnow/ops/norm.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/reduction_gradient.h"

namespace minnow {
namespace {

// Sums in double: neither squares of float overflow, nor integers.
template <typename T, bool square>
struct NormRule {
  using Acc = double;
  static constexpr Acc kEmpty = 0;

  MINNOW_INLINE Acc Map(T x) const {
    const Acc value = static_cast<Acc>(static_cast<ComputeType<T>>(x));
    return square ? value * value : std::fabs(value);
  }
  MINNOW_INLINE Acc Combine(Acc x, Acc y) const { return x + y; }
};

absl::StatusOr<Shape> NormShape(const Attrs& attrs, const Shape& data) {
  const auto& a = attrs.As<NormAttrs>();
  return ReducedShape({.axis = a.axis, .keepdims = a.keepdims}, data);
}

absl::StatusOr<ReducePlan> PrepareNorm(const Attrs& attrs,
                                       absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(
      std::vector<bool> reduced,
      ReducedAxes({.axis = attrs.As<NormAttrs>().axis}, shapes[0].rank()));
  ReducePlan plan = PlanReduce(shapes[0], reduced);
  plan.workspace_bytes = plan.num_outputs * plan.num_segments *
                         static_cast<int64_t>(sizeof(double));
  return plan;
}

template <typename T, bool square>
void SumInto(ThreadPool& threads, const ReducePlan& plan, const T* x,
             double* sums) {
  const NormRule<T, square> rule;
  internal::ReduceSegments(
      threads, rule, plan, x,
      [&](int64_t output, int64_t segment, double value)
          MINNOW_INLINE { sums[segment * plan.num_outputs + output] = value; });
  internal::CombineSegments(threads, rule, plan, sums);
}

template <typename T>
absl::Span<const double> Norms(const RunContext& context, int64_t ord,
                               const ReducePlan& plan, const T* x) {
  double* const sums = reinterpret_cast<double*>(context.workspace.data());
  if (ord == 1) {
    SumInto<T, false>(*context.threads, plan, x, sums);
  } else {
    SumInto<T, true>(*context.threads, plan, x, sums);
    for (int64_t i = 0; i < plan.num_outputs; ++i) sums[i] = std::sqrt(sums[i]);
  }
  return {sums, static_cast<size_t>(plan.num_outputs)};
}

template <typename T, typename Out>
absl::Status Norm(const RunContext& context, const NormAttrs& attrs,
                  const ReducePlan& plan, Dense<const T> data, Dense<Out> out) {
  const auto norms = Norms(context, attrs.ord, plan, data.data());
  ConvertElements(norms.data(), out.data(), out.size());
  return absl::OkStatus();
}

bool IsWhole(const Attrs& attrs) {
  const auto& axis = attrs.As<NormAttrs>().axis;
  return !axis.has_value() || axis->empty();
}

// How many values a sparse array stores is known only here: there is a fixed
// number of partial sums.
template <template <typename> class View, typename T>
absl::Status SparseNorm(const RunContext& context, const NormAttrs& attrs,
                        View<const T> data, Dense<T> out) {
  constexpr int64_t kParts = 64;
  double partial[kParts] = {};
  const int64_t n = static_cast<int64_t>(data.values.size());
  const int64_t part = std::max<int64_t>((n + kParts - 1) / kParts, 4096);
  const auto sum = [&](const auto& rule) {
    using internal::kLanes;
    ParallelFor(*context.threads, n, part, [&](int64_t begin, int64_t end) {
      Vectorize([&]() MINNOW_INLINE {
        double lanes[kLanes] = {};
        internal::AddToLanes(rule, data.values.data() + begin, end - begin,
                             +lanes);
        partial[begin / part] = internal::CombineLanes(rule, +lanes);
      });
    });
  };
  attrs.ord == 1 ? sum(NormRule<T, false>()) : sum(NormRule<T, true>());
  double total = 0;
  for (double p : partial) total += p;
  if (attrs.ord == 2) total = std::sqrt(total);
  ConvertElements(&total, out.data(), 1);
  return absl::OkStatus();
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
  std::vector<Kernel> kernels;
  const auto add = [&]<typename T, typename... Out>(Types<Out...>) {
    (kernels.push_back(KernelOf<Norm<T, Out>, PrepareNorm>()), ...);
  };
  [&]<typename... T>(Types<T...>) {
    (add.template operator()<T>(NumberTypes()), ...);
    (kernels.push_back(KernelOf<SparseNorm<Csr, T>>().When(IsWhole)), ...);
    (kernels.push_back(KernelOf<SparseNorm<RowSparse, T>>().When(IsWhole)),
     ...);
  }(NumberTypes());
  return kernels;
}

std::vector<Kernel> BackwardKernels() {
  std::vector<Kernel> kernels;
  for (Kernel& kernel :
       ReduceBackwardKernels<NormGradient1, NormAttrs, PrepareNorm>()) {
    kernels.push_back(std::move(kernel).When(HasOrd<1>));
  }
  for (Kernel& kernel :
       ReduceBackwardKernels<NormGradient2, NormAttrs, PrepareNorm>()) {
    kernels.push_back(std::move(kernel).When(HasOrd<2>));
  }
  return kernels;
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
