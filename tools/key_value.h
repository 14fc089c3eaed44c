// Options of the form NAME=VALUE.
#ifndef MINNOW_TOOLS_KEY_VALUE_H_
#define MINNOW_TOOLS_KEY_VALUE_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace minnow {

// Splits at the last "=": names of variables may contain one.
inline absl::StatusOr<std::pair<std::string, std::string>> SplitKeyValue(
    absl::string_view option, absl::string_view text) {
  const size_t at = text.rfind('=');
  if (at == text.npos || at == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, ": expected NAME=VALUE, found '", text, "'"));
  }
  return std::pair(std::string(text.substr(0, at)),
                   std::string(text.substr(at + 1)));
}

}  // namespace minnow

#endif  // MINNOW_TOOLS_KEY_VALUE_H_
