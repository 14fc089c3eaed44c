// The operations of arithmetic, by name, of an element x and an operand.
//
//   kernel.arithmetic = Arithmetic::kSubtract;
#ifndef MINNOW_CORE_ARITHMETIC_H_
#define MINNOW_CORE_ARITHMETIC_H_

#include <cstdint>

namespace minnow {

enum class Arithmetic : uint8_t {
  kNone,
  kAdd,           // x + operand
  kSubtract,      // x - operand
  kSubtractFrom,  // operand - x
  kMultiply,      // x * operand
  kDivide,        // x / operand
  kDivideInto,    // operand / x
};

// The one with x and the operand in each other's place.
constexpr Arithmetic Reversed(Arithmetic op) {
  switch (op) {
    case Arithmetic::kSubtract:
      return Arithmetic::kSubtractFrom;
    case Arithmetic::kSubtractFrom:
      return Arithmetic::kSubtract;
    case Arithmetic::kDivide:
      return Arithmetic::kDivideInto;
    case Arithmetic::kDivideInto:
      return Arithmetic::kDivide;
    default:
      return op;
  }
}

}  // namespace minnow

#endif  // MINNOW_CORE_ARITHMETIC_H_
