#include "minnow/core/attrs.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_join.h"

namespace minnow {
namespace internal {
namespace {

// The least number of insertions, deletions and substitutions that make b out
// of a (V. I. Levenshtein, 1966).
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substitution = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substitution, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

absl::Status UnknownAttr(absl::string_view name,
                         absl::Span<const absl::string_view> known) {
  if (known.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute '", name, "' is unknown: the operator has none"));
  }
  constexpr size_t kMaxName = 64;  // Hostile names do not cost time.
  absl::string_view nearest = known[0];
  size_t least = kMaxName;
  for (absl::string_view candidate : known) {
    if (name.size() > kMaxName) break;
    const size_t distance = EditDistance(name, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  if (least <= std::max<size_t>(2, name.size() / 3)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute '", name, "' is unknown; did you mean '", nearest, "'?"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("attribute '", name.substr(0, kMaxName),
                   "' is unknown; known are ", absl::StrJoin(known, ", ")));
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
    const FieldInfo& field = type_->fields[i];
    if (field.required || all[i].value != field.default_value) {
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
