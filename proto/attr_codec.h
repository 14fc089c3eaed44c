// Attributes to and from protobuf.
//
//   AttrDef def;
//   MINNOW_RETURN_IF_ERROR(EncodeAttr({"lr", 0.1f}, def));
//   MINNOW_ASSIGN_OR_RETURN(NamedAttr attr, DecodeAttr(def));
#ifndef MINNOW_PROTO_ATTR_CODEC_H_
#define MINNOW_PROTO_ATTR_CODEC_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/attr_value.h"
#include "minnow/proto/graph.pb.h"

namespace minnow {

// Overwrites `def`. Errors, also when decoding, name the attribute.
absl::Status EncodeAttr(const NamedAttr& attr, AttrDef& def);
absl::StatusOr<NamedAttr> DecodeAttr(const AttrDef& def);

}  // namespace minnow

#endif  // MINNOW_PROTO_ATTR_CODEC_H_
