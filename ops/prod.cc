#include "minnow/ops/prod.h"

#include <type_traits>

#include "minnow/ops/reduction_gradient.h"

namespace minnow {
namespace {

// Sums or products, of all elements or of those that are not NaN.
template <typename T, bool product, bool skip_nan>
struct ArithmeticRule {
  using Acc = WrappingType<T>;
  static constexpr Acc kEmpty = product ? 1 : 0;

  explicit ArithmeticRule(const ReducePlan&) {}

  MINNOW_INLINE Acc Map(T x) const {
    const Acc value = static_cast<Acc>(x);
    return skip_nan && value != value ? kEmpty : value;
  }
  MINNOW_INLINE Acc Combine(Acc x, Acc y) const {
    return static_cast<Acc>(product ? x * y : x + y);
  }
  MINNOW_INLINE T Finish(Acc x) const { return static_cast<T>(x); }
};

template <typename T>
using ProdRule = ArithmeticRule<T, true, false>;
template <typename T>
using NanSumRule = ArithmeticRule<T, false, true>;
// Integers have no NaN: products of them are those of prod.
template <typename T>
using NanProdRule = ArithmeticRule<T, true, !std::is_integral_v<T>>;

struct ProdGradient {
  template <typename C>
  static MINNOW_INLINE C Map(C head, C x, C y) {
    return head * (y / x);
  }
};

struct NanSumGradient {
  template <typename C>
  static MINNOW_INLINE C Map(C head, C x, C) {
    return x != x ? C{0} : head;
  }
};

struct NanProdGradient {
  template <typename C>
  static MINNOW_INLINE C Map(C head, C x, C y) {
    return x != x ? C{0} : head * (y / x);
  }
};

constexpr char kBackwardProd[] = "_backward_prod";
constexpr char kBackwardNanSum[] = "_backward_nansum";
constexpr char kBackwardNanProd[] = "_backward_nanprod";

}  // namespace

std::vector<OpDef> ProdOps() {
  return {
      ReduceOp<kBackwardProd>(
          "prod", {},
          "out[kept...] = product of data[kept..., reduced...]\n"
          "Integers wrap around. The gradient divides by data, and so is NaN "
          "where that is 0.",
          ReduceKernels<ProdRule, PrepareReduce>(AllTypes())),
      ReduceOp<kBackwardNanSum>(
          "nansum", {},
          "out[kept...] = sum of data[kept..., reduced...], without NaN\n"
          "Integers wrap around.",
          ReduceKernels<NanSumRule, PrepareReduce>(NumberTypes())),
      ReduceOp<kBackwardNanProd>(
          "nanprod", {},
          "out[kept...] = product of data[kept..., reduced...], without NaN\n"
          "Integers wrap around. The gradient divides by data, and so is NaN "
          "where that is 0.",
          ReduceKernels<NanProdRule, PrepareReduce>(NumberTypes())),
      ReduceBackwardOp<ProdGradient>(
          kBackwardProd, "grad = head * (out / data), out being the product."),
      ReduceBackwardOp<NanSumGradient>(kBackwardNanSum,
                                       "grad = head, or 0 where data is NaN."),
      ReduceBackwardOp<NanProdGradient>(
          kBackwardNanProd,
          "grad = head * (out / data), out being the product, or 0 where data "
          "is NaN."),
  };
}

}  // namespace minnow
