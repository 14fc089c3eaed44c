// The operators that graphs are made of.
//
//   std::shared_ptr<const OpRegistry> ops = BuiltinOps();   // In ops/.
//   ops->Find("sgd_mom_update");
//
//   // With an operator of one's own:
//   auto mine = std::make_shared<OpRegistry>(*BuiltinOps());
//   MINNOW_RETURN_IF_ERROR(mine->Add(CubeOp()));
//   GraphBuilder b(mine);
//
// A registry that is shared does not change any more: builders, graphs and
// executors hold it as const.
#ifndef MINNOW_GRAPH_OP_REGISTRY_H_
#define MINNOW_GRAPH_OP_REGISTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/graph/op_def.h"

namespace minnow {

class OpRegistry {
 public:
  // An error if `op` contradicts itself, or if one of its names is taken.
  absl::Status Add(OpDef op);

  // By name or alias; null if there is none.
  const OpDef* Find(absl::string_view name) const;
  // The same; the error suggests the nearest name.
  absl::StatusOr<const OpDef*> Get(absl::string_view name) const;

  // In the order in which they were added.
  absl::Span<const std::shared_ptr<const OpDef>> ops() const { return ops_; }

 private:
  std::vector<std::shared_ptr<const OpDef>> ops_;  // Shared with copies.
  absl::flat_hash_map<std::string, const OpDef*> by_name_;
};

}  // namespace minnow

#endif  // MINNOW_GRAPH_OP_REGISTRY_H_
