#include "minnow/ops/rmsprop.h"

#include <cmath>
#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/update_kernels.h"

namespace minnow {
namespace {

template <typename T>
struct RmspropRule {
  using Attrs = RmspropUpdateAttrs;

  explicit RmspropRule(const Attrs& a)
      : clip(a.clip_gradient),
        clip_weight(a.clip_weights),
        rescale(a.rescale_grad),
        lr(a.lr),
        gamma1(a.gamma1),
        epsilon(a.epsilon),
        wd(a.wd) {}

  MINNOW_INLINE T operator()(T w, T grad, T& n) const {
    const T g = clip(rescale * grad + wd * w);
    n = (T{1} - gamma1) * g * g + gamma1 * n;
    return clip_weight(w - lr * g / std::sqrt(n + epsilon));
  }

  Clip<T> clip, clip_weight;
  T rescale, lr, gamma1, epsilon, wd;
};

template <typename T>
struct RmspropalexRule {
  using Attrs = RmspropalexUpdateAttrs;

  explicit RmspropalexRule(const Attrs& a)
      : clip(a.clip_gradient),
        clip_weight(a.clip_weights),
        rescale(a.rescale_grad),
        lr(a.lr),
        gamma1(a.gamma1),
        gamma2(a.gamma2),
        epsilon(a.epsilon),
        wd(a.wd) {}

  MINNOW_INLINE T operator()(T w, T grad, T& n, T& mean, T& delta) const {
    const T g = clip(rescale * grad + wd * w);
    n = (T{1} - gamma1) * g * g + gamma1 * n;
    mean = (T{1} - gamma1) * g + gamma1 * mean;
    delta = gamma2 * delta - lr * g / std::sqrt(n - mean * mean + epsilon);
    return clip_weight(w + delta);
  }

  Clip<T> clip, clip_weight;
  T rescale, lr, gamma1, gamma2, epsilon, wd;
};

OpDef RmspropUpdateOp() {
  return {
      .name = "rmsprop_update",
      .doc = R"(g = clip(rescale_grad * grad + wd * weight, clip_gradient)
n = (1 - gamma1) * g * g + gamma1 * n
out = clip(weight - lr * g / sqrt(n + epsilon), clip_weights))",
      .attrs = AttrsTypeOf<RmspropUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate}, {"grad"}, {"n", Access::kMutate}},
      .shape = SameShape,
      .kernels = DenseUpdateKernels<RmspropRule>(),
  };
}

OpDef RmspropalexUpdateOp() {
  return {
      .name = "rmspropalex_update",
      .doc = R"(h = clip(rescale_grad * grad + wd * weight, clip_gradient)
n = (1 - gamma1) * h * h + gamma1 * n
g = (1 - gamma1) * h + gamma1 * g
delta = gamma2 * delta - lr * h / sqrt(n - g * g + epsilon)
out = clip(weight + delta, clip_weights))",
      .attrs = AttrsTypeOf<RmspropalexUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"n", Access::kMutate},
                 {"g", Access::kMutate},
                 {"delta", Access::kMutate}},
      .shape = SameShape,
      .kernels = DenseUpdateKernels<RmspropalexRule>(),
  };
}

}  // namespace

namespace op {

Symbol RmspropUpdate(Symbol weight, Symbol grad, Symbol n,
                     const RmspropUpdateAttrs& attrs, NodeOptions options) {
  return Compose("rmsprop_update", {weight, grad, n}, attrs,
                 std::move(options));
}

Symbol RmspropalexUpdate(Symbol weight, Symbol grad, Symbol n, Symbol g,
                         Symbol delta, const RmspropalexUpdateAttrs& attrs,
                         NodeOptions options) {
  return Compose("rmspropalex_update", {weight, grad, n, g, delta}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> RmspropOps() {
  return {RmspropUpdateOp(), RmspropalexUpdateOp()};
}

}  // namespace minnow
