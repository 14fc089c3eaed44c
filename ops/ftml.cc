#include "minnow/ops/ftml.h"

#include <cmath>
#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/update_kernels.h"

namespace minnow {
namespace {

template <typename T>
struct FtmlRule {
  using Attrs = FtmlUpdateAttrs;

  explicit FtmlRule(const Attrs& a)
      : clip(a.clip_grad),
        rescale(a.rescale_grad),
        lr(a.lr),
        beta1(a.beta1),
        beta2(a.beta2),
        correction1(OneMinusPower<T>(a.beta1, a.t)),
        correction2(OneMinusPower<T>(a.beta2, a.t)),
        epsilon(static_cast<T>(a.epsilon)),
        wd(a.wd) {}

  MINNOW_INLINE T operator()(T w, T grad, T& d, T& v, T& z) const {
    const T g = clip(rescale * grad + wd * w);
    v = beta2 * v + (T{1} - beta2) * g * g;
    const T next = correction1 / lr * (std::sqrt(v / correction2) + epsilon);
    z = beta1 * z + (T{1} - beta1) * g - (next - beta1 * d) * w;
    d = next;
    return -z / d;
  }

  Clip<T> clip;
  T rescale, lr, beta1, beta2, correction1, correction2, epsilon, wd;
};

OpDef FtmlUpdateOp() {
  return {
      .name = "ftml_update",
      .doc = R"(g = clip(rescale_grad * grad + wd * weight, clip_grad)
v = beta2 * v + (1 - beta2) * g * g
d' = (1 - beta1^t) / lr * (sqrt(v / (1 - beta2^t)) + epsilon)
z = beta1 * z + (1 - beta1) * g - (d' - beta1 * d) * weight
d = d'
out = -z / d)",
      .attrs = AttrsTypeOf<FtmlUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"d", Access::kMutate},
                 {"v", Access::kMutate},
                 {"z", Access::kMutate}},
      .shape = SameShape,
      .kernels = DenseUpdateKernels<FtmlRule>(),
  };
}

}  // namespace

namespace op {

Symbol FtmlUpdate(Symbol weight, Symbol grad, Symbol d, Symbol v, Symbol z,
                  const FtmlUpdateAttrs& attrs, NodeOptions options) {
  return Compose("ftml_update", {weight, grad, d, v, z}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> FtmlOps() { return {FtmlUpdateOp()}; }

}  // namespace minnow
