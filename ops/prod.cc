#include "minnow/ops/prod.h"

#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/reduction_gradient.h"

namespace minnow {
namespace {

// Sums or products, of all elements or of those that are not NaN.
template <typename C, bool product, bool skip_nan>
struct ArithmeticRule {
  using Acc = C;
  static constexpr Acc kEmpty = product ? 1 : 0;

  MINNOW_INLINE Acc Map(C x) const { return skip_nan && x != x ? kEmpty : x; }
  MINNOW_INLINE Acc Combine(Acc x, Acc y) const {
    return static_cast<Acc>(product ? x * y : x + y);
  }
};

template <typename C>
using ProdRule = ArithmeticRule<C, true, false>;

ReduceLoops ProdLoops(DType dtype) { return WrappingLoopsFor<ProdRule>(dtype); }

// Integers have no NaN: theirs are `others`.
template <bool product, ReduceLoops (*others)(DType dtype)>
ReduceLoops NanLoops(DType dtype) {
  if (!IsFloating(dtype)) return others(dtype);
  if (dtype == DType::kFloat64) {
    return LoopsOf<ArithmeticRule<double, product, true>, double, double,
                   double>();
  }
  return LoopsOf<ArithmeticRule<float, product, true>, float, float, float>();
}

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
          ReduceKernels<ProdLoops, PrepareReduce>(AllTypes())),
      ReduceOp<kBackwardNanSum>(
          "nansum", {},
          "out[kept...] = sum of data[kept..., reduced...], without NaN\n"
          "Integers wrap around.",
          ReduceKernels<NanLoops<false, SumLoops>, PrepareReduce>(
              NumberTypes())),
      ReduceOp<kBackwardNanProd>(
          "nanprod", {},
          "out[kept...] = product of data[kept..., reduced...], without NaN\n"
          "Integers wrap around. The gradient divides by data, and so is NaN "
          "where that is 0.",
          ReduceKernels<NanLoops<true, ProdLoops>, PrepareReduce>(
              NumberTypes())),
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
