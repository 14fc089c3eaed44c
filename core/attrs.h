// Typed operator attributes.
//
// The attributes of an operator are a plain struct, and its `Fields()` is the
// one description from which parsing, printing, serialization, documentation
// and equality are derived:
//
//   struct ClipAttrs {
//     Required<float> max;
//     float min = 0.0f;
//
//     static auto Fields() {
//       return std::tuple(Field("max", &ClipAttrs::max, "Upper bound."),
//                         Field("min", &ClipAttrs::min, "Lower bound."));
//     }
//   };
//
//   ClipAttrs{.max = 6.0f};  // OK.
//   ClipAttrs{.min = 1.0f};  // Does not compile: `max` is required.
//
//   Attrs attrs = ClipAttrs{.max = 6.0f};  // Of any type, immutable.
//   attrs.As<ClipAttrs>().max;             // 6
//
// Required fields come first, as with function parameters, and all others have
// an initializer: their default (`= {}` where that is the type's own). A field
// that is marked Dynamic can be changed on a bound graph, between runs.
#ifndef MINNOW_CORE_ATTRS_H_
#define MINNOW_CORE_ATTRS_H_

#include <array>
#include <initializer_list>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/core/attr_value.h"
#include "minnow/core/status.h"

namespace minnow {

// An attribute without a default: a struct that omits it does not compile.
template <typename T>
class Required {
 public:
  Required() = delete;
  constexpr Required(T value) : value_(std::move(value)) {}  // NOLINT
  // A list that is written out: {.kernel = {3, 3}}.
  template <typename List = T>
  requires std::is_constructible_v<
      List, std::initializer_list<typename List::value_type>>
  constexpr Required(std::initializer_list<typename List::value_type> values)
      : value_(values) {}
  constexpr operator const T&() const { return value_; }  // NOLINT
  constexpr const T& get() const { return value_; }
  constexpr T& get() { return value_; }

 private:
  T value_;
};

// One field of an attribute struct: its name, its place and its meaning.
template <typename A, typename M>
struct Field {
  constexpr Field(const char* name, M A::*member, const char* doc,
                  bool dynamic = false)
      : name(name), member(member), doc(doc), dynamic(dynamic) {}
  const char* name;
  M A::*member;
  const char* doc;
  bool dynamic;
};

// A field that can change on a bound graph.
template <typename A, typename M>
constexpr Field<A, M> Dynamic(const char* name, M A::*member, const char* doc) {
  return Field<A, M>(name, member, doc, /*dynamic=*/true);
}

// The attributes of an operator that has none.
struct NoAttrs {
  static std::tuple<> Fields() { return {}; }
};

// What documentation and tools know of a field.
struct FieldInfo {
  std::string name;
  std::string type;
  std::string doc;
  bool required = false;
  bool dynamic = false;
  AttrValue default_value = {};  // None where required.
};

// The place of a dynamic field in a struct that the executor owns.
using DynamicField = std::variant<std::monostate, float*, double*, int64_t*,
                                  std::vector<float>*>;

// An attribute struct, seen without its type.
struct AttrsType {
  std::vector<FieldInfo> fields;
  absl::StatusOr<std::shared_ptr<const void>> (*parse)(
      absl::Span<const NamedAttr>) = nullptr;
  // All defaults, with an empty value where a field is required.
  std::shared_ptr<const void> (*defaults)() = nullptr;
  std::vector<NamedAttr> (*named)(const void* attrs) = nullptr;
  std::shared_ptr<void> (*copy)(const void* attrs) = nullptr;
  // The place of the field `index` of `fields`.
  DynamicField (*dynamic_field)(void* attrs, size_t index) = nullptr;

  // Whether any field can change between runs.
  bool IsDynamic() const;
};

namespace internal {

template <typename M>
struct FieldValue {
  using type = M;
  static constexpr bool required = false;
  static M& Get(M& member) { return member; }
};
template <typename T>
struct FieldValue<Required<T>> {
  using type = T;
  static constexpr bool required = true;
  static T& Get(Required<T>& member) { return member.get(); }
};

// An optional is made from what it holds, if that can be made from `From`.
template <typename T, typename From>
inline constexpr bool kHolds = false;
template <typename T, typename From>
inline constexpr bool kHolds<std::optional<T>, From> =
    std::is_constructible_v<T, From>;

// Converts to anything, to count the members of an aggregate.
struct Any {
  template <typename T>
  requires(!kHolds<T, Any>) operator T() const;  // NOLINT
};

template <typename A, size_t... I>
constexpr bool IsMadeOfAnys(std::index_sequence<I...>) {
  return requires { A{(void(I), Any{})...}; };
}

// A has n members. (One initializer less may not do, if a member is Required.)
template <typename A, size_t n>
inline constexpr bool kHasMembers =
    IsMadeOfAnys<A>(std::make_index_sequence<n>()) &&
    !IsMadeOfAnys<A>(std::make_index_sequence<n + 1>());

template <typename A>
using FieldsOf = decltype(A::Fields());

template <typename A, typename... M>
constexpr size_t CountRequired(std::type_identity<std::tuple<Field<A, M>...>>) {
  return (size_t{0} + ... + FieldValue<M>::required);
}
constexpr size_t CountRequired(std::type_identity<std::tuple<>>) { return 0; }

// The defaults, with an empty value where a field is required.
template <typename A>
A Defaults() {
  static_assert(kHasMembers<A, std::tuple_size_v<FieldsOf<A>>>,
                "Fields() must name every member, once");
  constexpr size_t kRequired = CountRequired(std::type_identity<FieldsOf<A>>());
  return []<size_t... I>(std::index_sequence<I...>) {
    [[maybe_unused]] auto empty = []<typename M>(const Field<A, M>*) {
      static_assert(FieldValue<M>::required, "required fields come first");
      return M(typename FieldValue<M>::type{});
    };
    return A{
        empty(static_cast<std::tuple_element_t<I, FieldsOf<A>>*>(nullptr))...};
  }
  (std::make_index_sequence<kRequired>());
}

// What can be done with the value of a field, by its type.
struct FieldType {
  std::string (*name)();
  AttrValue (*get)(const void* value);
  absl::Status (*set)(const AttrValue& from, void* value);
  DynamicField (*dynamic)(void* value);
};

template <typename T>
struct FieldFunctions {
  static std::string Name();
  static AttrValue Get(const void* value);
  static absl::Status Set(const AttrValue& from, void* value);
  static DynamicField Dynamic(void* value);
};

template <typename T>
std::string FieldFunctions<T>::Name() {
  return AttrCodec<T>::Type();
}

template <typename T>
AttrValue FieldFunctions<T>::Get(const void* value) {
  return AttrCodec<T>::ToValue(*static_cast<const T*>(value));
}

template <typename T>
absl::Status FieldFunctions<T>::Set(const AttrValue& from, void* value) {
  absl::StatusOr<T> parsed = AttrFromValue<T>(from);
  if (!parsed.ok()) return parsed.status();
  *static_cast<T*>(value) = *std::move(parsed);
  return absl::OkStatus();
}

template <typename T>
DynamicField FieldFunctions<T>::Dynamic(void* value) {
  if constexpr (std::is_constructible_v<DynamicField, T*>) {
    return static_cast<T*>(value);
  } else {
    return {};
  }
}

template <typename T>
inline constexpr FieldType kFieldType = {
    .name = FieldFunctions<T>::Name,
    .get = FieldFunctions<T>::Get,
    .set = FieldFunctions<T>::Set,
    .dynamic = FieldFunctions<T>::Dynamic,
};

// The types that many operators have are compiled once, in attrs.cc.
extern template struct FieldFunctions<bool>;
extern template struct FieldFunctions<int64_t>;
extern template struct FieldFunctions<float>;
extern template struct FieldFunctions<double>;
extern template struct FieldFunctions<DType>;
extern template struct FieldFunctions<std::optional<DType>>;
extern template struct FieldFunctions<std::optional<int64_t>>;
extern template struct FieldFunctions<std::vector<int64_t>>;
extern template struct FieldFunctions<std::optional<std::vector<int64_t>>>;
extern template struct FieldFunctions<std::vector<float>>;

// A field of a struct that is at hand, without the type of either.
struct FieldPlace {
  const char* name;
  const char* doc;
  bool required;
  bool dynamic;
  const FieldType* type;
  void* value;
};

// All fields of a struct. Const ones are only read.
template <typename A>
auto PlacesOf(const A& attrs) {
  return std::apply(
      [&]<typename... M>(const Field<A, M>&... field) {
        return std::array<FieldPlace, sizeof...(M)>{FieldPlace{
            field.name, field.doc, FieldValue<M>::required, field.dynamic,
            &kFieldType<typename FieldValue<M>::type>,
            &FieldValue<M>::Get(const_cast<A&>(attrs).*field.member)}...};
      },
      A::Fields());
}

std::vector<NamedAttr> NamedValues(absl::Span<const FieldPlace> fields);
absl::Status SetValues(absl::Span<const NamedAttr> named,
                       absl::Span<const FieldPlace> fields);
// The fields of a struct that has all defaults.
std::vector<FieldInfo> DescribeFields(absl::Span<const FieldPlace> defaults);
// The place of field `index`, if it is dynamic.
DynamicField DynamicFieldAt(absl::Span<const FieldPlace> fields, size_t index);

}  // namespace internal

// The attributes as named values, in the order of `Fields()`.
template <typename A>
std::vector<NamedAttr> ToNamedAttrs(const A& attrs) {
  return internal::NamedValues(internal::PlacesOf(attrs));
}

// The inverse of ToNamedAttrs. Fields that `named` omits keep their default.
// Errors name the attribute, what was expected and what was found.
template <typename A>
absl::StatusOr<A> FromNamedAttrs(absl::Span<const NamedAttr> named) {
  A attrs = internal::Defaults<A>();
  MINNOW_RETURN_IF_ERROR(internal::SetValues(named, internal::PlacesOf(attrs)));
  return attrs;
}

namespace internal {

template <typename A>
AttrsType MakeAttrsType() {
  return {
      .fields = DescribeFields(PlacesOf(Defaults<A>())),
      .parse = [](absl::Span<const NamedAttr> named)
          -> absl::StatusOr<std::shared_ptr<const void>> {
        const auto attrs = std::make_shared<A>(Defaults<A>());
        MINNOW_RETURN_IF_ERROR(SetValues(named, PlacesOf(*attrs)));
        return attrs;
      },
      .defaults = []() -> std::shared_ptr<const void> {
        return std::make_shared<const A>(Defaults<A>());
      },
      .named =
          [](const void* attrs) {
            return ToNamedAttrs(*static_cast<const A*>(attrs));
          },
      .copy = [](const void* attrs) -> std::shared_ptr<void> {
        return std::make_shared<A>(*static_cast<const A*>(attrs));
      },
      .dynamic_field =
          [](void* attrs, size_t index) {
            return DynamicFieldAt(PlacesOf(*static_cast<A*>(attrs)), index);
          },
  };
}

}  // namespace internal

// The one AttrsType of A.
template <typename A>
const AttrsType* AttrsTypeOf() {
  static const AttrsType* const type =
      new AttrsType(internal::MakeAttrsType<A>());
  return type;
}

extern template const AttrsType* AttrsTypeOf<NoAttrs>();

// An immutable attribute struct of any type. Copies share it.
class Attrs {
 public:
  Attrs();  // NoAttrs.
  template <typename A>
  requires requires { A::Fields(); }
  Attrs(A attrs)  // NOLINT: implicit by design.
      : type_(AttrsTypeOf<A>()),
        value_(std::make_shared<const A>(std::move(attrs))) {}

  // Named values to a struct of `type`. Fields that are not named keep their
  // default; an unknown one is an error that suggests the nearest name.
  static absl::StatusOr<Attrs> Parse(const AttrsType* type,
                                     absl::Span<const NamedAttr> named);

  // The defaults, with an empty value (0, "") for what is required: for
  // documentation, no node has such attributes.
  static Attrs Defaults(const AttrsType* type) {
    return Attrs(type, type->defaults());
  }

  const AttrsType* type() const { return type_; }
  // REQUIRES: type() == AttrsTypeOf<A>().
  template <typename A>
  const A& As() const {
    return *static_cast<const A*>(value_.get());
  }
  const void* get() const { return value_.get(); }

  // All attributes in the order of their fields.
  std::vector<NamedAttr> named() const { return type_->named(value_.get()); }
  // Those that differ from their default, or have none.
  std::vector<NamedAttr> non_default() const;
  // Equal types and values.
  bool operator==(const Attrs& other) const;

 private:
  Attrs(const AttrsType* type, std::shared_ptr<const void> value)
      : type_(type), value_(std::move(value)) {}

  const AttrsType* type_ = nullptr;
  std::shared_ptr<const void> value_;
};

}  // namespace minnow

#endif  // MINNOW_CORE_ATTRS_H_
