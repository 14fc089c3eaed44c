#include "minnow/ops/softmax_lines.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "absl/types/span.h"
#include "minnow/core/simd.h"
#include "minnow/core/vector_math.h"
#include "minnow/ops/reduce_line.h"

namespace minnow {
namespace {

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

template <typename T>
void ExpInPlace(T* x, int64_t n) {
  const absl::Span<T> all = absl::MakeSpan(x, static_cast<size_t>(n));
  Exp(all, all);
}

}  // namespace

template <typename T>
void SoftmaxLines(int64_t count, int64_t size, T temperature, bool log,
                  const T* x, T* y) {
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t l = 0; l < count; ++l) {
      const T* const from = x + l * size;
      T* const to = y + l * size;
      // The largest quotient becomes 0. A NaN may be lost here; it comes back
      // with the sum.
      constexpr T kInfinity = std::numeric_limits<T>::infinity();
      const T top = temperature < 0
                        ? ReduceLine(Min<T>(), kInfinity, from, size)
                        : ReduceLine(Max<T>(), -kInfinity, from, size);
      for (int64_t i = 0; i < size; ++i) to[i] = from[i] - top;
      if (temperature == 1) continue;
      for (int64_t i = 0; i < size; ++i) to[i] /= temperature;
    }
  });
  if (log) {
    // The sums want the exponentials, the result does not: line by line, in
    // pieces on the stack.
    constexpr int64_t kPiece = 256;
    T piece[kPiece];
    for (int64_t l = 0; l < count; ++l) {
      T* const line = y + l * size;
      T sum = 0;
      for (int64_t begin = 0; begin < size; begin += kPiece) {
        const int64_t n = std::min(kPiece, size - begin);
        std::copy_n(line + begin, n, piece);
        ExpInPlace(piece, n);
        Vectorize([&]() MINNOW_INLINE { sum += SumLine<T>(piece, n); });
      }
      const T log_sum = std::log(sum);
      Vectorize([=]() MINNOW_INLINE {
        for (int64_t i = 0; i < size; ++i) line[i] -= log_sum;
      });
    }
    return;
  }
  ExpInPlace(y, count * size);
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t l = 0; l < count; ++l) {
      T* const line = y + l * size;
      const T factor = 1 / SumLine<T>(line, size);
      for (int64_t i = 0; i < size; ++i) line[i] *= factor;
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
        const T sum = SumLine<T>(h, size);
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
      const T sum = SumLine<T>(h, size);
      for (int64_t i = 0; i < size; ++i) {
        h[i] = (h[i] - p[i] * sum) / temperature;
      }
    }
  });
}

template void SoftmaxLines<float>(int64_t, int64_t, float, bool, const float*,
                                  float*);
template void SoftmaxLines<double>(int64_t, int64_t, double, bool,
                                   const double*, double*);
template void SoftmaxLinesGradient<float>(int64_t, int64_t, float, bool, float*,
                                          float*);
template void SoftmaxLinesGradient<double>(int64_t, int64_t, double, bool,
                                           double*, double*);

namespace {

// What lines of these types are computed in.
DType LineDType(DType data, DType result) {
  const bool is_double = data == DType::kFloat64 || result == DType::kFloat64;
  return is_double ? DType::kFloat64 : DType::kFloat32;
}

// Calls f.operator()<C>() with float or double.
template <typename F>
void VisitLineType(DType data, DType result, const F& f) {
  if (LineDType(data, result) == DType::kFloat64) {
    f.template operator()<double>();
  } else {
    f.template operator()<float>();
  }
}

// LoadLines and StoreLines for arrays of any floating type.
template <typename C>
void Load(const Lines& lines, const LineTile& tile, const AnyConstArray& x,
          C* to) {
  VisitDType(x.dtype, [&]<typename T>() {
    if constexpr (!std::is_integral_v<T>) {
      LoadLines(lines, tile, x.as<T>(), to);
    }
  });
}

template <typename C>
void Store(const Lines& lines, const LineTile& tile, const C* from,
           const AnyArray& y) {
  VisitDType(y.dtype, [&]<typename T>() {
    if constexpr (!std::is_integral_v<T>) {
      StoreLines(lines, tile, from, y.as<T>());
    }
  });
}

}  // namespace

SoftmaxPlan PlanSoftmax(const Lines& lines, int64_t tiles, DType data,
                        DType result, double temperature, bool log) {
  const auto element_bytes =
      static_cast<int64_t>(DTypeSize(LineDType(data, result)));
  const LinePlan plan = PlanLines(lines, tiles, element_bytes);
  return {plan, temperature, log, plan.workspace_bytes};
}

void RunSoftmax(const RunContext& context, const SoftmaxPlan& plan,
                const AnyConstArray& data, const AnyArray& out) {
  const Lines& lines = plan.lines.lines;
  VisitLineType(data.dtype, out.dtype, [&]<typename C>() {
    // Lines that are as they should be stay where they are.
    const bool reads = lines.inner == 1 && data.dtype == DTypeOf<C>;
    const bool writes = lines.inner == 1 && out.dtype == DTypeOf<C>;
    ForEachTile(*context.threads, plan.lines, context.workspace,
                [&](const LineTile& tile) {
                  C* const memory = reinterpret_cast<C*>(tile.memory);
                  const int64_t first = tile.first * lines.size;
                  const C* const x = reads ? data.as<C>() + first : memory;
                  C* const y = writes ? out.as<C>() + first : memory;
                  if (!reads) Load(lines, tile, data, memory);
                  SoftmaxLines<C>(tile.count, lines.size,
                                  static_cast<C>(plan.temperature), plan.log, x,
                                  y);
                  if (!writes) Store(lines, tile, y, out);
                });
  });
}

void RunSoftmaxWithLength(const RunContext& context, const SoftmaxPlan& plan,
                          const AnyConstArray& data,
                          const AnyConstArray& length, const AnyArray& out) {
  const Lines& lines = plan.lines.lines;
  // Writes `value` behind the elements that count.
  const auto fill_rest = [&]<typename C>(const LineTile& tile, C* x, C value) {
    for (int64_t l = 0; l < tile.count; ++l) {
      int64_t counted;
      LoadElements(length, tile.first + l, 1, &counted);
      counted = std::clamp<int64_t>(counted, 0, lines.size);
      std::fill(x + l * lines.size + counted, x + (l + 1) * lines.size, value);
    }
  };
  VisitLineType(data.dtype, out.dtype, [&]<typename C>() {
    ForEachTile(*context.threads, plan.lines, context.workspace,
                [&](const LineTile& tile) {
                  C* const x = reinterpret_cast<C*>(tile.memory);
                  Load(lines, tile, data, x);
                  fill_rest(tile, x, -std::numeric_limits<C>::infinity());
                  SoftmaxLines<C>(tile.count, lines.size,
                                  static_cast<C>(plan.temperature), plan.log, x,
                                  x);
                  fill_rest(tile, x, C{0});
                  Store(lines, tile, x, out);
                });
  });
}

void RunSoftmaxGradient(const RunContext& context, const SoftmaxPlan& plan,
                        const AnyConstArray& head, const AnyConstArray& out,
                        const AnyArray& grad) {
  const Lines& lines = plan.lines.lines;
  VisitLineType(grad.dtype, out.dtype, [&]<typename C>() {
    ForEachTile(*context.threads, plan.lines, context.workspace,
                [&](const LineTile& tile) {
                  C* const h = reinterpret_cast<C*>(tile.memory);
                  C* const y = reinterpret_cast<C*>(tile.memory +
                                                    plan.lines.block_bytes / 2);
                  Load(lines, tile, head, h);
                  Load(lines, tile, out, y);
                  SoftmaxLinesGradient<C>(tile.count, lines.size,
                                          static_cast<C>(plan.temperature),
                                          plan.log, y, h);
                  Store(lines, tile, h, grad);
                });
  });
}

}  // namespace minnow
