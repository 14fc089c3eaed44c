#include "minnow/core/attrs.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "minnow/core/nearest_name.h"

namespace minnow {

bool AttrsType::IsDynamic() const {
  return absl::c_any_of(fields,
                        [](const FieldInfo& field) { return field.dynamic; });
}

namespace internal {
namespace {

// "has no attribute 'momentun'; did you mean 'momentum'?"
absl::Status UnknownAttr(absl::string_view name,
                         absl::Span<const FieldPlace> fields) {
  if (fields.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute '", name, "' is unknown: the operator has none"));
  }
  std::vector<absl::string_view> known;
  for (const FieldPlace& field : fields) known.push_back(field.name);
  const std::string hint = DidYouMean(name, known);
  return absl::InvalidArgumentError(absl::StrCat(
      "attribute '", name, "' is unknown",
      hint.empty() ? absl::StrCat("; known are ", absl::StrJoin(known, ", "))
                   : hint));
}

// From the value of that name, if there is one.
absl::Status SetValue(absl::Span<const NamedAttr> named,
                      const FieldPlace& field) {
  absl::Status status;
  bool found = false;
  for (const NamedAttr& attr : named) {
    if (attr.name != field.name) continue;
    if (found) {
      status.Update(absl::InvalidArgumentError(
          absl::StrCat("attribute '", attr.name, "' is given twice")));
    }
    found = true;
    status.Update(Annotate(field.type->set(attr.value, field.value),
                           absl::StrCat("attribute '", attr.name, "'")));
  }
  if (field.required && !found) {
    status.Update(absl::InvalidArgumentError(
        absl::StrCat("attribute '", field.name, "': expected ",
                     field.type->name(), " (required), found nothing")));
  }
  return status;
}

}  // namespace

std::vector<NamedAttr> NamedValues(absl::Span<const FieldPlace> fields) {
  std::vector<NamedAttr> named;
  named.reserve(fields.size());
  for (const FieldPlace& field : fields) {
    named.push_back({field.name, field.type->get(field.value)});
  }
  return named;
}

absl::Status SetValues(absl::Span<const NamedAttr> named,
                       absl::Span<const FieldPlace> fields) {
  absl::Status status;
  // First, since a required attribute may be missing for being misspelled.
  for (const NamedAttr& attr : named) {
    if (absl::c_none_of(fields, [&](const FieldPlace& field) {
          return attr.name == field.name;
        })) {
      status.Update(UnknownAttr(attr.name, fields));
    }
  }
  for (const FieldPlace& field : fields) {
    status.Update(SetValue(named, field));
  }
  return status;
}

std::vector<FieldInfo> DescribeFields(absl::Span<const FieldPlace> defaults) {
  std::vector<FieldInfo> fields;
  for (const FieldPlace& field : defaults) {
    fields.push_back({.name = field.name,
                      .type = field.type->name(),
                      .doc = field.doc,
                      .required = field.required,
                      .dynamic = field.dynamic});
    if (!field.required) {
      fields.back().default_value = field.type->get(field.value);
    }
  }
  return fields;
}

DynamicField DynamicFieldAt(absl::Span<const FieldPlace> fields, size_t index) {
  const FieldPlace& field = fields[index];
  return field.dynamic ? field.type->dynamic(field.value) : DynamicField();
}

template struct FieldFunctions<bool>;
template struct FieldFunctions<int64_t>;
template struct FieldFunctions<float>;
template struct FieldFunctions<double>;
template struct FieldFunctions<DType>;
template struct FieldFunctions<std::optional<DType>>;
template struct FieldFunctions<std::optional<int64_t>>;
template struct FieldFunctions<std::vector<int64_t>>;
template struct FieldFunctions<std::optional<std::vector<int64_t>>>;
template struct FieldFunctions<std::vector<float>>;

}  // namespace internal

template const AttrsType* AttrsTypeOf<NoAttrs>();

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
