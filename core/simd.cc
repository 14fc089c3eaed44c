#include "minnow/core/simd.h"

#include <atomic>

#include "hwy/targets.h"

namespace minnow {
namespace {

// A hook for tests, changed while no kernel runs.
std::atomic<Isa>& Active() {
  static std::atomic<Isa> active = BestIsa();
  return active;
}

int64_t HighwayTarget(Isa isa) {
  switch (isa) {
    case Isa::kAvx512:
      return HWY_AVX3;
    case Isa::kAvx2:
      return HWY_AVX2;
    case Isa::kBaseline:
      break;
  }
  return HWY_STATIC_TARGET;
}

void SetActive(Isa isa) {
  Active() = isa;
  hwy::SetSupportedTargetsForTest(HighwayTarget(isa));
}

}  // namespace

Isa BestIsa() {
  if (kBaselineOnly) return Isa::kBaseline;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw")) {
    return Isa::kAvx512;
  }
  // Every processor with AVX2 has F16C, which gcc's builtin cannot ask for.
  if (__builtin_cpu_supports("avx2")) return Isa::kAvx2;
  return Isa::kBaseline;
}

absl::Span<const Isa> SupportedIsas() {
  static constexpr Isa kAll[] = {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512};
  return absl::MakeConstSpan(kAll, static_cast<size_t>(BestIsa()) + 1);
}

Isa ActiveIsa() { return Active().load(std::memory_order_relaxed); }

ScopedIsa::ScopedIsa(Isa isa) : previous_(ActiveIsa()) { SetActive(isa); }

ScopedIsa::~ScopedIsa() { SetActive(previous_); }

}  // namespace minnow
