// Passing errors on.
//
// Nothing in minnow throws or aborts on bad input: it returns absl::Status or
// absl::StatusOr. These two macros return early from a function that does so:
//
//   absl::Status Load(const std::string& path) {
//     MINNOW_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
//     MINNOW_RETURN_IF_ERROR(Check(bytes));
//     return absl::OkStatus();
//   }
#ifndef MINNOW_CORE_STATUS_H_
#define MINNOW_CORE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#define MINNOW_RETURN_IF_ERROR(expression)                                \
  do {                                                                    \
    if (absl::Status minnow_status = (expression); !minnow_status.ok()) { \
      return minnow_status;                                               \
    }                                                                     \
  } while (false)

#define MINNOW_ASSIGN_OR_RETURN(declaration, expression)                \
  MINNOW_ASSIGN_OR_RETURN_(MINNOW_CONCAT_(minnow_status_or_, __LINE__), \
                           declaration, expression)

#define MINNOW_CONCAT_INNER_(a, b) a##b
#define MINNOW_CONCAT_(a, b) MINNOW_CONCAT_INNER_(a, b)
#define MINNOW_ASSIGN_OR_RETURN_(result, declaration, expression) \
  auto result = (expression);                                     \
  if (!result.ok()) return std::move(result).status();            \
  declaration = *std::move(result)

namespace minnow {

// The same error with `context`, and a colon, in front of its message.
inline absl::Status Annotate(const absl::Status& status,
                             absl::string_view context) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(context, ": ", status.message()));
}

}  // namespace minnow

#endif  // MINNOW_CORE_STATUS_H_
