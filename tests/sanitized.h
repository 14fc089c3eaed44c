// How much a test does where sanitizers make each step ten times as long.
//
//   constexpr int kNodes = ChainLength(1'000'000);
#ifndef MINNOW_TESTS_SANITIZED_H_
#define MINNOW_TESTS_SANITIZED_H_

#include "minnow/core/simd.h"

namespace minnow {

inline constexpr bool kSanitized = kBaselineOnly;

// The length of a chain: a tenth of it under sanitizers.
constexpr int ChainLength(int length) {
  return kSanitized ? length / 10 : length;
}

}  // namespace minnow

#endif  // MINNOW_TESTS_SANITIZED_H_
