#include "minnow/ops/ftrl.h"

#include <cmath>
#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/update_kernels.h"

namespace minnow {
namespace {

template <typename T>
struct FtrlRule {
  using Attrs = FtrlUpdateAttrs;

  explicit FtrlRule(const Attrs& a)
      : scaled(a.rescale_grad, a.clip_gradient),
        lr(a.lr),
        lamda1(a.lamda1),
        beta(a.beta),
        wd(a.wd) {}

  MINNOW_INLINE T operator()(T w, T grad, T& z, T& n) const {
    const T g = scaled(grad);
    const T new_n = n + g * g;
    z += g - (std::sqrt(new_n) - std::sqrt(n)) * w / lr;
    n = new_n;
    const T next = (SignOf(z) * lamda1 - z) / ((beta + std::sqrt(n)) / lr + wd);
    return (z < T{0} ? -z : z) > lamda1 ? next : T{0};
  }

  ScaleAndClip<T> scaled;
  T lr, lamda1, beta, wd;
};

template <typename T>
struct AdagradRule {
  using Attrs = AdagradUpdateAttrs;

  explicit AdagradRule(const Attrs& a)
      : scaled(a.rescale_grad, a.clip_gradient),
        lr(a.lr),
        epsilon(a.epsilon),
        wd(a.wd) {}

  MINNOW_INLINE T operator()(T w, T grad, T& history) const {
    const T g = scaled(grad);
    history += g * g;
    return w - lr * (g / std::sqrt(history + epsilon) + wd * w);
  }

  ScaleAndClip<T> scaled;
  T lr, epsilon, wd;
};

OpDef FtrlUpdateOp() {
  return {
      .name = "ftrl_update",
      .aliases = {"_sparse_ftrl_update"},
      .doc = R"(g = clip(rescale_grad * grad, clip_gradient)
z = z + g - (sqrt(n + g * g) - sqrt(n)) * weight / lr
n = n + g * g
out = (sign(z) * lamda1 - z) / ((beta + sqrt(n)) / lr + wd) if |z| > lamda1, else 0)",
      .attrs = AttrsTypeOf<FtrlUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"z", Access::kMutate},
                 {"n", Access::kMutate}},
      .shape = SameShape,
      .kernels = Joined(
          {DenseUpdateKernels<FtrlRule>(), ListedRowsKernels<FtrlRule>()}),
  };
}

OpDef AdagradUpdateOp() {
  return {
      .name = "_sparse_adagrad_update",
      .doc = R"(g = clip(rescale_grad * grad, clip_gradient)
history = history + g * g
out = weight - lr * (g / sqrt(history + epsilon) + wd * weight))",
      .attrs = AttrsTypeOf<AdagradUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"history", Access::kMutate}},
      .shape = SameShape,
      .kernels = Joined({DenseUpdateKernels<AdagradRule>(),
                         ListedRowsKernels<AdagradRule>()}),
  };
}

}  // namespace

namespace op {

Symbol FtrlUpdate(Symbol weight, Symbol grad, Symbol z, Symbol n,
                  const FtrlUpdateAttrs& attrs, NodeOptions options) {
  return Compose("ftrl_update", {weight, grad, z, n}, attrs,
                 std::move(options));
}

Symbol AdagradUpdate(Symbol weight, Symbol grad, Symbol history,
                     const AdagradUpdateAttrs& attrs, NodeOptions options) {
  return Compose("_sparse_adagrad_update", {weight, grad, history}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> FtrlOps() { return {FtrlUpdateOp(), AdagradUpdateOp()}; }

}  // namespace minnow
