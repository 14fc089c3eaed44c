#include "minnow/core/distributions.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>

#include "minnow/core/simd.h"
#include "minnow/core/vector_math.h"

namespace minnow {
namespace {

// The bits of a tile: word w of counter j is at w * kCounters + j, so that the
// loop over counters is vector code.
template <typename T>
struct TileBits {
  static constexpr int64_t kCounters =
      kRandomTile * static_cast<int64_t>(sizeof(T)) / 16;

  TileBits(const PhiloxGenerator& random, uint64_t tile) {
    Vectorize([random, tile, words = &words[0]]() MINNOW_INLINE {
      const uint64_t first = tile * kCounters;
      for (int64_t j = 0; j < kCounters; ++j) {
        const PhiloxBits bits = random(first + static_cast<uint64_t>(j));
        words[j] = bits[0];
        words[kCounters + j] = bits[1];
        words[2 * kCounters + j] = bits[2];
        words[3 * kCounters + j] = bits[3];
      }
    });
  }

  uint32_t words[4 * kCounters];
};

// The number i of a tile as uniform in [0, 1).
MINNOW_INLINE inline float Uniform(const uint32_t* words, int64_t i, float) {
  // By way of int32, for which baseline code has a conversion.
  return static_cast<float>(static_cast<int32_t>(words[i] >> 8)) * 0x1p-24f;
}
MINNOW_INLINE inline double Uniform(const uint32_t* words, int64_t i, double) {
  return UniformDouble(words[i], words[kRandomTile + i]);
}

// The same in (0, 1): small numbers keep all their digits, for a logarithm.
MINNOW_INLINE inline float Positive(const uint32_t* words, int64_t i, float) {
  const float high = static_cast<float>(static_cast<int32_t>(words[i] >> 1));
  return std::min(high * 0x1p-31f + 0x1p-32f, 1 - 0x1p-24f);
}
MINNOW_INLINE inline double Positive(const uint32_t* words, int64_t i, double) {
  return UniformDouble(words[i], words[kRandomTile + i]) + 0x1p-54;
}

template <typename T>
void Uniforms(const PhiloxGenerator& random, uint64_t tile, T* out) {
  const TileBits<T> bits(random, tile);
  Vectorize([words = bits.words, out]() MINNOW_INLINE {
    for (int64_t i = 0; i < kRandomTile; ++i) out[i] = Uniform(words, i, T{});
  });
}

// out[i] = log of a number in (0, 1), for the first n numbers of the tile.
template <typename T>
void Logarithms(const uint32_t* words, size_t n, T* out) {
  Vectorize([words, n, out]() MINNOW_INLINE {
    for (size_t i = 0; i < n; ++i) {
      out[i] = Positive(words, static_cast<int64_t>(i), T{});
    }
  });
  Log(absl::MakeConstSpan(out, n), absl::MakeSpan(out, n));
}

template <typename T>
void Exponentials(const PhiloxGenerator& random, uint64_t tile, T* out) {
  const TileBits<T> bits(random, tile);
  Logarithms(bits.words, static_cast<size_t>(kRandomTile), out);
  Vectorize([out]() MINNOW_INLINE {
    for (int64_t i = 0; i < kRandomTile; ++i) out[i] = -out[i];
  });
}

// Sine and cosine of a full turn times u, for u in [0, 1].
template <typename T>
struct SinCos {
  T sin, cos;
};
template <typename T>
MINNOW_INLINE inline SinCos<T> SinCosOfTurns(T u) {
  // Of the rest to the nearest quarter turn, at most pi / 4, as a power
  // series; the quarters exchange and negate.
  const int32_t quarter = static_cast<int32_t>(4 * u + T{0.5});
  const T x = (u - static_cast<T>(quarter) * T{0.25}) *
              static_cast<T>(2 * std::numbers::pi);
  const T y = x * x;
  T s, c;
  if constexpr (sizeof(T) == 4) {
    s = x *
        (1 + y * (-1.0f / 6 +
                  y * (1.0f / 120 + y * (-1.0f / 5040 + y * (1.0f / 362880)))));
    c = 1 + y * (-0.5f + y * (1.0f / 24 +
                              y * (-1.0f / 720 + y * (1.0f / 40320 +
                                                      y * (-1.0f / 3628800)))));
  } else {
    s = x *
        (1 + y * (-1.0 / 6 +
                  y * (1.0 / 120 +
                       y * (-1.0 / 5040 +
                            y * (1.0 / 362880 +
                                 y * (-1.0 / 39916800 +
                                      y * (1.0 / 6227020800.0 +
                                           y * (-1.0 / 1307674368000.0))))))));
    c = 1 +
        y * (-0.5 +
             y * (1.0 / 24 +
                  y * (-1.0 / 720 +
                       y * (1.0 / 40320 +
                            y * (-1.0 / 3628800 +
                                 y * (1.0 / 479001600.0 +
                                      y * (-1.0 / 87178291200.0 +
                                           y * (1.0 / 20922789888000.0))))))));
  }
  const bool odd = (quarter & 1) != 0;
  const T sine = odd ? c : s;
  const T cosine = odd ? s : c;
  return {(quarter & 2) != 0 ? -sine : sine,
          ((quarter + 1) & 2) != 0 ? -cosine : cosine};
}

// Two normal numbers from two uniform ones (G. Box, M. Muller, 1958).
template <typename T>
void Normals(const PhiloxGenerator& random, uint64_t tile, T* out) {
  constexpr int64_t kHalf = kRandomTile / 2;
  const TileBits<T> bits(random, tile);
  T logarithms[kHalf];
  Logarithms(bits.words, static_cast<size_t>(kHalf), logarithms);
  Vectorize([words = bits.words, log = logarithms, out]() MINNOW_INLINE {
    for (int64_t i = 0; i < kHalf; ++i) {
      const T radius = std::sqrt(-2 * log[i]);
      const SinCos<T> angle = SinCosOfTurns(Uniform(words, kHalf + i, T{}));
      out[i] = radius * angle.cos;
      out[kHalf + i] = radius * angle.sin;
    }
  });
}

// Uniform in (0, 1), from 32 bits.
double Open(uint32_t bits) { return (bits + 0.5) * 0x1p-32; }

// log(k!); std::lgamma writes to a global variable.
double LogFactorial(double k) {
  if (k < 10) {
    double product = 1;
    for (double i = 2; i <= k; ++i) product *= i;
    return std::log(product);
  }
  const double x = k + 1;
  const double r = 1 / (x * x);
  return (x - 0.5) * std::log(x) - x + 0.5 * std::log(2 * std::numbers::pi) +
         (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260))) / x;
}

// No draw is rejected so often that the attempts run out.
constexpr int kAttempts = 1 << 14;

// From here on a normal of the same mean and variance has the same steps.
constexpr double kNormalLam = 1e10;

}  // namespace

void FillUniform(const PhiloxGenerator& random, uint64_t tile, float* out) {
  Uniforms(random, tile, out);
}
void FillUniform(const PhiloxGenerator& random, uint64_t tile, double* out) {
  Uniforms(random, tile, out);
}
void FillNormal(const PhiloxGenerator& random, uint64_t tile, float* out) {
  Normals(random, tile, out);
}
void FillNormal(const PhiloxGenerator& random, uint64_t tile, double* out) {
  Normals(random, tile, out);
}
void FillExponential(const PhiloxGenerator& random, uint64_t tile, float* out) {
  Exponentials(random, tile, out);
}
void FillExponential(const PhiloxGenerator& random, uint64_t tile,
                     double* out) {
  Exponentials(random, tile, out);
}

GammaDraw::GammaDraw(double alpha)
    : boost_(alpha < 1 ? 1 / alpha : 0),
      d_((alpha < 1 ? alpha + 1 : alpha) - 1.0 / 3),
      c_(1 / std::sqrt(9 * d_)),
      zero_(alpha == 0) {}

double GammaDraw::operator()(const PhiloxGenerator& random,
                             uint64_t element) const {
  if (zero_) return 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const PhiloxBits bits = random(element, static_cast<uint16_t>(attempt));
    const double x = std::sqrt(-2 * std::log(Open(bits[0]))) *
                     std::cos(2 * std::numbers::pi * Open(bits[1]));
    double v = 1 + c_ * x;
    if (v <= 0) continue;
    v = v * v * v;
    const double u = Open(bits[2]);
    const double x2 = x * x;
    if (u < 1 - 0.0331 * x2 * x2 ||
        std::log(u) < 0.5 * x2 + d_ * (1 - v + std::log(v))) {
      return boost_ == 0 ? d_ * v : d_ * v * std::pow(Open(bits[3]), boost_);
    }
  }
  return d_;
}

PoissonDraw::PoissonDraw(double lam) : lam_(lam) {
  if (lam < 10) {
    exp_minus_lam_ = std::exp(-lam);
    return;
  }
  b_ = 0.931 + 2.53 * std::sqrt(lam);
  a_ = -0.059 + 0.02483 * b_;
  inverse_alpha_ = 1.1239 + 1.1328 / (b_ - 3.4);
  v_r_ = 0.9277 - 3.6224 / (b_ - 2);
  log_lam_ = std::log(lam);
}

double PoissonDraw::operator()(const PhiloxGenerator& random, uint64_t element,
                               uint16_t attempt) const {
  if (lam_ < 10) {
    const PhiloxBits bits = random(element, attempt);
    double u = UniformDouble(bits[0], bits[1]);
    double p = exp_minus_lam_;
    double k = 0;
    // Beyond 100 the probabilities are smaller than the steps of u.
    while (u >= p && k < 100) {
      u -= p;
      ++k;
      p *= lam_ / k;
    }
    return k;
  }
  if (lam_ >= kNormalLam) {
    return std::floor(lam_ +
                      std::sqrt(lam_) * Normal(random(element, attempt)) + 0.5);
  }
  for (int i = 0; i < kAttempts; ++i) {
    const PhiloxBits bits = random(element, static_cast<uint16_t>(attempt + i));
    const double u = UniformDouble(bits[0], bits[1]) - 0.5;
    const double v = 1 - UniformDouble(bits[2], bits[3]);
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a_ / us + b_) * u + lam_ + 0.43);
    if (us >= 0.07 && v <= v_r_) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v * inverse_alpha_ / (a_ / (us * us) + b_)) <=
        k * log_lam_ - lam_ - LogFactorial(k)) {
      return k;
    }
  }
  return std::floor(lam_);
}

uint64_t UniformBelow(const PhiloxGenerator& random, uint64_t element,
                      uint64_t n) {
  // The upper half of a product of 64 random bits (D. Lemire, 2019). Of the
  // lower halves the first 2^64 mod n belong to no whole set of n.
  __extension__ using Wide = unsigned __int128;
  Wide product = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const PhiloxBits bits = random(element, static_cast<uint16_t>(attempt));
    product = Wide{bits[0] | uint64_t{bits[1]} << 32} * n;
    const auto low = static_cast<uint64_t>(product);
    if (low >= n || low >= (0 - n) % n) break;
  }
  return static_cast<uint64_t>(product >> 64);
}

}  // namespace minnow
