// Functions that round to integers.
#include <cmath>
#include <type_traits>
#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/unary.h"
#include "minnow/ops/unary_op.h"

namespace minnow {
namespace {

// `F` for floating types; integers are round.
template <typename F>
struct OnFractions {
  constexpr explicit OnFractions(F) {}

  template <typename T>
  MINNOW_INLINE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return x;
    } else {
      return F()(x);
    }
  }
};

constexpr OnFractions kFloor([](auto x)
                                 MINNOW_INLINE { return std::floor(x); });
constexpr OnFractions kCeil([](auto x) MINNOW_INLINE { return std::ceil(x); });
constexpr OnFractions kTrunc([](auto x)
                                 MINNOW_INLINE { return std::trunc(x); });
constexpr OnFractions kRound([](auto x) MINNOW_INLINE {
  // Instructions for it are missing; this has vector code.
  const auto whole = std::trunc(x);
  const auto away = whole + std::copysign(decltype(x){1}, x);
  return std::fabs(x - whole) >= decltype(x)(0.5) ? away : whole;
});
constexpr OnFractions kRint([](auto x) MINNOW_INLINE {
  const auto below = std::floor(x);
  const auto above = std::ceil(x);
  return x - below <= above - x ? below : above;
});

}  // namespace

std::vector<OpDef> UnaryRoundingOps() {
  constexpr NumberTypes kNumbers;
  return {
      UnaryOp("floor", {"_sparse_floor"},
              "out = the largest integer that is not above data",
              ZeroExactUnaryKernels<kFloor>(kNumbers), NoGradient),
      UnaryOp("ceil", {"_sparse_ceil"},
              "out = the smallest integer that is not below data",
              ZeroExactUnaryKernels<kCeil>(kNumbers), NoGradient),
      UnaryOp("trunc", {"_sparse_trunc"}, "out = data without its fraction",
              ZeroExactUnaryKernels<kTrunc>(kNumbers), NoGradient),
      UnaryOp("fix", {"_sparse_fix"},
              "out = the integer nearest to data, towards zero",
              ZeroExactUnaryKernels<kTrunc>(kNumbers), NoGradient),
      UnaryOp("round", {"_sparse_round"},
              "out = the integer nearest to data; halves away from zero",
              ZeroExactUnaryKernels<kRound>(kNumbers), NoGradient),
      UnaryOp("rint", {"_sparse_rint"},
              "out = the integer nearest to data; halves downwards",
              ZeroExactUnaryKernels<kRint>(kNumbers), NoGradient),
  };
}

}  // namespace minnow
