// What the operators of deferred weights share: their states.
#ifndef MINNOW_OPS_DEFERRED_STATES_H_
#define MINNOW_OPS_DEFERRED_STATES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/dtype.h"
#include "minnow/core/thread_pool.h"
#include "minnow/core/view.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/deferred_history.h"

namespace minnow {

// The steps in the history.
template <typename Number>
absl::StatusOr<int64_t> StepsNow(const DeferredHistory<Number>& history,
                                 int64_t step) {
  if (step >= 0) return step % history.num_steps();
  return absl::InvalidArgumentError(absl::StrCat(
      "argument 'step': expected a number of steps, found ", step));
}

// An error unless each row row_of(i), for i in [0, n), has taken 0 to `now`
// steps.
absl::Status CheckLast(ThreadPool& threads, const int32_t* last, int64_t now,
                       int64_t n, absl::FunctionRef<int64_t(int64_t i)> row_of);

// Rows of a weight, and of its momentum.
struct DeferredTable {
  DType dtype;
  int64_t num_rows, row_size;
  std::byte* weight;
  std::byte* mom;

  int64_t row_bytes() const {
    return row_size * static_cast<int64_t>(DTypeSize(dtype));
  }
};
// Of arrays as kernels get them, see any_dtype.h.
template <typename Array>
DeferredTable TableOf(const Array& weight, const Array& mom) {
  const auto bytes = [](const void* values) {
    return static_cast<std::byte*>(const_cast<void*>(values));
  };
  return {weight.dtype, weight.dims[0], internal::RowSize(weight.dims),
          bytes(weight.data), bytes(mom.data)};
}

// A row as it is read and written; null where it is not.
struct RowAccess {
  const std::byte* from;
  std::byte* to;
};

// Calls f(size, at) for parts of three rows, as arrays of float or double: rows
// of 16-bit elements are converted before and after.
void VisitInFloats(
    DType dtype, int64_t row_size, const std::array<RowAccess, 3>& rows,
    absl::FunctionRef<void(int64_t size, std::byte* const* at)> f);

// The inputs that all have, by their places in an operator.
struct Places {
  size_t weight, mom, last, history, step;
};
inline constexpr Places kRowsPlaces = {0, 1, 2, 3, 4};
inline constexpr Places kUpdatePlaces = {0, 2, 3, 4, 5};

absl::Status InferStates(ShapeInference& node, const Places& places);
absl::Status InferStateTypes(DTypeInference& node, const Places& places);

// Of deferred_rows.cc: those that read rows.
std::vector<OpDef> DeferredRowsOps();

}  // namespace minnow

#endif  // MINNOW_OPS_DEFERRED_STATES_H_
