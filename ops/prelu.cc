#include "minnow/ops/prelu.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "minnow/core/round_up.h"
#include "minnow/core/status.h"
#include "minnow/ops/broadcast.h"
#include "minnow/ops/compute_bytes.h"
#include "minnow/ops/leaky_functions.h"
#include "minnow/ops/leaky_relu.h"
#include "minnow/ops/reduction.h"

namespace minnow {
namespace {

// The axes of data that gamma may have.
size_t NumGammaAxes(const Shape& data) {
  return std::min<size_t>(data.rank(), 2);
}

// Gamma with as many axes as data: its last one stands at axis 1.
// REQUIRES: gamma has no more axes than NumGammaAxes().
Shape GammaOverData(const Shape& gamma, const Shape& data) {
  Shape over = Shape::Scalar();
  const size_t end = NumGammaAxes(data);
  for (size_t i = 0; i < data.rank(); ++i) {
    const bool has_it = i < end && i + gamma.rank() >= end;
    over.push_back(has_it ? gamma[i + gamma.rank() - end] : 1);
  }
  return over;
}

// How data meets gamma.
absl::StatusOr<BroadcastPlan> PreparePrelu(const Attrs&,
                                           absl::Span<const Shape> shapes) {
  return PlanBroadcast(shapes[0], GammaOverData(shapes[1], shapes[0]),
                       shapes[0]);
}

// Of (head, data, gamma, grad).
absl::StatusOr<BroadcastPlan> PreparePreluBackward(
    const Attrs& attrs, absl::Span<const Shape> shapes) {
  return PreparePrelu(attrs, shapes.subspan(1));
}

template <typename T>
absl::Status RunPrelu(const RunContext& context, const BroadcastPlan& plan,
                      Dense<const T> y, Dense<const T> data,
                      Dense<const T> gamma, Dense<T> out) {
  const int64_t cols = plan.cols();
  const bool one_slope = plan.rhs_strides.back() == 0;
  // Blocks of elements, not of rows: where gamma has the shape of data there is
  // one row.
  ParallelFor(*context.threads, data.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                while (begin < end) {
                  const int64_t row = begin / cols;
                  const int64_t col = begin % cols;
                  const int64_t n = std::min(cols - col, end - begin);
                  const T* const slopes =
                      gamma.data() + plan.RowOffsets(row).rhs;
                  ScaleBelow(data.data() + begin, y.data() + begin,
                             one_slope ? slopes : slopes + col, one_slope, n,
                             out.data() + begin);
                  begin += n;
                }
              });
  return absl::OkStatus();
}

template <typename T>
absl::Status Prelu(const RunContext& context, const LeakyReluAttrs&,
                   const BroadcastPlan& plan, Dense<const T> data,
                   Dense<const T> gamma, Dense<T> out) {
  return RunPrelu(context, plan, data, data, gamma, out);
}

template <typename T>
absl::Status PreluBackward(const RunContext& context, const LeakyReluAttrs&,
                           const BroadcastPlan& plan, Dense<const T> head,
                           Dense<const T> data, Dense<const T> gamma,
                           Dense<T> grad) {
  return RunPrelu(context, plan, head, data, gamma, grad);
}

// The gradient of gamma is a sum of products, which are not rounded before.
struct GammaPlan {
  ReducePlan sum;
  int64_t product_bytes;
  int64_t workspace_bytes;
};

absl::StatusOr<GammaPlan> PrepareGamma(const Attrs&,
                                       absl::Span<const Shape> shapes,
                                       const ArgTypes& types) {
  const Shape& data = shapes[1];
  const Shape over = GammaOverData(shapes[2], data);
  std::vector<bool> is_reduced;
  for (size_t i = 0; i < data.rank(); ++i) {
    is_reduced.push_back(over[i] != data[i]);
  }
  GammaPlan plan = {.sum = PlanReduce(data, is_reduced),
                    .product_bytes = 0,
                    .workspace_bytes = 0};
  plan.product_bytes =
      RoundUp(data.num_elements() * ComputeBytes(types[0].dtype), 64);
  plan.workspace_bytes = plan.product_bytes + plan.sum.workspace_bytes;
  return plan;
}

template <typename T>
absl::Status PreluGamma(const RunContext& context, const LeakyReluAttrs&,
                        const GammaPlan& plan, Dense<const T> head,
                        Dense<const T> data, Dense<const T>, Dense<T> grad) {
  using C = ComputeType<T>;
  C* const products = reinterpret_cast<C*>(context.workspace.data());
  ParallelFor(
      *context.threads, data.size(), kElementwiseGrain,
      [&](int64_t begin, int64_t end) {
        Vectorize([=, h = head.data(), x = data.data()]() MINNOW_INLINE {
          for (int64_t i = begin; i < end; ++i) {
            const C value = static_cast<C>(x[i]);
            products[i] = static_cast<C>(h[i]) * (value > 0 ? C{0} : value);
          }
        });
      });
  RunContext sum_context = context;
  sum_context.workspace =
      context.workspace.subspan(static_cast<size_t>(plan.product_bytes));
  return RunReduce(sum_context, SumLoops(DTypeOf<C>), plan.sum,
                   {DTypeOf<C>, products, data.size(), data.dims},
                   {DTypeOf<T>, grad.data(), grad.size(), grad.dims});
}

}  // namespace

bool IsPrelu(const Attrs& attrs) {
  return attrs.As<LeakyReluAttrs>().act_type == LeakyReluType::kPrelu;
}

absl::Status InferGamma(ShapeInference& node, size_t data_input,
                        size_t gamma_input) {
  const Shape& data = node.input(data_input);
  if (!data.known_rank()) return absl::OkStatus();
  const size_t end = NumGammaAxes(data);
  if (end == 0) {
    return node.InputError(data_input, "one dimension or more");
  }
  if (!node.input(gamma_input).known_rank()) {
    return node.MergeInput(gamma_input, {end == 2 ? data[1] : 1});
  }
  const Shape& gamma = node.input(gamma_input);
  bool fits = gamma.rank() <= end;
  Shape slopes = gamma;
  for (size_t k = 1; fits && k <= gamma.rank(); ++k) {
    const size_t axis = gamma.rank() - k;
    const int64_t size = data[end - k];
    if (slopes[axis] == Shape::kUnknown) slopes.set(axis, size);
    fits = slopes[axis] == 1 || slopes[axis] == size || size == Shape::kUnknown;
  }
  if (fits) return node.MergeInput(gamma_input, slopes);
  return node.InputError(
      gamma_input,
      absl::StrCat("a shape that broadcasts to the first ", end,
                   end == 1 ? " axis" : " axes", " of ", data.ToString()));
}

std::vector<Kernel> PreluKernels() {
  return KernelsWhen(IsPrelu, KernelsFor(FloatTypes(), []<typename T>() {
                       return KernelOf<Prelu<T>, PreparePrelu>();
                     }));
}

std::vector<Kernel> PreluBackwardKernels() {
  return KernelsWhen(
      IsPrelu, KernelsFor(FloatTypes(), []<typename T>() {
        return KernelOf<PreluBackward<T>, PreparePreluBackward>();
      }));
}

std::vector<Kernel> PreluGammaKernels() {
  return KernelsFor(FloatTypes(), []<typename T>() {
    return KernelOf<PreluGamma<T>, PrepareGamma>();
  });
}

}  // namespace minnow
