// What operators share that take any number of arrays, `num_args` of them:
// arg0, arg1, ...
#ifndef MINNOW_OPS_ARG_LIST_H_
#define MINNOW_OPS_ARG_LIST_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"

namespace minnow {

// Names are made for so many arrays at most, as a file may ask for any number.
inline constexpr int64_t kMaxArgs = int64_t{1} << 18;

// "arg0", "arg1", ..., or with another prefix.
inline std::vector<std::string> ArgNames(int64_t num_args,
                                         absl::string_view prefix = "arg") {
  std::vector<std::string> names;
  for (int64_t i = 0; i < std::min(num_args, kMaxArgs); ++i) {
    names.push_back(absl::StrCat(prefix, i));
  }
  return names;
}

inline std::vector<InputDef> ArgInputs(int64_t num_args, Access access) {
  std::vector<InputDef> inputs;
  for (std::string& name : ArgNames(num_args)) {
    inputs.emplace_back(std::move(name), access);
  }
  return inputs;
}

inline absl::Status CheckNumArgs(int64_t num_args) {
  if (num_args > 0 && num_args <= kMaxArgs) return absl::OkStatus();
  return BadAttr("num_args", absl::StrCat("1 to ", kMaxArgs, " inputs"),
                 num_args);
}

// Compose() of `args`, whose number becomes the attribute.
template <typename A>
Symbol ComposeArgs(const char* op, absl::Span<const Symbol> args, A attrs,
                   NodeOptions options) {
  attrs.num_args = static_cast<int64_t>(args.size());
  return Compose(op, args, std::move(attrs), std::move(options));
}

}  // namespace minnow

#endif  // MINNOW_OPS_ARG_LIST_H_
