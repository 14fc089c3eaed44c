// Help for those who mistype.
//
//   DidYouMean("momentun", {"lr", "momentum"});
//       // "; did you mean 'momentum'?"
//   DidYouMean("x", {"lr", "momentum"});  // ""
#ifndef MINNOW_CORE_NEAREST_NAME_H_
#define MINNOW_CORE_NEAREST_NAME_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace minnow {

// The end of an error message: empty if no name is near.
std::string DidYouMean(absl::string_view name,
                       absl::Span<const absl::string_view> known);

}  // namespace minnow

#endif  // MINNOW_CORE_NEAREST_NAME_H_
