#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/attrs.h"

namespace minnow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

enum class Pool { kMax, kAvg };
absl::Span<const EnumName<Pool>> EnumNames(Pool) {
  static constexpr EnumName<Pool> kNames[] = {{Pool::kMax, "max"},
                                              {Pool::kAvg, "avg"}};
  return kNames;
}

// A field of each type that attributes have.
struct AllAttrs {
  Required<float> lr;
  Required<std::vector<int64_t>> kernel;
  double epsilon = 1e-5;
  bool lazy = true;
  int64_t axis = -1;
  std::string layout = "NCHW";
  Pool pool = Pool::kMax;
  DType dtype = DType::kFloat32;
  std::optional<int64_t> top = {};
  std::optional<std::string> label = {};
  std::optional<std::vector<int64_t>> axes = {};
  std::vector<std::optional<int64_t>> begin = {};
  std::vector<float> ratios = {1.0f, 0.5f};
  Shape shape = {};

  static auto Fields() {
    using A = AllAttrs;
    return std::tuple(
        Dynamic("lr", &A::lr, "Learning rate."),
        Field("kernel", &A::kernel, ""), Dynamic("epsilon", &A::epsilon, ""),
        Field("lazy", &A::lazy, ""), Dynamic("axis", &A::axis, ""),
        Field("layout", &A::layout, ""), Field("pool", &A::pool, ""),
        Field("dtype", &A::dtype, ""), Field("top", &A::top, ""),
        Field("label", &A::label, ""), Field("axes", &A::axes, ""),
        Field("begin", &A::begin, ""), Dynamic("ratios", &A::ratios, ""),
        Field("shape", &A::shape, ""));
  }
};

// Omitting a required field does not compile; omitting others does.
template <typename A>
concept CanOmitAll = requires {
  A{};
};
template <typename A>
concept CanOmitKernel = requires {
  A{.lr = 0.1f};
};
template <typename A>
concept CanOmitTheRest = requires {
  A{.lr = 0.1f, .kernel = {3}};
};
static_assert(!CanOmitAll<AllAttrs>);
static_assert(!CanOmitKernel<AllAttrs>);
static_assert(CanOmitTheRest<AllAttrs>);

// Draws attributes, extreme values among them.
class RandomAttrs {
 public:
  AllAttrs operator()() {
    AllAttrs attrs{.lr = Float<float>(), .kernel = Ints()};
    attrs.epsilon = Float<double>();
    attrs.lazy = Coin();
    attrs.axis = Int();
    attrs.layout = Coin() ? "NHWC" : "any text, (with) [brackets]";
    attrs.pool = Coin() ? Pool::kMax : Pool::kAvg;
    attrs.dtype = kAllDTypes[random_() % kAllDTypes.size()];
    if (Coin()) attrs.top = Int();
    if (Coin()) attrs.label = "label";
    if (Coin()) attrs.axes = Ints();
    attrs.begin.resize(random_() % 4);
    for (std::optional<int64_t>& b : attrs.begin) {
      if (Coin()) b = Int();
    }
    attrs.ratios.resize(random_() % 4);
    for (float& ratio : attrs.ratios) ratio = Float<float>();
    if (Coin()) {
      attrs.shape = Shape::OfRank(random_() % 4);
      for (size_t i = 0; i < attrs.shape.rank(); ++i) {
        if (Coin()) attrs.shape.set(i, static_cast<int64_t>(random_() % 99));
      }
    }
    return attrs;
  }

 private:
  bool Coin() { return random_() % 2 == 0; }
  int64_t Int() { return static_cast<int64_t>(random_()) >> (random_() % 64); }
  std::vector<int64_t> Ints() {
    std::vector<int64_t> ints(random_() % 4);
    for (int64_t& i : ints) i = Int();
    return ints;
  }
  template <typename T>
  T Float() {
    using Limits = std::numeric_limits<T>;
    const T special[] = {Limits::max(), Limits::min(), Limits::infinity(), T{0},
                         -T{0},         T{1},          Limits::quiet_NaN()};
    if (random_() % 4 == 0) return special[random_() % std::size(special)];
    const T fraction = std::uniform_real_distribution<T>(1, 2)(random_);
    return std::ldexp(Coin() ? fraction : -fraction,
                      static_cast<int>(random_() % 200) - 100);
  }

  std::mt19937_64 random_{1};
};

TEST(AttrsTest, SurviveAsValuesAndAsText) {
  RandomAttrs random;
  for (int i = 0; i < 2000; ++i) {
    const Attrs attrs = random();
    std::vector<NamedAttr> named = attrs.named();
    const absl::StatusOr<Attrs> from_values =
        Attrs::Parse(AttrsTypeOf<AllAttrs>(), named);
    ASSERT_TRUE(from_values.ok()) << from_values.status();
    EXPECT_EQ(*from_values, attrs);

    std::string all_text;
    for (NamedAttr& attr : named) {
      attr.value = AttrText(attr.value);
      absl::StrAppend(&all_text, attr.name, "=",
                      std::get<std::string>(attr.value), " ");
    }
    const absl::StatusOr<Attrs> from_text =
        Attrs::Parse(AttrsTypeOf<AllAttrs>(), named);
    ASSERT_TRUE(from_text.ok()) << from_text.status() << " in " << all_text;
    EXPECT_EQ(*from_text, attrs) << all_text;

    // What is left out has its default.
    const absl::StatusOr<Attrs> from_some =
        Attrs::Parse(AttrsTypeOf<AllAttrs>(), attrs.non_default());
    ASSERT_TRUE(from_some.ok()) << from_some.status();
    EXPECT_EQ(*from_some, attrs) << all_text;
  }
}

TEST(AttrsTest, AreEqualIfEachFieldIs) {
  const auto with_axis = [](int64_t axis) -> Attrs {
    AllAttrs attrs{.lr = 0.1f, .kernel = {3}};
    attrs.axis = axis;
    return attrs;
  };
  EXPECT_EQ(with_axis(1), with_axis(1));
  EXPECT_FALSE(with_axis(1) == with_axis(2));
  EXPECT_FALSE(with_axis(1) == Attrs());
  EXPECT_EQ(Attrs(), Attrs());
}

TEST(AttrsTest, NonDefaultsAreTheRequiredAndTheChanged) {
  AllAttrs attrs{.lr = 0.0f, .kernel = std::vector<int64_t>{}};
  attrs.axis = 3;
  std::vector<std::string> names;
  for (const NamedAttr& attr : Attrs(attrs).non_default()) {
    names.push_back(attr.name);
  }
  EXPECT_THAT(names, ElementsAre("lr", "kernel", "axis"));
}

TEST(AttrsTest, FieldsAreDescribed) {
  std::string text;
  for (const FieldInfo& field : AttrsTypeOf<AllAttrs>()->fields) {
    absl::StrAppend(
        &text, field.name, ": ", field.type, field.required ? ", required" : "",
        field.dynamic ? ", dynamic" : "", field.required ? "" : " = ",
        field.required ? "" : AttrText(field.default_value), "\n");
  }
  EXPECT_EQ(text, R"(lr: float, required, dynamic
kernel: tuple of int, required
epsilon: double, dynamic = 1e-05
lazy: bool = True
axis: int, dynamic = -1
layout: string = NCHW
pool: max|avg = max
dtype: float32|float64|float16|bfloat16|int8|uint8|int32|int64|bool = float32
top: int or None = None
label: string or None = None
axes: tuple of int or None = None
begin: tuple of int or None = ()
ratios: tuple of float, dynamic = (1, 0.5)
shape: shape = None
)");
  EXPECT_EQ(AttrsTypeOf<AllAttrs>()->fields[0].doc, "Learning rate.");
}

// The error of parsing the attributes `named`; empty if there is none.
std::string ParseError(std::vector<NamedAttr> named) {
  return std::string(
      Attrs::Parse(AttrsTypeOf<AllAttrs>(), named).status().message());
}

TEST(AttrsTest, ErrorsNameTheAttribute) {
  const NamedAttr lr = {"lr", 0.1f}, kernel = {"kernel", "(3, 3)"};
  EXPECT_EQ(ParseError({lr, kernel}), "");
  EXPECT_EQ(ParseError({kernel}),
            "attribute 'lr': expected float (required), found nothing");
  EXPECT_EQ(ParseError({lr, kernel, {"lazy", "maybe"}}),
            "attribute 'lazy': expected bool (True or False), found 'maybe'");
  EXPECT_EQ(ParseError({lr, kernel, {"kernel", "(1,)"}}),
            "attribute 'kernel' is given twice");
  EXPECT_EQ(ParseError({lr, kernel, {"pool", "sum"}}),
            "attribute 'pool': expected max|avg, found 'sum'");
  EXPECT_EQ(ParseError({lr, kernel, {"axis", 1.5f}}),
            "attribute 'axis': expected int, found '1.5'");
}

TEST(AttrsTest, AnUnknownNameIsToldTheNearest) {
  const NamedAttr kernel = {"kernel", "(3, 3)"};
  // Misspelled, so that it is missing, too.
  EXPECT_EQ(ParseError({{"lrr", 0.1f}, kernel}),
            "attribute 'lrr' is unknown; did you mean 'lr'?");
  EXPECT_EQ(ParseError({{"lr", 0.1f}, kernel, {"epsylon", 1.0}}),
            "attribute 'epsylon' is unknown; did you mean 'epsilon'?");
  for (const std::string& far :
       {std::string("weight_decay"), std::string(1000, 'x')}) {
    EXPECT_THAT(ParseError({{"lr", 0.1f}, kernel, {far, 1.0f}}),
                HasSubstr("is unknown; known are lr, kernel, epsilon, lazy"));
  }
  const NamedAttr axis = {"axis", int64_t{1}};
  EXPECT_EQ(Attrs::Parse(AttrsTypeOf<NoAttrs>(), {axis}).status().message(),
            "attribute 'axis' is unknown: the operator has none");
}

TEST(AttrsTest, DynamicFieldsCanBeReachedAndChangedInACopy) {
  const AttrsType* type = AttrsTypeOf<AllAttrs>();
  const Attrs attrs = AllAttrs{.lr = 0.1f, .kernel = {3}};
  const std::shared_ptr<void> copy = type->copy(attrs.get());
  auto& typed = *static_cast<AllAttrs*>(copy.get());
  for (size_t i = 0; i < type->fields.size(); ++i) {
    const DynamicField place = type->dynamic_field(copy.get(), i);
    EXPECT_EQ(!std::holds_alternative<std::monostate>(place),
              type->fields[i].dynamic)
        << type->fields[i].name;
  }
  *std::get<float*>(type->dynamic_field(copy.get(), 0)) = 0.5f;
  *std::get<double*>(type->dynamic_field(copy.get(), 2)) = 0.25;
  *std::get<int64_t*>(type->dynamic_field(copy.get(), 4)) = 7;
  std::get<std::vector<float>*>(type->dynamic_field(copy.get(), 12))->clear();
  EXPECT_EQ(typed.lr, 0.5f);
  EXPECT_EQ(typed.epsilon, 0.25);
  EXPECT_EQ(typed.axis, 7);
  EXPECT_TRUE(typed.ratios.empty());
  EXPECT_EQ(attrs.As<AllAttrs>().lr, 0.1f) << "The original is immutable.";
}

}  // namespace
}  // namespace minnow
