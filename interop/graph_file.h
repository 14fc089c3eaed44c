// Graph files by their ending: .pb, .pbtxt, and MXNet's .json.
//
//   absl::StatusOr<Graph> graph = LoadGraph("model-symbol.json", BuiltinOps());
//   absl::Status status = SaveGraph("model.pb", *graph);
#ifndef MINNOW_INTEROP_GRAPH_FILE_H_
#define MINNOW_INTEROP_GRAPH_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/graph/graph.h"

namespace minnow {

// Errors begin with the path.
absl::StatusOr<Graph> LoadGraph(const std::string& path,
                                std::shared_ptr<const OpRegistry> registry);

// An error leaves the file at `path` as it was.
absl::Status SaveGraph(const std::string& path, const Graph& graph);

}  // namespace minnow

#endif  // MINNOW_INTEROP_GRAPH_FILE_H_
