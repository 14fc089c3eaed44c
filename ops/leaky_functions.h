// The functions of LeakyReLU and their derivatives, as ops/elementwise.h takes
// functions.
#ifndef MINNOW_OPS_LEAKY_FUNCTIONS_H_
#define MINNOW_OPS_LEAKY_FUNCTIONS_H_

#include <algorithm>
#include <cstdint>
#include <numbers>

#include "absl/types/span.h"
#include "minnow/core/simd.h"
#include "minnow/core/vector_math.h"
#include "minnow/ops/elementwise.h"

namespace minnow {

// Calls f(x, y, n) for pieces of x and y of at most kTile elements.
template <typename C, typename F>
void ForEachPiece(absl::Span<const C> x, absl::Span<C> y, const F& f) {
  const auto size = static_cast<int64_t>(x.size());
  for (int64_t begin = 0; begin < size; begin += kTile) {
    f(x.data() + begin, y.data() + begin, std::min(kTile, size - begin));
  }
}

template <typename C>
absl::Span<C> SpanOf(C* x, int64_t n) {
  return absl::MakeSpan(x, static_cast<size_t>(n));
}

// above * x where x is positive, else below * (exp(x) - 1).
template <typename C>
struct ExpBelow {
  C above, below;

  void operator()(absl::Span<const C> x, absl::Span<C> y) const {
    ForEachPiece(x, y, [this](const C* x, C* y, int64_t n) {
      C tile[kTile];
      Expm1(absl::MakeConstSpan(x, static_cast<size_t>(n)), SpanOf(tile, n));
      Vectorize([=, above = above, below = below, t = +tile]() MINNOW_INLINE {
        for (int64_t i = 0; i < n; ++i) {
          y[i] = x[i] > 0 ? above * x[i] : below * t[i];
        }
      });
    });
  }
};

// x times the probability that a normal variable is below x.
template <typename C>
struct Gelu {
  void operator()(absl::Span<const C> x, absl::Span<C> y) const {
    ForEachPiece(x, y, [](const C* x, C* y, int64_t n) {
      C tile[kTile];
      Vectorize([=, t = +tile]() MINNOW_INLINE {
        constexpr C kFactor = std::numbers::sqrt2_v<C> / 2;
        for (int64_t i = 0; i < n; ++i) t[i] = x[i] * kFactor;
      });
      Erf(SpanOf<const C>(tile, n), SpanOf(tile, n));
      Vectorize([=, t = +tile]() MINNOW_INLINE {
        for (int64_t i = 0; i < n; ++i) y[i] = C{0.5} * x[i] * (1 + t[i]);
      });
    });
  }
};

// Its derivative: that probability, and x times the density.
template <typename C>
struct GeluSlope {
  void operator()(absl::Span<const C> x, absl::Span<C> y) const {
    ForEachPiece(x, y, [](const C* x, C* y, int64_t n) {
      C erf[kTile], density[kTile];
      Vectorize([=, e = +erf, d = +density]() MINNOW_INLINE {
        constexpr C kFactor = std::numbers::sqrt2_v<C> / 2;
        for (int64_t i = 0; i < n; ++i) {
          e[i] = x[i] * kFactor;
          d[i] = C{-0.5} * x[i] * x[i];
        }
      });
      Erf(SpanOf<const C>(erf, n), SpanOf(erf, n));
      Exp(SpanOf<const C>(density, n), SpanOf(density, n));
      Vectorize([=, e = +erf, d = +density]() MINNOW_INLINE {
        constexpr C kPeak =
            std::numbers::inv_sqrtpi_v<C> / std::numbers::sqrt2_v<C>;
        for (int64_t i = 0; i < n; ++i) {
          y[i] = C{0.5} * (1 + e[i]) + x[i] * (d[i] * kPeak);
        }
      });
    });
  }
};

// y where the value is positive, else slope * y. With y = value it is the
// function of a slope; with y = head its gradient.
template <typename T>
void ScaleBelow(const T* value, const T* y, const T* slope, bool one_slope,
                int64_t n, T* out) {
  using C = ComputeType<T>;
  Vectorize([=]() MINNOW_INLINE {
    const auto scaled = [=](int64_t i, C factor) MINNOW_INLINE {
      const C x = static_cast<C>(y[i]);
      return static_cast<T>(static_cast<C>(value[i]) > 0 ? x : factor * x);
    };
    if (one_slope) {
      const C factor = static_cast<C>(*slope);
      for (int64_t i = 0; i < n; ++i) out[i] = scaled(i, factor);
    } else {
      for (int64_t i = 0; i < n; ++i) {
        out[i] = scaled(i, static_cast<C>(slope[i]));
      }
    }
  });
}

}  // namespace minnow

#endif  // MINNOW_OPS_LEAKY_FUNCTIONS_H_
