// Steps of a fused chain that are arithmetic on one array, each on what the one
// before has left there: nobody sees the numbers between them, so these stay in
// registers (see core/arithmetic_chain.h).
//
//   ArithmeticRun run;
//   run.Join(kernel, attrs, args);  // And others, as long as it is true.
//   run.Run(begin, end);
#ifndef MINNOW_EXECUTOR_ARITHMETIC_RUN_H_
#define MINNOW_EXECUTOR_ARITHMETIC_RUN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "minnow/core/view.h"
#include "minnow/graph/kernel.h"

namespace minnow {

class ArithmeticRun {
 public:
  // Whether the step continues the run, or is arithmetic that begins it: then
  // it has joined. `attrs` and `args` have to live as long as this object.
  bool Join(const Kernel& kernel, const void* attrs,
            absl::Span<const ArrayRef* const> args);

  // The number of steps that have joined.
  size_t size() const { return operations_.size(); }

  // The elements [begin, end) of all of them.
  void Run(int64_t begin, int64_t end) const;

 private:
  struct Operation {
    Arithmetic op;
    // The operand is an attribute, or an array, or its one element.
    decltype(Kernel::number) number;
    const void* attrs;
    const ArrayRef* array;
    bool repeated;
  };

  template <typename T>
  void RunAs(int64_t begin, int64_t end) const;

  std::vector<Operation> operations_;
  DType dtype_ = {};
  const ArrayRef* in_ = nullptr;
  const ArrayRef* out_ = nullptr;
};

}  // namespace minnow

#endif  // MINNOW_EXECUTOR_ARITHMETIC_RUN_H_
