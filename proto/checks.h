// What every message is checked for that comes from a file or goes to one.
//
//   MINNOW_RETURN_IF_ERROR(CheckKnownFields(def));
//   MINNOW_RETURN_IF_ERROR(CheckUtf8("name", def.name()));
#ifndef MINNOW_PROTO_CHECKS_H_
#define MINNOW_PROTO_CHECKS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace minnow {

// Whether `text` is UTF-8: no overlong form, no surrogate, nothing after
// U+10FFFF.
bool IsUtf8(absl::string_view text);

// "<what>: expected UTF-8, found '\xff'".
absl::Status CheckUtf8(absl::string_view what, absl::string_view text);

// An error if the message itself (not those in it) has fields that this program
// does not know: to skip them might change the meaning of the file.
absl::Status CheckKnownFields(const google::protobuf::Message& message);

}  // namespace minnow

#endif  // MINNOW_PROTO_CHECKS_H_
