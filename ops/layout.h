// The order of the axes of images, lines and volumes, as attributes name it.
//
//   std::optional<Layout> layout = {};  // A field of an attribute struct.
#ifndef MINNOW_OPS_LAYOUT_H_
#define MINNOW_OPS_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/core/attrs.h"

namespace minnow {

// Example (N), channel (C), depth, height and width.
enum class Layout : uint8_t { kNcw, kNchw, kNcdhw, kNwc, kNhwc, kNdhwc };

inline absl::Span<const EnumName<Layout>> EnumNames(Layout) {
  static constexpr EnumName<Layout> kNames[] = {
      {Layout::kNcw, "NCW"},     {Layout::kNchw, "NCHW"},
      {Layout::kNcdhw, "NCDHW"}, {Layout::kNwc, "NWC"},
      {Layout::kNhwc, "NHWC"},   {Layout::kNdhwc, "NDHWC"}};
  return kNames;
}

inline bool ChannelsLast(Layout layout) { return layout >= Layout::kNwc; }

// One letter for each axis.
inline absl::string_view LayoutName(Layout layout) {
  return EnumNames(Layout())[static_cast<size_t>(layout)].name;
}

}  // namespace minnow

#endif  // MINNOW_OPS_LAYOUT_H_
