// Running a graph on named arrays, as `minnow run` does.
//
//   RunOptions options;
//   options.backward = true;
//   absl::StatusOr<std::vector<NamedArray>> results =
//       RunGraph(graph, *ReadParamsFile("inputs.params"), options);
//
// Inputs: arg:NAME or aux:NAME for each variable, head:K for the gradient of
// the output K (ones without it), gradinit:NAME for the start of a gradient
// that is added to.
// Results: out:K for each output; aux:NAME for each state, as it is afterwards;
// with `backward` grad:NAME for each argument whose request is not kNull.
#ifndef MINNOW_INTEROP_RUN_H_
#define MINNOW_INTEROP_RUN_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/graph/graph.h"
#include "minnow/interop/mxnet_params.h"

namespace minnow {

// What becomes of the gradient of an argument.
enum class GradientRequest : uint8_t { kWrite, kAdd, kNull };

struct RunOptions {
  bool training = false;
  bool backward = false;
  // By the name of the argument; kWrite where it is not named.
  absl::flat_hash_map<std::string, GradientRequest> gradient_requests = {};
  // Outputs that are written over a variable.
  std::vector<std::pair<size_t, std::string>> inplace = {};
  uint64_t seed = 0;
  int threads = 0;
  bool strict_storage = false;
};

absl::StatusOr<std::vector<NamedArray>> RunGraph(
    const Graph& graph, absl::Span<const NamedArray> inputs,
    const RunOptions& options);

}  // namespace minnow

#endif  // MINNOW_INTEROP_RUN_H_
