// Binding: an array for each variable of a plan.
#ifndef MINNOW_EXECUTOR_BINDING_H_
#define MINNOW_EXECUTOR_BINDING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/ndarray.h"
#include "minnow/graph/graph.h"
#include "minnow/graph/plan.h"

namespace minnow {

using ArraysByName = absl::flat_hash_map<std::string, NDArray>;

// An error that lists all variables of `graph` that have no array and will not
// get one, or that names an array or a constant for which the graph has no
// variable.
// `all` is the graph before it was cut down to the targets: an array that only
// the rest of it needs is no error.
absl::Status CheckBound(const Graph& graph, const Graph& all,
                        const ArraysByName& arrays,
                        absl::Span<const std::string> constants);

// The array of each variable, by node: the one that was given, or a new one.
absl::StatusOr<std::vector<NDArray>> BindVariables(const Plan& plan,
                                                   const ArraysByName& arrays,
                                                   uint64_t seed);

// An error if a variable that the plan writes shares memory with another one.
absl::Status CheckOverlaps(const Plan& plan,
                           const std::vector<NDArray>& arrays);

}  // namespace minnow

#endif  // MINNOW_EXECUTOR_BINDING_H_
