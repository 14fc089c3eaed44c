// Graph to and from GraphDef, in pieces.
//
// Protobuf messages that are written one after the other are the message of
// all their fields, so a graph is written as a sequence of small GraphDefs and
// read as one. The memory that this takes does not grow with the graph, and a
// hostile file cannot ask for much before its first bad node is seen.
//
//   EncodeGraph(graph, [&](const GraphDef& piece) { Write(piece); });
//
//   GraphDefReader reader(registry);
//   while (...) MINNOW_RETURN_IF_ERROR(reader.Add(piece));
//   return reader.Finish();
#ifndef MINNOW_PROTO_GRAPH_DEF_H_
#define MINNOW_PROTO_GRAPH_DEF_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/graph/graph.h"
#include "minnow/graph/op_registry.h"
#include "minnow/proto/graph.pb.h"

namespace minnow {

// Calls `write` with one piece after the other.
absl::Status EncodeGraph(
    const Graph& graph,
    absl::FunctionRef<absl::Status(const GraphDef& piece)> write);

class GraphDefReader {
 public:
  explicit GraphDefReader(std::shared_ptr<const OpRegistry> registry);

  absl::Status Add(const GraphDef& piece);
  // The graph of all pieces, checked.
  // REQUIRES: not called before.
  absl::StatusOr<Graph> Finish();

  size_t num_nodes() const { return graph_.nodes.size(); }

 private:
  // A node whose operator is a placeholder that Finish() makes: how many
  // outputs it needs is known only when all of their readers are.
  struct UnknownNode {
    size_t node;
    std::string op;
    int64_t version;
    size_t num_outputs = 1;
  };

  absl::Status AddNode(const NodeDef& def);
  // Finds the operator of `node` and parses its attributes.
  absl::Status SetOperator(const NodeDef& def, Node& node);
  absl::Status CheckEntries() const;
  absl::Status MakePlaceholders();

  Graph graph_;
  std::vector<UnknownNode> unknown_;
  int64_t entries_ = 0;
  int64_t version_ = 0;
};

}  // namespace minnow

#endif  // MINNOW_PROTO_GRAPH_DEF_H_
