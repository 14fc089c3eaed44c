// Random numbers that do not depend on the order in which they are drawn.
//
// Philox 4x32-10 (J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011) maps a key and a counter to 128 bits.
// The number for an element is a function of (seed, stream, run, element,
// attempt), so any thread can make it, and a resumed run goes on with the same
// numbers.
//
//   RandomKey key{.seed = 1, .stream = 7, .run = 0};
//   PhiloxGenerator random(key);
//   float u = UniformFloat(random(element)[0]);   // In [0, 1).
#ifndef MINNOW_CORE_PHILOX_H_
#define MINNOW_CORE_PHILOX_H_

#include <array>
#include <cstdint>

#include "minnow/core/simd.h"

namespace minnow {

// What a random operator draws from: the user's seed, the stream of its node,
// and the number of the executor's run.
struct RandomKey {
  uint64_t seed = 0;
  uint64_t stream = 0;
  uint64_t run = 0;
};

using PhiloxBits = std::array<uint32_t, 4>;

// Ten rounds over one counter.
MINNOW_INLINE inline PhiloxBits Philox(uint64_t key, PhiloxBits counter) {
  uint32_t k0 = static_cast<uint32_t>(key);
  uint32_t k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ k0,
               static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ k1,
               static_cast<uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return counter;
}

class PhiloxGenerator {
 public:
  explicit PhiloxGenerator(const RandomKey& key) : run_(key.run) {
    // A key has 64 bits: seed and stream are mixed by Philox itself.
    const PhiloxBits mixed =
        Philox(key.seed, {static_cast<uint32_t>(key.stream),
                          static_cast<uint32_t>(key.stream >> 32), 0, 0});
    key_ = mixed[0] | uint64_t{mixed[1]} << 32;
  }

  // 128 bits for an element below 2^48. A method that rejects draws asks
  // again with the next attempt.
  MINNOW_INLINE PhiloxBits operator()(uint64_t element,
                                      uint16_t attempt = 0) const {
    return Philox(
        key_, {static_cast<uint32_t>(element),
               static_cast<uint32_t>(element >> 32) | uint32_t{attempt} << 16,
               static_cast<uint32_t>(run_), static_cast<uint32_t>(run_ >> 32)});
  }

 private:
  uint64_t key_;
  uint64_t run_;
};

// Uniform in [0, 1), a multiple of 2^-24.
MINNOW_INLINE inline float UniformFloat(uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1p-24f;
}
// Uniform in [0, 1), a multiple of 2^-53.
MINNOW_INLINE inline double UniformDouble(uint32_t high, uint32_t low) {
  return static_cast<double>((uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}
// A standard normal number from two uniform ones (G. Box, M. Muller, 1958).
double Normal(PhiloxBits bits);

}  // namespace minnow

#endif  // MINNOW_CORE_PHILOX_H_
