#include "minnow/executor/machine_limits.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "minnow/core/highway_targets.h"
#include "minnow/core/simd.h"
#include "minnow/core/thread_pool.h"

// Highway includes this file again for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "minnow/executor/machine_limits.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace minnow {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Does so many rounds of multiplications and additions that do not wait for one
// another, and returns how many of both it did.
HWY_ATTR double MultiplyAndAdd(int64_t rounds, float* sink) {
  const hn::ScalableTag<float> d;
  // As many as the latency of two units takes.
  const auto factor = hn::Set(d, 0.999f), term = hn::Set(d, 0.001f);
  auto a = term, b = term, c = term, e = term, f = term;
  auto g = term, h = term, i = term, j = term, k = term;
  for (int64_t round = 0; round < rounds; ++round) {
    a = hn::MulAdd(a, factor, term);
    b = hn::MulAdd(b, factor, term);
    c = hn::MulAdd(c, factor, term);
    e = hn::MulAdd(e, factor, term);
    f = hn::MulAdd(f, factor, term);
    g = hn::MulAdd(g, factor, term);
    h = hn::MulAdd(h, factor, term);
    i = hn::MulAdd(i, factor, term);
    j = hn::MulAdd(j, factor, term);
    k = hn::MulAdd(k, factor, term);
  }
  const auto sum =
      hn::Add(hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(f, g)),
              hn::Add(hn::Add(h, i), hn::Add(j, k)));
  *sink = hn::GetLane(sum);
  return 20.0 * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

}  // namespace HWY_NAMESPACE
}  // namespace minnow
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow {
namespace {

HWY_EXPORT(MultiplyAndAdd);

// The seconds that the fastest of some calls takes.
template <typename F>
double LeastSeconds(const F& f) {
  using Clock = std::chrono::steady_clock;
  auto best = Clock::duration::max();
  for (int repeat = 0; repeat < 4; ++repeat) {
    const auto begin = Clock::now();
    f();
    best = std::min(best, Clock::now() - begin);
  }
  return std::chrono::duration<double>(best).count();
}

double BytesPerSecond(ThreadPool& pool) {
  // Larger than the caches of one processor.
  constexpr int64_t kSize = int64_t{1} << 24;
  constexpr int64_t kGrain = int64_t{1} << 16;
  std::vector<float> values(static_cast<size_t>(kSize), 1.0f);
  const double seconds = LeastSeconds([&] {
    ParallelFor(pool, kSize, kGrain, [&](int64_t first, int64_t last) {
      Vectorize([first, last, x = values.data()]() MINNOW_INLINE {
        for (int64_t i = first; i < last; ++i) x[i] *= 0.5f;
      });
    });
  });
  return 2.0 * static_cast<double>(kSize * sizeof(float)) / seconds;
}

double FlopsPerSecond(ThreadPool& pool) {
  constexpr int64_t kRounds = 20'000;
  // Enough for all threads to be busy for most of the time.
  const int64_t blocks = int64_t{16} * pool.num_threads();
  std::vector<float> sinks(static_cast<size_t>(blocks));
  double flops = 0;
  const double seconds = LeastSeconds([&] {
    std::vector<double> counts(static_cast<size_t>(blocks));
    pool.Run(blocks, [&](int64_t block) {
      const auto i = static_cast<size_t>(block);
      counts[i] = HWY_DYNAMIC_DISPATCH(MultiplyAndAdd)(kRounds, &sinks[i]);
    });
    flops = 0;
    for (const double count : counts) flops += count;
  });
  return flops / seconds;
}

}  // namespace

MachineLimits MeasureMachine(int threads) {
  ThreadPool pool(threads);
  return {BytesPerSecond(pool), FlopsPerSecond(pool)};
}

}  // namespace minnow
#endif  // HWY_ONCE
