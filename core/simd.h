// Vector code for the processor at hand.
//
// A kernel writes a plain loop, once, and `Vectorize` runs the copy of it that
// was compiled for the best instruction set that this processor has:
//
//   Vectorize([=]() MINNOW_INLINE {
//     for (size_t i = 0; i < n; ++i) y[i] = x[i] * x[i];
//   });
//
// There is no separate scalar code that could disagree with the vector code,
// and as the build sets -ffp-contract=off, every copy computes the same bits.
// A lambda without MINNOW_INLINE would silently run baseline code.
#ifndef MINNOW_CORE_SIMD_H_
#define MINNOW_CORE_SIMD_H_

#include <cstdint>

#include "absl/types/span.h"

#define MINNOW_INLINE __attribute__((always_inline))

namespace minnow {

// What sanitizers look at is the loop, and it takes them minutes: their builds
// have one copy of each.
#ifdef MINNOW_BASELINE_ONLY
inline constexpr bool kBaselineOnly = true;
#else
inline constexpr bool kBaselineOnly = false;
#endif

enum class Isa : uint8_t { kBaseline, kAvx2, kAvx512 };

// The best instruction set that this processor has and that there are copies
// for.
Isa BestIsa();

// All of these.
absl::Span<const Isa> SupportedIsas();

// What Vectorize uses: BestIsa(), unless a test says otherwise.
Isa ActiveIsa();

// Tests run every copy of a kernel: while it lives, Vectorize uses `isa`, and
// so do the functions of Google Highway, in all threads.
class ScopedIsa {
 public:
  explicit ScopedIsa(Isa isa);
  ~ScopedIsa();
  ScopedIsa(const ScopedIsa&) = delete;
  ScopedIsa& operator=(const ScopedIsa&) = delete;

 private:
  Isa previous_;
};

namespace internal {

template <typename Loop>
[[gnu::target("avx512f,avx512vl,avx512dq,avx512bw"), gnu::noinline]] void
RunAvx512(const Loop& loop) {
  loop();
}

template <typename Loop>
[[gnu::target("avx2,f16c"), gnu::noinline]] void RunAvx2(const Loop& loop) {
  loop();
}

}  // namespace internal

template <typename Loop>
void Vectorize(const Loop& loop) {
  if constexpr (!kBaselineOnly) {
    switch (ActiveIsa()) {
      case Isa::kAvx512:
        return internal::RunAvx512(loop);
      case Isa::kAvx2:
        return internal::RunAvx2(loop);
      case Isa::kBaseline:
        break;
    }
  }
  loop();
}

}  // namespace minnow

#endif  // MINNOW_CORE_SIMD_H_
