// Attributes in MXNet's symbol JSON: text, to be translated to typed ones.
//
// The translations differ from plain parsing in what a 0 in a shape means:
// MXNet's older convention, which most files follow, is that a dimension of 0,
// and a shape without dimensions, are unknown. In a file that says is_np_shape
// they are what they say, and -1 and None are unknown.
#ifndef MINNOW_INTEROP_MXNET_ATTRS_H_
#define MINNOW_INTEROP_MXNET_ATTRS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "minnow/graph/graph.h"

namespace minnow {

// Names and texts.
using MxnetAttrs = std::vector<Annotation>;

// "__lr_mult__" and the like: kept with a node, not parsed by its operator.
bool IsMxnetAnnotation(absl::string_view key);

// Removes from `texts` what says shape, dtype, storage or initializer, and
// returns it. An initializer that minnow has not got stays an annotation.
absl::StatusOr<VariableAttrs> TakeVariableAttrs(bool np_shape,
                                                MxnetAttrs& texts);
// The inverse.
MxnetAttrs VariableAttrTexts(const VariableAttrs& attrs, bool np_shape);

absl::StatusOr<Attrs> ParseOpAttrs(const OpDef& op, bool np_shape,
                                   const MxnetAttrs& texts);
// The inverse. Defaults are left out.
MxnetAttrs OpAttrTexts(const Node& node, bool np_shape);

// Whether a shape among the attributes can be written in a file with np_shape
// only.
bool NeedsNpShape(const Node& node);

}  // namespace minnow

#endif  // MINNOW_INTEROP_MXNET_ATTRS_H_
