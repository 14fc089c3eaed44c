#include "minnow/ops/max.h"

#include <limits>

#include "minnow/ops/reduction_gradient.h"

namespace minnow {
namespace {

// The infinity of that sign, or the integer that is next to it.
template <typename C>
constexpr C Extreme(bool largest) {
  using Limits = std::numeric_limits<C>;
  if constexpr (Limits::has_infinity) {
    return largest ? Limits::infinity() : -Limits::infinity();
  } else {
    return largest ? Limits::max() : Limits::lowest();
  }
}

// NaN is larger and smaller than any number.
template <typename T, bool max>
struct ExtremeRule {
  using Acc = ComputeType<T>;
  static constexpr Acc kEmpty = Extreme<Acc>(!max);

  explicit ExtremeRule(const ReducePlan&) {}

  MINNOW_INLINE Acc Map(T x) const { return static_cast<Acc>(x); }
  MINNOW_INLINE Acc Combine(Acc x, Acc y) const {
    return (max ? x > y : x < y) || x != x ? x : y;
  }
  MINNOW_INLINE T Finish(Acc x) const { return static_cast<T>(x); }
};

template <typename T>
using MaxRule = ExtremeRule<T, true>;
template <typename T>
using MinRule = ExtremeRule<T, false>;

struct ExtremeGradient {
  template <typename C>
  static MINNOW_INLINE C Map(C head, C x, C y) {
    return x == y ? head : C{0};
  }
};

constexpr char kBackwardMax[] = "_backward_max";
constexpr char kBackwardMin[] = "_backward_min";

}  // namespace

std::vector<OpDef> MaxOps() {
  constexpr char kTied[] =
      "grad = head where data is the result, else 0; elements that are tied "
      "all get it.";
  return {
      ReduceOp<kBackwardMax>(
          "max", {"max_axis"},
          "out[kept...] = the largest of data[kept..., reduced...]\n"
          "NaN if one of them is; -inf, or the least integer, if there is "
          "none.",
          ReduceKernels<MaxRule, PrepareReduce>(AllTypes())),
      ReduceOp<kBackwardMin>(
          "min", {"min_axis"},
          "out[kept...] = the smallest of data[kept..., reduced...]\n"
          "NaN if one of them is; inf, or the largest integer, if there is "
          "none.",
          ReduceKernels<MinRule, PrepareReduce>(AllTypes())),
      ReduceBackwardOp<ExtremeGradient>(kBackwardMax, kTied),
      ReduceBackwardOp<ExtremeGradient>(kBackwardMin, kTied),
  };
}

}  // namespace minnow
