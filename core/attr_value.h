// One attribute, untyped: as it stands in a protobuf or in text.
//
//   AttrValue v = int64_t{3};
//   AttrText(v);                            // "3"
//   AttrText(AttrList{int64_t{2}, None{}}); // "(2, None)"
//
// AttrCodec<T> translates between T and both forms. Any text that parses is
// accepted where a value of T is expected: a string "0.1" is a float 0.1.
#ifndef MINNOW_CORE_ATTR_VALUE_H_
#define MINNOW_CORE_ATTR_VALUE_H_

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/core/dtype.h"
#include "minnow/core/shape.h"
#include "minnow/core/status.h"

namespace minnow {

// Nothing: the value of an optional attribute that is not set.
struct None {
  bool operator==(const None&) const = default;
};

using AttrScalar =
    std::variant<None, bool, int64_t, float, double, std::string>;
using AttrList = std::vector<AttrScalar>;
using AttrValue =
    std::variant<None, bool, int64_t, float, double, std::string, AttrList>;

struct NamedAttr {
  std::string name;
  AttrValue value;
  bool operator==(const NamedAttr&) const = default;
};

// MXNet's spelling: True, 0.1, (2, 2), None. Numbers are printed with as many
// digits as it takes to read the same value back.
std::string AttrText(const AttrScalar& value);
std::string AttrText(const AttrValue& value);

// Text to values. Blanks around the value are passed over. The errors say what
// was expected and what was found. Floating point numbers that are too large,
// or subnormal, are errors, as in MXNet.
absl::StatusOr<bool> ParseBool(absl::string_view text);
absl::StatusOr<int64_t> ParseInt(absl::string_view text);
absl::StatusOr<float> ParseFloat(absl::string_view text);
absl::StatusOr<double> ParseDouble(absl::string_view text);
// The elements of "(1, 2)", "[1,2]", "1" or "()".
absl::StatusOr<std::vector<absl::string_view>> ParseList(
    absl::string_view text);

// An enum that is an attribute lists its names through an overload of this
// function, found in the enum's namespace:
//
//   enum class Pool { kMax, kAvg };
//   inline absl::Span<const EnumName<Pool>> EnumNames(Pool) {
//     static constexpr EnumName<Pool> kNames[] = {{Pool::kMax, "max"}, ...};
//     return kNames;
//   }
template <typename E>
struct EnumName {
  E value;
  absl::string_view name;
};
inline absl::Span<const EnumName<DType>> EnumNames(DType) {
  static constexpr EnumName<DType> kNames[] = {
      {DType::kFloat32, "float32"}, {DType::kFloat64, "float64"},
      {DType::kFloat16, "float16"}, {DType::kBFloat16, "bfloat16"},
      {DType::kInt8, "int8"},       {DType::kUInt8, "uint8"},
      {DType::kInt32, "int32"},     {DType::kInt64, "int64"},
      {DType::kBool, "bool"}};
  return kNames;
}
inline absl::Span<const EnumName<StorageType>> EnumNames(StorageType) {
  static constexpr EnumName<StorageType> kNames[] = {
      {StorageType::kDense, "dense"},
      {StorageType::kDense, "default"},
      {StorageType::kRowSparse, "row_sparse"},
      {StorageType::kCsr, "csr"}};
  return kNames;
}

// For a type T: kType, its name in documentation; FromText, FromValue and
// ToValue.
template <typename T>
struct AttrCodec;

// "expected int, found 'x'".
absl::Status ExpectedFound(absl::string_view expected, absl::string_view found);

template <typename T>
absl::StatusOr<T> AttrFromValue(const AttrValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return AttrCodec<T>::FromText(*text);
  }
  return AttrCodec<T>::FromValue(value);
}

// The types whose value is one alternative of AttrValue, and whose text is
// parsed by a function.
template <typename T, auto parse>
struct ScalarAttrCodec {
  static absl::StatusOr<T> FromText(absl::string_view text) {
    return parse(text);
  }
  static absl::StatusOr<T> FromValue(const AttrValue& value) {
    if (const T* typed = std::get_if<T>(&value)) return *typed;
    // A whole number where a float or a bool is expected and the like: what
    // its text would give.
    return FromText(AttrText(value));
  }
  static AttrValue ToValue(const T& value) { return value; }
};

template <>
struct AttrCodec<bool> : ScalarAttrCodec<bool, ParseBool> {
  static std::string Type() { return "bool"; }
};
template <>
struct AttrCodec<int64_t> : ScalarAttrCodec<int64_t, ParseInt> {
  static std::string Type() { return "int"; }
};
template <>
struct AttrCodec<float> : ScalarAttrCodec<float, ParseFloat> {
  static std::string Type() { return "float"; }
};
template <>
struct AttrCodec<double> : ScalarAttrCodec<double, ParseDouble> {
  static std::string Type() { return "double"; }
};
template <>
struct AttrCodec<std::string> {
  static std::string Type() { return "string"; }
  static absl::StatusOr<std::string> FromText(absl::string_view text) {
    return std::string(text);
  }
  static absl::StatusOr<std::string> FromValue(const AttrValue& value) {
    return AttrText(value);
  }
  static AttrValue ToValue(const std::string& value) { return value; }
};

template <typename E>
requires std::is_enum_v<E>
struct AttrCodec<E> {
  static std::string Type() {
    std::string names;
    for (const auto& e : EnumNames(E{})) {
      absl::StrAppend(&names, names.empty() ? "" : "|", e.name);
    }
    return names;
  }
  static absl::StatusOr<E> FromText(absl::string_view text) {
    for (const auto& e : EnumNames(E{})) {
      if (text == e.name) return e.value;
    }
    return ExpectedFound(Type(), text);
  }
  static absl::StatusOr<E> FromValue(const AttrValue& value) {
    return ExpectedFound(Type(), AttrText(value));
  }
  static AttrValue ToValue(E value) {
    for (const auto& e : EnumNames(E{})) {
      if (value == e.value) return std::string(e.name);
    }
    return None{};
  }
};

template <typename T>
struct AttrCodec<std::optional<T>> {
  static std::string Type() { return AttrCodec<T>::Type() + " or None"; }
  static absl::StatusOr<std::optional<T>> FromText(absl::string_view text) {
    if (text == "None") return std::optional<T>();
    MINNOW_ASSIGN_OR_RETURN(T value, AttrCodec<T>::FromText(text));
    return std::optional<T>(std::move(value));
  }
  static absl::StatusOr<std::optional<T>> FromValue(const AttrValue& value) {
    if (std::holds_alternative<None>(value)) return std::optional<T>();
    MINNOW_ASSIGN_OR_RETURN(T typed, AttrFromValue<T>(value));
    return std::optional<T>(std::move(typed));
  }
  static AttrValue ToValue(const std::optional<T>& value) {
    if (!value.has_value()) return None{};
    return AttrCodec<T>::ToValue(*value);
  }
};

template <typename T>
struct AttrCodec<std::vector<T>> {
  static std::string Type() { return "tuple of " + AttrCodec<T>::Type(); }
  static absl::StatusOr<std::vector<T>> FromText(absl::string_view text) {
    MINNOW_ASSIGN_OR_RETURN(std::vector<absl::string_view> items,
                            ParseList(text));
    std::vector<T> values;
    for (absl::string_view item : items) {
      MINNOW_ASSIGN_OR_RETURN(T value, AttrCodec<T>::FromText(item));
      values.push_back(std::move(value));
    }
    return values;
  }
  static absl::StatusOr<std::vector<T>> FromValue(const AttrValue& value) {
    std::vector<T> values;
    const auto* list = std::get_if<AttrList>(&value);
    if (list == nullptr) {  // A tuple of one may be written without brackets.
      MINNOW_ASSIGN_OR_RETURN(T only, AttrFromValue<T>(value));
      values.push_back(std::move(only));
      return values;
    }
    for (const AttrScalar& item : *list) {
      const AttrValue scalar =
          std::visit([](const auto& v) { return AttrValue(v); }, item);
      MINNOW_ASSIGN_OR_RETURN(T element, AttrFromValue<T>(scalar));
      values.push_back(std::move(element));
    }
    return values;
  }
  static AttrValue ToValue(const std::vector<T>& values) {
    AttrList list;
    for (const T& v : values) {
      std::visit(
          [&](auto scalar) {
            if constexpr (!std::is_same_v<decltype(scalar), AttrList>) {
              list.push_back(std::move(scalar));
            }
          },
          AttrCodec<T>::ToValue(v));
    }
    return list;
  }
};

// A shape: None where the rank is unknown, -1 for an unknown dimension.
template <>
struct AttrCodec<Shape> {
  static std::string Type() { return "shape"; }
  static absl::StatusOr<Shape> FromText(absl::string_view text);
  static absl::StatusOr<Shape> FromValue(const AttrValue& value);
  static AttrValue ToValue(const Shape& shape);
};

}  // namespace minnow

#endif  // MINNOW_CORE_ATTR_VALUE_H_
