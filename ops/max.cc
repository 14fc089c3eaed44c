#include "minnow/ops/max.h"

#include <limits>
#include <vector>

#include "minnow/graph/op_def.h"
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
template <typename C, bool max>
struct ExtremeRule {
  using Acc = C;
  static constexpr Acc kEmpty = Extreme<C>(!max);

  MINNOW_INLINE Acc Map(C x) const { return x; }
  MINNOW_INLINE Acc Combine(Acc x, Acc y) const {
    // Without a branch, so that loops over it become ones over vectors.
    return ((max ? x > y : x < y) | (x != x)) ? x : y;
  }
};

template <typename C>
using MaxRule = ExtremeRule<C, true>;
template <typename C>
using MinRule = ExtremeRule<C, false>;

ReduceLoops MinLoops(DType dtype) {
  ReduceLoops loops = LoopsFor<MinRule>(dtype);
  // An empty reduction gives the largest uint8.
  if (dtype == DType::kBool) {
    loops.finish = [](const ReducePlan&, int64_t n, void* results) {
      uint8_t* const x = static_cast<uint8_t*>(results);
      for (int64_t i = 0; i < n; ++i) x[i] = x[i] != 0;
    };
  }
  return loops;
}

struct ExtremeGradient {
  template <typename C>
  static MINNOW_INLINE C Map(C head, C x, C y) {
    return x == y ? head : C{0};
  }
};

constexpr char kBackwardMax[] = "_backward_max";
constexpr char kBackwardMin[] = "_backward_min";

}  // namespace

ReduceLoops MaxLoops(DType dtype) { return LoopsFor<MaxRule>(dtype); }

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
          ReduceKernels<MaxLoops, PrepareReduce>(AllTypes())),
      ReduceOp<kBackwardMin>(
          "min", {"min_axis"},
          "out[kept...] = the smallest of data[kept..., reduced...]\n"
          "NaN if one of them is; inf, or the largest integer, if there is "
          "none.",
          ReduceKernels<MinLoops, PrepareReduce>(AllTypes())),
      ReduceBackwardOp<ExtremeGradient>(kBackwardMax, kTied),
      ReduceBackwardOp<ExtremeGradient>(kBackwardMin, kTied),
  };
}

}  // namespace minnow
