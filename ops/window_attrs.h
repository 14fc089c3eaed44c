// Attributes of operators whose windows slide over one to three spatial axes:
// Pooling, Convolution, Deconvolution.
//
//   MINNOW_RETURN_IF_ERROR(CheckKernel(a.kernel));
//   MINNOW_RETURN_IF_ERROR(CheckWindowList("stride", a.stride, a.kernel, 1));
//   const int64_t stride = WindowNumber(a.stride, axis, 1);
#ifndef MINNOW_OPS_WINDOW_ATTRS_H_
#define MINNOW_OPS_WINDOW_ATTRS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/core/status.h"
#include "minnow/graph/inference.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/layout.h"

namespace minnow {

// So that sums of products of two fit into 64 bits; MXNet has the same limit.
inline constexpr int64_t kMaxWindowSize = std::numeric_limits<int32_t>::max();

// Of a list with a number for each spatial axis, or none.
inline int64_t WindowNumber(absl::Span<const int64_t> list, size_t i,
                            int64_t otherwise) {
  return list.empty() ? otherwise : list[i];
}

// One number, at least `least`, for each of `kernel`; or none. An empty kernel
// has no number of its own.
inline absl::Status CheckWindowList(absl::string_view name,
                                    absl::Span<const int64_t> list,
                                    absl::Span<const int64_t> kernel,
                                    int64_t least) {
  if (!list.empty() && !kernel.empty() && list.size() != kernel.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute '", name, "': expected ", kernel.size(),
                     " numbers, as kernel has, found ", list.size()));
  }
  for (int64_t x : list) {
    if (x < least || x > kMaxWindowSize) {
      return BadAttr(name, absl::StrCat(least, " to ", kMaxWindowSize), x);
    }
  }
  return absl::OkStatus();
}

inline absl::Status CheckKernel(absl::Span<const int64_t> kernel) {
  if (kernel.empty() || kernel.size() > 3) {
    return BadAttr("kernel", "one to three numbers",
                   static_cast<int64_t>(kernel.size()));
  }
  return CheckWindowList("kernel", kernel, kernel, 1);
}

// That input `i`, of known rank, has the axes of images, lines or volumes.
inline absl::Status CheckSpatialRank(const ShapeInference& node, size_t i,
                                     absl::Span<const int64_t> kernel,
                                     std::optional<Layout> layout) {
  const size_t rank = node.input(i).rank();
  if (rank < 3 || rank > 5) return node.InputError(i, "three to five axes");
  if (!kernel.empty() && rank != kernel.size() + 2) {
    return node.InputError(
        i, absl::StrCat(kernel.size() + 2, " axes, for a kernel of ",
                        kernel.size(), " numbers"));
  }
  if (layout.has_value() && LayoutName(*layout).size() != rank) {
    return node.InputError(
        i, absl::StrCat(LayoutName(*layout).size(), " axes, for the layout ",
                        LayoutName(*layout)));
  }
  return absl::OkStatus();
}

// That a window of this extent fits into the padded size of an axis.
inline absl::Status CheckWindowFits(int64_t extent, size_t axis,
                                    int64_t padded) {
  if (extent <= padded) return absl::OkStatus();
  return BadAttr("kernel",
                 absl::StrCat("at most ", padded, ", the size of axis ", axis,
                              " with its padding"),
                 extent);
}

}  // namespace minnow

#endif  // MINNOW_OPS_WINDOW_ATTRS_H_
