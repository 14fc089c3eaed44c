// Whole numbers, rounded up.
//
//   const int64_t blocks = DivideUp(size, kBlock);  // The last may be smaller.
//   const int64_t bytes = RoundUp(size * item, 64);
#ifndef MINNOW_CORE_ROUND_UP_H_
#define MINNOW_CORE_ROUND_UP_H_

#include <cstdint>

namespace minnow {

// x / y. REQUIRES: x >= 0, y > 0, and x + y fits.
constexpr int64_t DivideUp(int64_t x, int64_t y) { return (x + y - 1) / y; }

// The least multiple of `unit` that is not below x. REQUIRES: as above.
constexpr int64_t RoundUp(int64_t x, int64_t unit) {
  return DivideUp(x, unit) * unit;
}

}  // namespace minnow

#endif  // MINNOW_CORE_ROUND_UP_H_
