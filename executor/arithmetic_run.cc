#include "minnow/executor/arithmetic_run.h"

#include <utility>

#include "minnow/core/arithmetic_chain.h"
#include "minnow/core/convert.h"

namespace minnow {

bool ArithmeticRun::Join(const Kernel& kernel, const void* attrs,
                         absl::Span<const ArrayRef* const> args) {
  if (kernel.arithmetic == Arithmetic::kNone) return false;
  const ArrayRef* const out = args.back();
  const bool begins = operations_.empty();
  if (!begins &&
      (operations_.size() == ArithmeticChain<float>::kCapacity ||
       kernel.args.back().dtype != dtype_ || out->values != out_->values)) {
    return false;
  }
  // The run goes on from the one input or from the other.
  const auto is_operand_of_run = [&](const ArrayRef& array) {
    return array.size == out->size && (begins || array.values == out->values);
  };
  Operation operation = {kernel.arithmetic, kernel.number, attrs, nullptr,
                         false};
  const ArrayRef* in = args[0];
  if (kernel.number == nullptr) {
    operation.array = args[1];
    if (!is_operand_of_run(*in)) {
      std::swap(in, operation.array);
      operation.op = Reversed(operation.op);
    }
    operation.repeated = operation.array->size != out->size;
    // What the run has left there is in registers.
    if (!begins && operation.array->values == out->values) return false;
  }
  if (!is_operand_of_run(*in)) return false;
  if (begins) {
    dtype_ = kernel.args.back().dtype;
    in_ = in;
    out_ = out;
  }
  operations_.push_back(operation);
  return true;
}

template <typename T>
void ArithmeticRun::RunAs(int64_t begin, int64_t end) const {
  ArithmeticChain<T> chain;
  for (const Operation& operation : operations_) {
    if (operation.number != nullptr) {
      chain.Append(operation.op, Convert<T>(operation.number(operation.attrs)));
      continue;
    }
    const T* const operand = static_cast<const T*>(operation.array->values);
    if (operation.repeated) {
      chain.Append(operation.op, *operand);
    } else {
      chain.Append(operation.op, operand + begin);
    }
  }
  chain.Run(static_cast<const T*>(in_->values) + begin,
            static_cast<T*>(out_->values) + begin, end - begin);
}

void ArithmeticRun::Run(int64_t begin, int64_t end) const {
  if (dtype_ == DType::kFloat64) {
    RunAs<double>(begin, end);
  } else {
    RunAs<float>(begin, end);
  }
}

}  // namespace minnow
