// The rules of stochastic gradient descent (see update.h), and their formulas.
// Several operators use them; their loops are compiled in sgd.cc.
#ifndef MINNOW_OPS_SGD_RULES_H_
#define MINNOW_OPS_SGD_RULES_H_

#include "minnow/ops/sgd.h"
#include "minnow/ops/update.h"

namespace minnow {

inline constexpr char kSgd[] = R"(g = clip(rescale_grad * grad, clip_gradient)
out = (1 - lr * wd) * weight - lr * g)";

inline constexpr char kSgdMom[] =
    R"(g = clip(rescale_grad * grad, clip_gradient)
mom = momentum * mom - lr * wd * weight - lr * g
out = weight + mom)";

template <typename T>
struct SgdRule {
  using Attrs = SgdUpdateAttrs;

  explicit SgdRule(const Attrs& a)
      : scaled(a.rescale_grad, a.clip_gradient), lr(a.lr), wd(a.wd) {}

  MINNOW_INLINE T operator()(T w, T g) const {
    return (T{1} - lr * wd) * w - lr * scaled(g);
  }

  ScaleAndClip<T> scaled;
  T lr, wd;
};

template <typename T>
struct SgdMomRule {
  using Attrs = SgdMomUpdateAttrs;

  explicit SgdMomRule(const Attrs& a)
      : scaled(a.rescale_grad, a.clip_gradient),
        lr(a.lr),
        momentum(a.momentum),
        wd(a.wd) {}

  MINNOW_INLINE T operator()(T w, T g, T& mom) const {
    mom = momentum * mom - lr * wd * w - lr * scaled(g);
    return w + mom;
  }

  ScaleAndClip<T> scaled;
  T lr, momentum, wd;
};

namespace internal {

extern template void RunUpdate<SgdRule, float>(const void*, const UpdateRuns&);
extern template void RunUpdate<SgdRule, double>(const void*, const UpdateRuns&);
extern template void RunUpdate<SgdMomRule, float>(const void*,
                                                  const UpdateRuns&);
extern template void RunUpdate<SgdMomRule, double>(const void*,
                                                   const UpdateRuns&);

}  // namespace internal
}  // namespace minnow

#endif  // MINNOW_OPS_SGD_RULES_H_
