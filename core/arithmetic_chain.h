// A chain of arithmetic on the elements of arrays, in one pass:
//
//   ArithmeticChain<float> chain;  // y[i] = (1 - 2 * x[i]) * z[i]
//   chain.Append(Arithmetic::kMultiply, 2.0f);
//   chain.Append(Arithmetic::kSubtractFrom, 1.0f);
//   chain.Append(Arithmetic::kMultiply, z);
//   chain.Run(x, y, n);
//
// Some vectors of elements stay in registers from the first operation to the
// last. A loop for each operation would load and store every element each time,
// which takes several times as long as the arithmetic.
//
// The bits are those of one loop for each operation.
#ifndef MINNOW_CORE_ARITHMETIC_CHAIN_H_
#define MINNOW_CORE_ARITHMETIC_CHAIN_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "minnow/core/arithmetic.h"

namespace minnow {

// What happens to an element in turn: x * factor + addend, rounded twice, which
// is what most operations with a number are; and then, unless `op` is kNone, an
// operation with `number`, or with the element of `array` if there is one.
template <typename T>
struct ArithmeticStep {
  T factor = 1;
  T addend = T{-0.0};  // Changes no x, not even 0.
  Arithmetic op = Arithmetic::kNone;
  T number = 0;
  const T* array = nullptr;
};

template <typename T>
class ArithmeticChain {
 public:
  // The most operations, so that none of them needs the heap.
  static constexpr size_t kCapacity = 64;

  // REQUIRES: less than kCapacity operations so far.
  void Append(Arithmetic op, T number);
  void Append(Arithmetic op, const T* array);

  // REQUIRES: x and each array either are y or do not overlap it.
  void Run(const T* x, T* y, int64_t n) const;

 private:
  // The parts of a step, in their order.
  enum Part : uint8_t { kFactor, kAddend, kOperation, kEnd };

  // The last step if it has this part still to come, else a new one.
  ArithmeticStep<T>& StepFor(Part part);

  absl::InlinedVector<ArithmeticStep<T>, kCapacity> steps_;
  Part next_ = kEnd;  // Of the last step: the first part that is free.
};

}  // namespace minnow

#endif  // MINNOW_CORE_ARITHMETIC_CHAIN_H_
