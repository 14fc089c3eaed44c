// Runs single kernels on the rows of op_cases.h, between sentinels.
//
//   for (const Kernel* kernel : KernelsOf(op, c)) {
//     std::vector<TestArray> inputs = MakeInputs(op, *kernel, c, c.inputs);
//     KernelResult result = RunKernel(op, *kernel, c, inputs, threads);
//   }
#ifndef MINNOW_TESTS_OP_HARNESS_H_
#define MINNOW_TESTS_OP_HARNESS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/thread_pool.h"
#include "minnow/graph/op_def.h"
#include "minnow/tests/op_cases.h"

namespace minnow {

// The dense kernels of the operator that apply to the row: in number of
// arguments, attributes and data types.
std::vector<const Kernel*> KernelsOf(const OpDef& op, const OpCase& c);

// The data types of a kernel's arguments, its list as long as `count` demands.
std::vector<DType> ArgDTypes(const OpDef& op, const Kernel& kernel,
                             size_t count);

// The elements of the inputs, rounded to their types.
std::vector<TestArray> MakeInputs(absl::Span<const TestInput> inputs,
                                  absl::Span<const DType> dtypes);
// The same for inputs that all have one shape.
std::vector<TestArray> MakeInputs(absl::Span<const TestInput> inputs,
                                  absl::Span<const DType> dtypes,
                                  const Shape& shape);

struct KernelRun {
  ThreadPool* threads = nullptr;
  // The output lies in the memory of the input.
  std::optional<InplacePair> inplace = {};
};

// All outputs, the hidden ones last. An error if inference or the kernel fails,
// or if something was written that is no output.
absl::StatusOr<std::vector<TestArray>> RunKernel(
    const OpDef& op, const Kernel& kernel, const OpCase& c,
    absl::Span<const TestArray> inputs, const KernelRun& options);

// Empty, or a message about the first element that is too far off.
std::string Compare(const OpCase& c, absl::Span<const TestArray> expected,
                    absl::Span<const TestArray> found);

// Writes values to an array of any type, rounded; integers towards zero and
// modulo 2^bits. And the other way.
void StoreValues(absl::Span<const double> values, DType dtype, void* data);
std::vector<double> LoadValues(const void* data, DType dtype, int64_t n);

}  // namespace minnow

#endif  // MINNOW_TESTS_OP_HARNESS_H_
