// Conversion between element types, with a result for every value.
//
//   Convert<int8_t>(3.7f);      // 3: towards zero, as C++ does.
//   Convert<int32_t>(1e20);     // The largest int32.
//   Convert<int32_t>(NAN);      // 0
//   Convert<int8_t>(300);       // 44: modulo 2^8.
//
// To a 16-bit float it goes by way of float, rounding twice.
#ifndef MINNOW_CORE_CONVERT_H_
#define MINNOW_CORE_CONVERT_H_

#include <limits>
#include <type_traits>

#include "minnow/core/half.h"

namespace minnow {

template <typename To, typename From>
constexpr To Convert(From from) {
  using Source = ComputeType<From>;
  const Source value = static_cast<Source>(from);
  if constexpr (std::is_same_v<To, Float16> || std::is_same_v<To, BFloat16>) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != Source{0};
  } else if constexpr (std::is_floating_point_v<Source> &&
                       std::is_integral_v<To>) {
    // In C++ a value outside the range of To is undefined. Both bounds are
    // compared as powers of two, which are exact.
    constexpr Source kTop =
        static_cast<Source>(std::numeric_limits<To>::max() / 2 + 1) * 2;
    constexpr Source kBottom =
        static_cast<Source>(std::numeric_limits<To>::min());
    if (value != value) return To{0};
    if (value >= kTop) return std::numeric_limits<To>::max();
    if (value <= kBottom) return std::numeric_limits<To>::min();
    return static_cast<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace minnow

#endif  // MINNOW_CORE_CONVERT_H_
