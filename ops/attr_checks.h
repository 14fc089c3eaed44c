// What operators say about attributes that make no sense.
#ifndef MINNOW_OPS_ATTR_CHECKS_H_
#define MINNOW_OPS_ATTR_CHECKS_H_

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/core/shape.h"
#include "minnow/core/status.h"

namespace minnow {

using Axes = absl::InlinedVector<size_t, 4>;

// "attribute 'axis': expected ..., found ...".
inline absl::Status BadAttr(absl::string_view name, absl::string_view expected,
                            int64_t found) {
  return absl::InvalidArgumentError(absl::StrCat(
      "attribute '", name, "': expected ", expected, ", found ", found));
}

// ResolveAxis, with an error that names the attribute.
inline absl::StatusOr<size_t> ReadAxis(absl::string_view name, int64_t axis,
                                       size_t rank) {
  absl::StatusOr<size_t> resolved = ResolveAxis(axis, rank);
  if (resolved.ok()) return resolved;
  return Annotate(resolved.status(), absl::StrCat("attribute '", name, "'"));
}

// The same for a list of axes, each of which may stand there once.
inline absl::StatusOr<Axes> ReadAxes(absl::string_view name,
                                     absl::Span<const int64_t> axes,
                                     size_t rank) {
  Axes resolved;
  for (int64_t axis : axes) {
    MINNOW_ASSIGN_OR_RETURN(size_t place, ReadAxis(name, axis, rank));
    for (size_t other : resolved) {
      if (other != place) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("attribute '", name,
                       "': expected each axis once, found ", axis, " again"));
    }
    resolved.push_back(place);
  }
  return resolved;
}

}  // namespace minnow

#endif  // MINNOW_OPS_ATTR_CHECKS_H_
