#include "minnow/ops/lamb.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/update.h"

namespace minnow {
namespace {

template <typename T>
absl::Status Phase1(const RunContext& context,
                    const LambUpdatePhase1Attrs& attrs, Dense<const T> weight,
                    Dense<const T> grad, Dense<T> mean, Dense<T> var,
                    Dense<T> out) {
  using C = ComputeType<T>;
  const ScaleAndClip<C> scaled(attrs.rescale_grad, attrs.clip_gradient);
  const C beta1(attrs.beta1), beta2(attrs.beta2), epsilon(attrs.epsilon),
      wd(attrs.wd);
  const bool corrected = attrs.bias_correction;
  const C mean_part = corrected ? OneMinusPower<C>(beta1, attrs.t) : C{1};
  const C var_part = corrected ? OneMinusPower<C>(beta2, attrs.t) : C{1};
  ParallelFor(*context.threads, out.size(), kUpdateGrain,
              [&](int64_t begin, int64_t end) {
                Vectorize([=]() MINNOW_INLINE {
                  for (int64_t i = begin; i < end; ++i) {
                    const C g = scaled(static_cast<C>(grad.data()[i]));
                    const C m = beta1 * static_cast<C>(mean.data()[i]) +
                                (C{1} - beta1) * g;
                    const C v = beta2 * static_cast<C>(var.data()[i]) +
                                (C{1} - beta2) * g * g;
                    mean.data()[i] = static_cast<T>(m);
                    var.data()[i] = static_cast<T>(v);
                    out.data()[i] = static_cast<T>(
                        m / mean_part / (std::sqrt(v / var_part) + epsilon) +
                        wd * static_cast<C>(weight.data()[i]));
                  }
                });
              });
  return absl::OkStatus();
}

template <typename T>
absl::Status Phase2(const RunContext& context,
                    const LambUpdatePhase2Attrs& attrs, Dense<T> weight,
                    Dense<const T> g, Dense<const T> r1, Dense<const T> r2) {
  using C = ComputeType<T>;
  C norm = static_cast<C>(r1.data()[0]);
  const C norm_of_g = static_cast<C>(r2.data()[0]);
  if (attrs.lower_bound >= 0) norm = std::max<C>(norm, attrs.lower_bound);
  if (attrs.upper_bound >= 0) norm = std::min<C>(norm, attrs.upper_bound);
  const C lr = norm == 0 || norm_of_g == 0 ? C(attrs.lr)
                                           : C(attrs.lr) * norm / norm_of_g;
  ParallelFor(*context.threads, weight.size(), kUpdateGrain,
              [&](int64_t begin, int64_t end) {
                Vectorize([=]() MINNOW_INLINE {
                  for (int64_t i = begin; i < end; ++i) {
                    weight.data()[i] =
                        static_cast<T>(static_cast<C>(weight.data()[i]) -
                                       lr * static_cast<C>(g.data()[i]));
                  }
                });
              });
  return absl::OkStatus();
}

OpDef LambUpdatePhase1Op() {
  return {
      .name = "lamb_update_phase1",
      .doc = R"(g = clip(rescale_grad * grad, clip_gradient)
mean = beta1 * mean + (1 - beta1) * g
var = beta2 * var + (1 - beta2) * g * g
out = mean / (1 - beta1^t) / (sqrt(var / (1 - beta2^t)) + epsilon) + wd * weight)",
      .attrs = AttrsTypeOf<LambUpdatePhase1Attrs>(),
      .inputs = {{"weight"},
                 {"grad"},
                 {"mean", Access::kMutate},
                 {"var", Access::kMutate}},
      .shape = SameShape,
      .kernels = KernelsFor(FloatTypes(),
                            []<typename T>() { return KernelOf<Phase1<T>>(); }),
  };
}

OpDef LambUpdatePhase2Op() {
  return {
      .name = "lamb_update_phase2",
      .doc = R"(r = min(max(r1, lower_bound), upper_bound)
out = weight - lr * r / r2 * g; without r / r2 if one of them is 0)",
      .attrs = AttrsTypeOf<LambUpdatePhase2Attrs>(),
      .inputs = {{"weight", Access::kUpdate}, {"g"}, {"r1"}, {"r2"}},
      .shape = [](ShapeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(node.MergeInput(2, {1}));
        MINNOW_RETURN_IF_ERROR(node.MergeInput(3, {1}));
        MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(1)));
        MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
        MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.input(0)));
        return node.MergeOutput(0, node.input(0));
      },
      .kernels = KernelsFor(FloatTypes(),
                            []<typename T>() { return KernelOf<Phase2<T>>(); }),
  };
}

}  // namespace

namespace op {

Symbol LambUpdatePhase1(Symbol weight, Symbol grad, Symbol mean, Symbol var,
                        const LambUpdatePhase1Attrs& attrs,
                        NodeOptions options) {
  return Compose("lamb_update_phase1", {weight, grad, mean, var}, attrs,
                 std::move(options));
}

Symbol LambUpdatePhase2(Symbol weight, Symbol g, Symbol r1, Symbol r2,
                        const LambUpdatePhase2Attrs& attrs,
                        NodeOptions options) {
  return Compose("lamb_update_phase2", {weight, g, r1, r2}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> LambOps() {
  return {LambUpdatePhase1Op(), LambUpdatePhase2Op()};
}

}  // namespace minnow
