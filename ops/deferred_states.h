// What the operators of deferred weights share: their states.
#ifndef MINNOW_OPS_DEFERRED_STATES_H_
#define MINNOW_OPS_DEFERRED_STATES_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/thread_pool.h"
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
