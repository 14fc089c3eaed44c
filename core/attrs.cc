#include "minnow/core/attrs.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "minnow/core/nearest_name.h"

namespace minnow {
namespace internal {

absl::Status UnknownAttr(absl::string_view name,
                         absl::Span<const absl::string_view> known) {
  if (known.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute '", name, "' is unknown: the operator has none"));
  }
  const std::string hint = DidYouMean(name, known);
  return absl::InvalidArgumentError(absl::StrCat(
      "attribute '", name, "' is unknown",
      hint.empty() ? absl::StrCat("; known are ", absl::StrJoin(known, ", "))
                   : hint));
}

}  // namespace internal

Attrs::Attrs() {
  static const Attrs* const none = new Attrs(NoAttrs{});
  *this = *none;
}

absl::StatusOr<Attrs> Attrs::Parse(const AttrsType* type,
                                   absl::Span<const NamedAttr> named) {
  if (named.empty() && type == AttrsTypeOf<NoAttrs>()) return Attrs();
  MINNOW_ASSIGN_OR_RETURN(std::shared_ptr<const void> value,
                          type->parse(named));
  return Attrs(type, std::move(value));
}

std::vector<NamedAttr> Attrs::non_default() const {
  std::vector<NamedAttr> all = named();
  std::vector<NamedAttr> result;
  for (size_t i = 0; i < all.size(); ++i) {
    // Attributes of an unknown operator have no fields.
    if (i >= type_->fields.size() || type_->fields[i].required ||
        all[i].value != type_->fields[i].default_value) {
      result.push_back(std::move(all[i]));
    }
  }
  return result;
}

bool Attrs::operator==(const Attrs& other) const {
  if (type_ != other.type_) return false;
  // NaN attributes: text compares them as equal.
  const std::vector<NamedAttr> a = named(), b = other.named();
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const NamedAttr& x, const NamedAttr& y) {
                      return AttrText(x.value) == AttrText(y.value);
                    });
}

}  // namespace minnow
