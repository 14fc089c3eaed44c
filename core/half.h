// 16-bit floating point types: values are stored in 16 bits and computed with
// as float.
//
//   Float16 h(0.1f);      // Rounded to the nearest, ties to even.
//   float x = h;          // Exact.
//
// The conversions have no branches, so that loops over them vectorize.
#ifndef MINNOW_CORE_HALF_H_
#define MINNOW_CORE_HALF_H_

#include <bit>
#include <cstdint>

namespace minnow {

// IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits.
class Float16 {
 public:
  Float16() = default;
  constexpr explicit Float16(float value) : bits_(FromFloat(value)) {}
  static constexpr Float16 FromBits(uint16_t bits) {
    Float16 result{};
    result.bits_ = bits;
    return result;
  }
  constexpr uint16_t bits() const { return bits_; }
  constexpr operator float() const { return ToFloat(bits_); }  // NOLINT: exact.

 private:
  static constexpr float ToFloat(uint16_t h) {
    const uint32_t sign = uint32_t{h & 0x8000u} << 16;
    const uint32_t magnitude = uint32_t{h & 0x7fffu} << 13;
    // Scaling by 2^112 moves the exponent to its new bias, subnormals included.
    const float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
    // Infinity and NaN keep the largest exponent.
    const uint32_t special = magnitude | 0x7f800000u;
    const uint32_t bits =
        magnitude >= 0x0f800000u ? special : std::bit_cast<uint32_t>(scaled);
    return std::bit_cast<float>(bits | sign);
  }

  static constexpr uint16_t FromFloat(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const uint32_t sign = (bits >> 16) & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    // A subnormal result: adding 0.5 puts its last bit at the last bit of the
    // sum, which the addition rounds.
    const uint32_t subnormal =
        std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) -
        std::bit_cast<uint32_t>(0.5f);
    // A normal one: new bias, and rounding to even by an addition in front of
    // the shift.
    const uint32_t odd = (magnitude >> 13) & 1u;
    const uint32_t normal = (magnitude - (112u << 23) + 0xfffu + odd) >> 13;
    const uint32_t special = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
    const uint32_t finite = magnitude < (113u << 23) ? subnormal : normal;
    // 65520 and more round to infinity.
    const uint32_t result = magnitude >= 0x477ff000u ? special : finite;
    return static_cast<uint16_t>(result | sign);
  }

  uint16_t bits_;
};

// The upper half of an IEEE 754 binary32: 8 exponent bits, 7 fraction bits.
class BFloat16 {
 public:
  BFloat16() = default;
  constexpr explicit BFloat16(float value) : bits_(FromFloat(value)) {}
  static constexpr BFloat16 FromBits(uint16_t bits) {
    BFloat16 result{};
    result.bits_ = bits;
    return result;
  }
  constexpr uint16_t bits() const { return bits_; }
  constexpr operator float() const {  // NOLINT: exact, so implicit.
    return std::bit_cast<float>(uint32_t{bits_} << 16);
  }

 private:
  static constexpr uint16_t FromFloat(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const uint32_t quiet_nan = (bits >> 16) | 0x40u;
    return static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? quiet_nan
                                                                    : rounded);
  }

  uint16_t bits_;
};

// The type in which values of type T are computed with.
template <typename T>
struct ComputeTypeOf {
  using type = T;
};
template <>
struct ComputeTypeOf<Float16> {
  using type = float;
};
template <>
struct ComputeTypeOf<BFloat16> {
  using type = float;
};
template <typename T>
using ComputeType = typename ComputeTypeOf<T>::type;

}  // namespace minnow

#endif  // MINNOW_CORE_HALF_H_
