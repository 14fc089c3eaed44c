#include "minnow/proto/attr_codec.h"

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/proto/checks.h"

namespace minnow {
namespace {

// AttrDef and AttrItemDef have the same fields for what is no list.
template <typename Def, typename Scalar>
absl::Status EncodeScalar(const Scalar& value, Def& def) {
  if constexpr (std::is_same_v<Scalar, None>) {
    def.set_none(true);
  } else if constexpr (std::is_same_v<Scalar, bool>) {
    def.set_bool_value(value);
  } else if constexpr (std::is_same_v<Scalar, int64_t>) {
    def.set_int_value(value);
  } else if constexpr (std::is_same_v<Scalar, float>) {
    def.set_float_value(value);
  } else if constexpr (std::is_same_v<Scalar, double>) {
    def.set_double_value(value);
  } else {
    static_assert(std::is_same_v<Scalar, std::string>);
    MINNOW_RETURN_IF_ERROR(CheckUtf8("value", value));
    def.set_text_value(value);
  }
  return absl::OkStatus();
}

absl::Status EncodeValue(const AttrValue& value, AttrDef& def) {
  if (const auto* list = std::get_if<AttrList>(&value)) {
    AttrListDef& list_def = *def.mutable_list_value();
    for (const AttrScalar& item : *list) {
      AttrItemDef& item_def = *list_def.add_items();
      MINNOW_RETURN_IF_ERROR(std::visit(
          [&](const auto& v) { return EncodeScalar(v, item_def); }, item));
    }
    return absl::OkStatus();
  }
  return std::visit(
      [&](const auto& v) {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, AttrList>) {
          return absl::OkStatus();  // Done above.
        } else {
          return EncodeScalar(v, def);
        }
      },
      value);
}

template <typename Value, typename Def>
absl::StatusOr<Value> DecodeScalar(const Def& def) {
  MINNOW_RETURN_IF_ERROR(CheckKnownFields(def));
  switch (def.value_case()) {
    case Def::kNone:
      return Value(None{});
    case Def::kBoolValue:
      return Value(def.bool_value());
    case Def::kIntValue:
      return Value(int64_t{def.int_value()});
    case Def::kFloatValue:
      return Value(def.float_value());
    case Def::kDoubleValue:
      return Value(def.double_value());
    case Def::kTextValue:
      MINNOW_RETURN_IF_ERROR(CheckUtf8("value", def.text_value()));
      return Value(def.text_value());
    default:
      return absl::InvalidArgumentError("expected a value, found nothing");
  }
}

absl::StatusOr<AttrValue> DecodeValue(const AttrDef& def) {
  if (def.value_case() != AttrDef::kListValue) {
    return DecodeScalar<AttrValue>(def);
  }
  MINNOW_RETURN_IF_ERROR(CheckKnownFields(def));
  MINNOW_RETURN_IF_ERROR(CheckKnownFields(def.list_value()));
  AttrList list;
  list.reserve(static_cast<size_t>(def.list_value().items_size()));
  for (const AttrItemDef& item : def.list_value().items()) {
    MINNOW_ASSIGN_OR_RETURN(AttrScalar value, DecodeScalar<AttrScalar>(item));
    list.push_back(std::move(value));
  }
  return AttrValue(std::move(list));
}

}  // namespace

absl::Status EncodeAttr(const NamedAttr& attr, AttrDef& def) {
  MINNOW_RETURN_IF_ERROR(CheckUtf8("name of an attribute", attr.name));
  def.Clear();
  def.set_name(attr.name);
  return Annotate(EncodeValue(attr.value, def),
                  absl::StrCat("attribute '", attr.name, "'"));
}

absl::StatusOr<NamedAttr> DecodeAttr(const AttrDef& def) {
  MINNOW_RETURN_IF_ERROR(CheckUtf8("name of an attribute", def.name()));
  absl::StatusOr<AttrValue> value = DecodeValue(def);
  if (!value.ok()) {
    return Annotate(value.status(),
                    absl::StrCat("attribute '", def.name(), "'"));
  }
  return NamedAttr{def.name(), *std::move(value)};
}

}  // namespace minnow
