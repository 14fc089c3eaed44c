#include "minnow/ops/nag.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/mixed.h"
#include "minnow/ops/update_kernels.h"

namespace minnow {
namespace {

template <typename T>
struct NagMomRule {
  using Attrs = NagMomUpdateAttrs;

  explicit NagMomRule(const Attrs& a)
      : scaled(a.rescale_grad, a.clip_gradient),
        lr(a.lr),
        momentum(a.momentum),
        wd(a.wd) {}

  MINNOW_INLINE T operator()(T w, T grad, T& mom) const {
    const T g = scaled(grad) + wd * w;
    mom = momentum * mom - lr * g;
    return w + momentum * mom - lr * g;
  }

  ScaleAndClip<T> scaled;
  T lr, momentum, wd;
};

constexpr char kFormula[] =
    R"(g = clip(rescale_grad * grad, clip_gradient) + wd * weight
mom = momentum * mom - lr * g
out = weight + momentum * mom - lr * g)";

OpDef NagMomUpdateOp() {
  return {
      .name = "nag_mom_update",
      .doc = kFormula,
      .attrs = AttrsTypeOf<NagMomUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"mom", Access::kMutate}},
      .shape = SameShape,
      .kernels = DenseUpdateKernels<NagMomRule>(),
  };
}

OpDef MpNagMomUpdateOp() {
  return {
      .name = "mp_nag_mom_update",
      .doc = absl::StrCat(kFormula, kMixedDoc),
      .attrs = AttrsTypeOf<NagMomUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"mom", Access::kMutate},
                 {"weight32", Access::kMutate}},
      .shape = SameShape,
      .dtype = MixedDType,
      .kernels = DenseUpdateKernels<NagMomRule, Precision::kMixed>(),
  };
}

}  // namespace

namespace op {

Symbol NagMomUpdate(Symbol weight, Symbol grad, Symbol mom,
                    const NagMomUpdateAttrs& attrs, NodeOptions options) {
  return Compose("nag_mom_update", {weight, grad, mom}, attrs,
                 std::move(options));
}

Symbol MpNagMomUpdate(Symbol weight, Symbol grad, Symbol mom, Symbol weight32,
                      const NagMomUpdateAttrs& attrs, NodeOptions options) {
  return Compose("mp_nag_mom_update", {weight, grad, mom, weight32}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> NagOps() { return {NagMomUpdateOp(), MpNagMomUpdateOp()}; }

}  // namespace minnow
