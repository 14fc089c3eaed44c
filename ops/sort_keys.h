// Sorting keys: unsigned integers whose order is that in which elements are to
// be sorted.
//
//   uint32_t key = SortKey(x, /*descending=*/false);
//   x = FromSortKey<float>(key, false);
//
// NaN comes last in either direction. -0 comes before 0, but for keys with an
// index, which take them as equal.
#ifndef MINNOW_OPS_SORT_KEYS_H_
#define MINNOW_OPS_SORT_KEYS_H_

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "minnow/core/half.h"
#include "minnow/core/simd.h"

namespace minnow {

namespace internal {

template <size_t bytes>
using UnsignedOfSize = std::conditional_t<
    bytes == 1, uint8_t,
    std::conditional_t<bytes == 2, uint16_t,
                       std::conditional_t<bytes == 4, uint32_t, uint64_t>>>;

// The bits of infinity; 0 for types that are no floating ones.
template <typename T>
constexpr uint64_t InfinityBits() {
  if constexpr (std::is_same_v<T, Float16>) return 0x7c00;
  if constexpr (std::is_same_v<T, BFloat16>) return 0x7f80;
  if constexpr (std::is_same_v<T, float>) return 0x7f800000;
  if constexpr (std::is_same_v<T, double>) return uint64_t{0x7ff} << 52;
  return 0;
}

}  // namespace internal

template <typename T>
using SortKeyOf = internal::UnsignedOfSize<sizeof(T)>;

template <typename T>
MINNOW_INLINE inline SortKeyOf<T> SortKey(T x, bool descending) {
  using U = SortKeyOf<T>;
  constexpr U kSign = U(U{1} << (8 * sizeof(U) - 1));
  constexpr U kInfinity = static_cast<U>(internal::InfinityBits<T>());
  const U flip = descending ? U(~U{0}) : U{0};
  if constexpr (kInfinity == 0) {
    const U sign = std::is_signed_v<T> ? kSign : U{0};
    return U(static_cast<U>(x) ^ sign ^ flip);
  } else {
    const U bits = std::bit_cast<U>(x);
    const U key = U(bits ^ ((bits & kSign) != 0 ? U(~U{0}) : kSign) ^ flip);
    return U(bits & ~kSign) > kInfinity ? U(~U{0}) : key;
  }
}

template <typename T>
MINNOW_INLINE inline T FromSortKey(SortKeyOf<T> key, bool descending) {
  using U = SortKeyOf<T>;
  constexpr U kSign = U(U{1} << (8 * sizeof(U) - 1));
  const U flip = descending ? U(~U{0}) : U{0};
  const U unflipped = U(key ^ flip);
  if constexpr (internal::InfinityBits<T>() == 0) {
    return static_cast<T>(U(unflipped ^ (std::is_signed_v<T> ? kSign : U{0})));
  } else {
    const U bits = U(unflipped ^ ((unflipped & kSign) != 0 ? kSign : U(~U{0})));
    return std::bit_cast<T>(key == U(~U{0}) ? U(~kSign) : bits);
  }
}

// A key of 64 bits and an index, in the order of the key, then of the index.
// The layout is that of a 128-bit integer.
struct WideKey {
  uint64_t index;
  uint64_t key;

  friend bool operator<(const WideKey& a, const WideKey& b) {
    return a.key < b.key || (a.key == b.key && a.index < b.index);
  }
};

// What holds a sorting key and an index: of less than 2^32 unless T has 64
// bits.
template <typename T>
using IndexedKeyOf = std::conditional_t<sizeof(T) == 8, WideKey, uint64_t>;

// As SortKey, but -0 has the key of 0.
template <typename T>
MINNOW_INLINE inline SortKeyOf<T> EqualZerosKey(T x, bool descending) {
  if constexpr (internal::InfinityBits<T>() != 0) {
    using U = SortKeyOf<T>;
    const U bits = std::bit_cast<U>(x);
    x = std::bit_cast<T>(U(bits << 1) == 0 ? U{0} : bits);
  }
  return SortKey(x, descending);
}

template <typename T>
MINNOW_INLINE inline IndexedKeyOf<T> KeyWithIndex(T x, uint64_t index,
                                                  bool descending) {
  const uint64_t key = EqualZerosKey(x, descending);
  if constexpr (sizeof(T) == 8) {
    return {index, key};
  } else {
    return key << 32 | index;
  }
}

// The parts of a key with an index.
inline uint64_t ValueOf(const WideKey& key) { return key.key; }
inline uint64_t ValueOf(uint64_t key) { return key >> 32; }
inline int64_t IndexOf(const WideKey& key) {
  return static_cast<int64_t>(key.index);
}
inline int64_t IndexOf(uint64_t key) {
  return static_cast<int64_t>(key & 0xffffffffu);
}

}  // namespace minnow

#endif  // MINNOW_OPS_SORT_KEYS_H_
