#include "minnow/ops/convolve_loops.h"

#include <algorithm>
#include <array>
#include <vector>

#include "minnow/core/simd.h"

namespace minnow {
namespace {

// So many products are worth a second thread.
constexpr double kMinParallelProducts = 1 << 18;

// Elements of a row of results that meet one element of the weight, and the
// elements of the data that they meet it with: `step` apart. All begin in a
// plane: of the weight, of the results, of the data.
struct ConvolveRow {
  int64_t weight, out, in;
  int64_t count, step;
};

template <typename F>
MINNOW_INLINE inline void ForEachRow(
    const ConvolveGeometry& g,
    const std::array<std::vector<WindowTap>, 3>& taps, const F& f) {
  const auto& [depth, height, width] = g.axes;
  for (const WindowTap& z : taps[0]) {
    for (const WindowTap& y : taps[1]) {
      for (const WindowTap& x : taps[2]) {
        const int64_t weight =
            (z.place * height.kernel + y.place) * width.kernel + x.place;
        for (int64_t i = 0; i < z.count; ++i) {
          const int64_t out_plane = (z.first_out + i) * height.out;
          const int64_t in_plane = (z.first_in + i * depth.stride) * height.in;
          for (int64_t j = 0; j < y.count; ++j) {
            f(ConvolveRow{
                weight, (out_plane + y.first_out + j) * width.out + x.first_out,
                (in_plane + y.first_in + j * height.stride) * width.in +
                    x.first_in,
                x.count, width.stride});
          }
        }
      }
    }
  }
}

template <typename T>
struct Loops {
  ThreadPool& threads;
  const ConvolveGeometry& g;
  const std::array<std::vector<WindowTap>, 3>& taps;

  // Calls f(plane) for each of `planes`, which have so many products each.
  template <typename F>
  void ForEachPlane(int64_t planes, double products, const F& f) const {
    const auto grain =
        static_cast<int64_t>(kMinParallelProducts / (products + 1)) + 1;
    ParallelFor(threads, planes, grain, [&](int64_t begin, int64_t end) {
      Vectorize([&]() MINNOW_INLINE {
        for (int64_t i = begin; i < end; ++i) f(i);
      });
    });
  }
  double ProductsOfPlanes() const {
    return static_cast<double>(g.out_places()) * static_cast<double>(g.taps());
  }

  void Out(const T* data, const T* weight, const T* bias, T* out) const {
    ForEachPlane(
        g.batch * g.out_channels,
        ProductsOfPlanes() * static_cast<double>(g.group_in()),
        [&](int64_t plane) MINNOW_INLINE {
          const int64_t o = plane % g.out_channels;
          const int64_t first = o / g.group_out() * g.group_in();
          T* const to = out + plane * g.out_places();
          std::fill_n(to, g.out_places(), bias == nullptr ? T{0} : bias[o]);
          for (int64_t i = 0; i < g.group_in(); ++i) {
            const T* const w = weight + (o * g.group_in() + i) * g.taps();
            const T* const from =
                data + (plane / g.out_channels * g.in_channels + first + i) *
                           g.in_places();
            ForEachRow(g, taps, [&](const ConvolveRow& row) MINNOW_INLINE {
              const T factor = w[row.weight];
              for (int64_t x = 0; x < row.count; ++x) {
                to[row.out + x] += factor * from[row.in + x * row.step];
              }
            });
          }
        });
  }

  void Data(const T* out, const T* weight, const T* bias, T* data) const {
    ForEachPlane(
        g.batch * g.in_channels,
        ProductsOfPlanes() * static_cast<double>(g.group_out()),
        [&](int64_t plane) MINNOW_INLINE {
          const int64_t i = plane % g.in_channels;
          const int64_t first = i / g.group_in() * g.group_out();
          T* const to = data + plane * g.in_places();
          std::fill_n(to, g.in_places(), bias == nullptr ? T{0} : bias[i]);
          for (int64_t o = first; o < first + g.group_out(); ++o) {
            const T* const w =
                weight + (o * g.group_in() + i % g.group_in()) * g.taps();
            const T* const from =
                out +
                (plane / g.in_channels * g.out_channels + o) * g.out_places();
            ForEachRow(g, taps, [&](const ConvolveRow& row) MINNOW_INLINE {
              const T factor = w[row.weight];
              for (int64_t x = 0; x < row.count; ++x) {
                to[row.in + x * row.step] += factor * from[row.out + x];
              }
            });
          }
        });
  }

  void Weight(const T* out, const T* data, T* weight) const {
    ForEachPlane(
        g.out_channels * g.group_in(),
        ProductsOfPlanes() * static_cast<double>(g.batch),
        [&](int64_t plane) MINNOW_INLINE {
          const int64_t o = plane / g.group_in();
          const int64_t i =
              o / g.group_out() * g.group_in() + plane % g.group_in();
          T* const to = weight + plane * g.taps();
          std::fill_n(to, g.taps(), T{0});
          for (int64_t n = 0; n < g.batch; ++n) {
            const T* const y = out + (n * g.out_channels + o) * g.out_places();
            const T* const x = data + (n * g.in_channels + i) * g.in_places();
            ForEachRow(g, taps, [&](const ConvolveRow& row) MINNOW_INLINE {
              T sum = to[row.weight];
              for (int64_t k = 0; k < row.count; ++k) {
                sum += y[row.out + k] * x[row.in + k * row.step];
              }
              to[row.weight] = sum;
            });
          }
        });
  }
};

}  // namespace

template <typename T>
void ConvolveByLoops(ThreadPool& threads, const ConvolvePlan& plan, const T* a,
                     const T* b, const T* bias, T* c) {
  const Loops<T> loops = {threads, plan.geometry, plan.taps};
  switch (plan.product) {
    case ConvolveProduct::kOut:
      return loops.Out(a, b, bias, c);
    case ConvolveProduct::kData:
      return loops.Data(a, b, bias, c);
    case ConvolveProduct::kWeight:
      return loops.Weight(a, b, c);
  }
}

template void ConvolveByLoops(ThreadPool&, const ConvolvePlan&, const float*,
                              const float*, const float*, float*);
template void ConvolveByLoops(ThreadPool&, const ConvolvePlan&, const double*,
                              const double*, const double*, double*);

}  // namespace minnow
