// MXNet's symbol JSON: graphs in and out.
//
//   absl::StatusOr<std::string> json = ReadFile("model-symbol.json");
//   absl::StatusOr<Graph> graph =
//       ParseMxnetJson(*std::move(json), BuiltinOps());
//   absl::StatusOr<std::string> again = SerializeMxnetJson(*graph);
//
// Files of all versions up to MXNet 1.9.1 are read, with the repairs that MXNet
// makes on old ones. What differs between the two worlds:
//   - Variables of one name are one variable.
//   - Nodes have unique names: a second node "fc" is named "fc_1".
//   - Operators of MXNet change variables in place, in the order of the file. A
//     use of a variable behind a node that changes it becomes a use of that
//     node's hidden output, and the last such value is the variable's update.
//   - In most files a dimension of 0 is unknown (see mxnet_attrs.h).
// Nodes that no head needs are not taken over.
#ifndef MINNOW_INTEROP_MXNET_JSON_H_
#define MINNOW_INTEROP_MXNET_JSON_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "minnow/graph/graph.h"

namespace minnow {

// The text may be anything: errors name the node, and what was expected and
// found. Operators that `registry` lacks become placeholders.
absl::StatusOr<Graph> ParseMxnetJson(
    std::string json, std::shared_ptr<const OpRegistry> registry);

// An error that lists all that MXNet cannot say: operators it lacks, updates
// that are not a mutating operator's own, and uses of a variable's old value
// behind a node that changes it.
absl::StatusOr<std::string> SerializeMxnetJson(const Graph& graph);

}  // namespace minnow

#endif  // MINNOW_INTEROP_MXNET_JSON_H_
