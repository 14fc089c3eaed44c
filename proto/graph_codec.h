// Graphs to and from files: binary (.pb) and text (.pbtxt) protobuf.
//
//   absl::StatusOr<std::string> bytes = SerializeGraph(graph);
//   absl::StatusOr<Graph> same = ParseGraph(*bytes, BuiltinOps());
//
// graph.proto says what a file holds, and how old and new ones get along.
// Equal graphs have equal bytes, on any machine.
//
// Files are not trusted: whatever the bytes are, the result is a graph that
// ValidateGraph() accepts, or an error that names the place, node or operator.
// A node whose operator the registry lacks becomes one of a placeholder
// (OpDef::unknown): it can be printed and written again, with the same bytes,
// and fails when the graph is bound.
#ifndef MINNOW_PROTO_GRAPH_CODEC_H_
#define MINNOW_PROTO_GRAPH_CODEC_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "minnow/graph/graph.h"
#include "minnow/graph/op_registry.h"

namespace minnow {

// The version of the files that this program writes, and the last that it
// reads.
inline constexpr int64_t kGraphVersion = 1;

struct ParseGraphOptions {
  // Of the whole input; never more than protobuf's 2 GiB.
  int64_t max_bytes = int64_t{1} << 30;
  // Of one node in the binary form. In memory a node takes up to about 30 times
  // as much.
  int64_t max_node_bytes = int64_t{1} << 24;
};

// An error if a name or text is not UTF-8, or if the result has 2 GiB.
absl::StatusOr<std::string> SerializeGraph(const Graph& graph);
absl::StatusOr<Graph> ParseGraph(absl::string_view bytes,
                                 std::shared_ptr<const OpRegistry> registry,
                                 const ParseGraphOptions& options = {});

// The same as text. Errors in the syntax name line and column.
absl::StatusOr<std::string> GraphToText(const Graph& graph);
absl::StatusOr<Graph> GraphFromText(absl::string_view text,
                                    std::shared_ptr<const OpRegistry> registry,
                                    const ParseGraphOptions& options = {});

}  // namespace minnow

#endif  // MINNOW_PROTO_GRAPH_CODEC_H_
