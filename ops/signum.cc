#include "minnow/ops/signum.h"

#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/update_kernels.h"

namespace minnow {
namespace {

template <typename T>
struct SignsgdRule {
  using Attrs = SignsgdUpdateAttrs;

  explicit SignsgdRule(const Attrs& a) : lr(a.lr), wd(a.wd) {}

  MINNOW_INLINE T operator()(T w, T grad) const {
    return (T{1} - lr * wd) * w - lr * SignOf(grad);
  }

  T lr, wd;
};

template <typename T>
struct SignumRule {
  using Attrs = SignumUpdateAttrs;

  explicit SignumRule(const Attrs& a)
      : scaled(a.rescale_grad, a.clip_gradient),
        lr(a.lr),
        momentum(a.momentum),
        wd(a.wd),
        wd_lh(a.wd_lh) {}

  MINNOW_INLINE T operator()(T w, T grad, T& mom) const {
    mom = momentum * mom - (T{1} - momentum) * (wd * w + scaled(grad));
    return (T{1} - lr * wd_lh) * w + lr * SignOf(mom);
  }

  ScaleAndClip<T> scaled;
  T lr, momentum, wd, wd_lh;
};

OpDef SignsgdUpdateOp() {
  return {
      .name = "signsgd_update",
      .doc = "out = (1 - lr * wd) * weight - lr * sign(grad)",
      .attrs = AttrsTypeOf<SignsgdUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate}, {"grad"}},
      .shape = SameShape,
      .kernels = DenseUpdateKernels<SignsgdRule>(),
  };
}

OpDef SignumUpdateOp() {
  return {
      .name = "signum_update",
      .doc = R"(g = clip(rescale_grad * grad, clip_gradient)
mom = momentum * mom - (1 - momentum) * (wd * weight + g)
out = (1 - lr * wd_lh) * weight + lr * sign(mom))",
      .attrs = AttrsTypeOf<SignumUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"mom", Access::kMutate}},
      .shape = SameShape,
      .kernels = DenseUpdateKernels<SignumRule>(),
  };
}

}  // namespace

namespace op {

Symbol SignsgdUpdate(Symbol weight, Symbol grad,
                     const SignsgdUpdateAttrs& attrs, NodeOptions options) {
  return Compose("signsgd_update", {weight, grad}, attrs, std::move(options));
}

Symbol SignumUpdate(Symbol weight, Symbol grad, Symbol mom,
                    const SignumUpdateAttrs& attrs, NodeOptions options) {
  return Compose("signum_update", {weight, grad, mom}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> SignumOps() { return {SignsgdUpdateOp(), SignumUpdateOp()}; }

}  // namespace minnow
