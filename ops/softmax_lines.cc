#include "minnow/ops/softmax_lines.h"

#include <cmath>
#include <limits>

#include "absl/types/span.h"
#include "minnow/core/simd.h"
#include "minnow/core/vector_math.h"
#include "minnow/ops/reduction.h"

namespace minnow {
namespace {

using internal::AddToLanes;
using internal::CombineLanes;
using internal::kLanes;

template <typename T>
struct Add {
  MINNOW_INLINE T Map(T x) const { return x; }
  MINNOW_INLINE T Combine(T x, T y) const { return x + y; }
};

template <typename T>
struct Max {
  MINNOW_INLINE T Map(T x) const { return x; }
  MINNOW_INLINE T Combine(T x, T y) const { return x > y ? x : y; }
};

template <typename T>
struct Min {
  MINNOW_INLINE T Map(T x) const { return x; }
  MINNOW_INLINE T Combine(T x, T y) const { return x < y ? x : y; }
};

// A line shorter than the lanes is reduced in order: filling them would cost
// more than they save.
template <typename Rule, typename T>
MINNOW_INLINE inline T ReduceLine(const Rule& rule, T empty, const T* x,
                                  int64_t n) {
  if (n < kLanes) {
    T result = empty;
    for (int64_t i = 0; i < n; ++i) {
      result = rule.Combine(result, rule.Map(x[i]));
    }
    return result;
  }
  T lanes[kLanes];
  std::fill_n(lanes, kLanes, empty);
  AddToLanes(rule, x, n, lanes);
  return CombineLanes(rule, lanes);
}

template <typename T>
void ExpInPlace(T* x, int64_t n) {
  const absl::Span<T> all = absl::MakeSpan(x, static_cast<size_t>(n));
  Exp(all, all);
}

}  // namespace

template <typename T>
void SoftmaxLines(int64_t count, int64_t size, T temperature, bool log, T* x) {
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t l = 0; l < count; ++l) {
      T* const line = x + l * size;
      // The largest quotient becomes 0. A NaN may be lost here; it comes back
      // with the sum.
      constexpr T kInfinity = std::numeric_limits<T>::infinity();
      const T top = temperature < 0
                        ? ReduceLine(Min<T>(), kInfinity, line, size)
                        : ReduceLine(Max<T>(), -kInfinity, line, size);
      for (int64_t i = 0; i < size; ++i) {
        line[i] = (line[i] - top) / temperature;
      }
    }
  });
  if (log) {
    // The sums want the exponentials, the result does not: line by line, in
    // pieces on the stack.
    constexpr int64_t kPiece = 256;
    T piece[kPiece];
    for (int64_t l = 0; l < count; ++l) {
      T* const line = x + l * size;
      T sum = 0;
      for (int64_t begin = 0; begin < size; begin += kPiece) {
        const int64_t n = std::min(kPiece, size - begin);
        std::copy_n(line + begin, n, piece);
        ExpInPlace(piece, n);
        Vectorize([&]() MINNOW_INLINE {
          sum += ReduceLine(Add<T>(), T{0}, piece, n);
        });
      }
      const T log_sum = std::log(sum);
      Vectorize([=]() MINNOW_INLINE {
        for (int64_t i = 0; i < size; ++i) line[i] -= log_sum;
      });
    }
    return;
  }
  ExpInPlace(x, count * size);
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t l = 0; l < count; ++l) {
      T* const line = x + l * size;
      const T sum = ReduceLine(Add<T>(), T{0}, line, size);
      for (int64_t i = 0; i < size; ++i) line[i] /= sum;
    }
  });
}

template <typename T>
void SoftmaxLinesGradient(int64_t count, int64_t size, T temperature, bool log,
                          T* y, T* head) {
  if (log) {
    // (head - exp(y) * sum(head)) / temperature
    ExpInPlace(y, count * size);
    Vectorize([=]() MINNOW_INLINE {
      for (int64_t l = 0; l < count; ++l) {
        const T* const p = y + l * size;
        T* const h = head + l * size;
        const T sum = ReduceLine(Add<T>(), T{0}, h, size);
        for (int64_t i = 0; i < size; ++i) {
          h[i] = (h[i] - p[i] * sum) / temperature;
        }
      }
    });
    return;
  }
  // (y * head - y * sum(y * head)) / temperature
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t l = 0; l < count; ++l) {
      const T* const p = y + l * size;
      T* const h = head + l * size;
      for (int64_t i = 0; i < size; ++i) h[i] *= p[i];
      const T sum = ReduceLine(Add<T>(), T{0}, h, size);
      for (int64_t i = 0; i < size; ++i) {
        h[i] = (h[i] - p[i] * sum) / temperature;
      }
    }
  });
}

#define MINNOW_INSTANTIATE(T)                                   \
  template void SoftmaxLines<T>(int64_t, int64_t, T, bool, T*); \
  template void SoftmaxLinesGradient<T>(int64_t, int64_t, T, bool, T*, T*);
MINNOW_INSTANTIATE(float)
MINNOW_INSTANTIATE(double)
#undef MINNOW_INSTANTIATE

}  // namespace minnow
