#include "minnow/ops/adam.h"

#include <cmath>
#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/update_kernels.h"

namespace minnow {
namespace {

template <typename T>
struct AdamRule {
  using Attrs = AdamUpdateAttrs;

  explicit AdamRule(const Attrs& a)
      : clip(a.clip_gradient),
        rescale(a.rescale_grad),
        lr(a.lr),
        beta1(a.beta1),
        beta2(a.beta2),
        epsilon(a.epsilon),
        wd(a.wd) {}

  MINNOW_INLINE T operator()(T w, T grad, T& mean, T& var) const {
    const T g = clip(rescale * grad + wd * w);
    mean = beta1 * mean + (T{1} - beta1) * g;
    var = beta2 * var + (T{1} - beta2) * g * g;
    return w - lr * mean / (std::sqrt(var) + epsilon);
  }

  Clip<T> clip;
  T rescale, lr, beta1, beta2, epsilon, wd;
};

OpDef AdamUpdateOp() {
  return {
      .name = "adam_update",
      .aliases = {"_sparse_adam_update"},
      .doc = R"(g = clip(rescale_grad * grad + wd * weight, clip_gradient)
mean = beta1 * mean + (1 - beta1) * g
var = beta2 * var + (1 - beta2) * g * g
out = weight - lr * mean / (sqrt(var) + epsilon))",
      .attrs = AttrsTypeOf<AdamUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"mean", Access::kMutate},
                 {"var", Access::kMutate}},
      .shape = SameShape,
      .kernels = UpdateKernels<AdamRule>(),
  };
}

}  // namespace

namespace op {

Symbol AdamUpdate(Symbol weight, Symbol grad, Symbol mean, Symbol var,
                  const AdamUpdateAttrs& attrs, NodeOptions options) {
  return Compose("adam_update", {weight, grad, mean, var}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> AdamOps() { return {AdamUpdateOp()}; }

}  // namespace minnow
