#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/attr_value.h"

namespace minnow {
namespace {

using testing::HasSubstr;

// What `text` is as a T; no value if it is refused.
template <typename T>
std::optional<T> Parsed(absl::string_view text) {
  absl::StatusOr<T> value = AttrCodec<T>::FromText(text);
  if (!value.ok()) {
    EXPECT_THAT(std::string(value.status().message()),
                HasSubstr(std::string(text)))
        << "The error quotes what it found.";
    return std::nullopt;
  }
  return *std::move(value);
}

template <typename T>
void ExpectRefused(std::initializer_list<absl::string_view> texts) {
  for (absl::string_view text : texts) {
    EXPECT_EQ(Parsed<T>(text), std::nullopt) << "'" << text << "'";
  }
}

using Ints = std::vector<int64_t>;
using OptionalInts = std::vector<std::optional<int64_t>>;

TEST(AttrTextTest, Floats) {
  for (absl::string_view text :
       {"0.5", ".5", "+.5", "5e-1", "5E-1", "0.5f", ".5f", " 0.5", "0.5 "}) {
    EXPECT_EQ(Parsed<float>(text), 0.5f) << text;
  }
  EXPECT_EQ(Parsed<float>("5."), 5.0f);
  EXPECT_EQ(Parsed<float>("-3"), -3.0f);
  for (absl::string_view text : {"inf", "INF", "Infinity", "+inf"}) {
    EXPECT_EQ(Parsed<float>(text), HUGE_VALF) << text;
  }
  EXPECT_EQ(Parsed<double>("-inf"), -HUGE_VAL);
  for (absl::string_view text : {"nan", "NaN", "-nan"}) {
    ASSERT_NE(Parsed<float>(text), std::nullopt) << text;
    EXPECT_TRUE(std::isnan(*Parsed<float>(text))) << text;
  }
  EXPECT_EQ(Parsed<float>("3.4028235e38"), std::numeric_limits<float>::max());
  // Rounded once, from the decimal number to the nearest float: by way of
  // double this tie would be broken the wrong way.
  EXPECT_EQ(Parsed<float>("1.00000005960464477550"), 1.00000011920928955f);
  ExpectRefused<float>({"",      " ",      "f",     ".",    "-",
                        "+-1",   "--1",    "0.5ff", "1 2",  "0.5x",
                        "inff",  "nan(1)", "0x1p3", "1e",   "1e39",
                        "1e-39", "-1e-39", "None",  "True", "(1,)"});
  ExpectRefused<double>({"", "0.5f", "1e309", "1e-320", "0x10", "1,5"});
}

TEST(AttrTextTest, RangeErrorsSaySo) {
  EXPECT_EQ(ParseFloat("1e39").status().message(),
            "expected float, found '1e39', which is out of range");
}

TEST(AttrTextTest, Ints) {
  EXPECT_EQ(Parsed<int64_t>("12"), 12);
  EXPECT_EQ(Parsed<int64_t>("+12"), 12);
  EXPECT_EQ(Parsed<int64_t>(" -12 "), -12);
  EXPECT_EQ(Parsed<int64_t>("-9223372036854775808"),
            std::numeric_limits<int64_t>::min());
  ExpectRefused<int64_t>({"", "1.0", "1e3", "9223372036854775808", "0x10",
                          "1 2", "True", "None", "+", "+-1", "(1,)"});
}

TEST(AttrTextTest, Bools) {
  for (absl::string_view text : {"True", "true", "TRUE", "1"}) {
    EXPECT_EQ(Parsed<bool>(text), true) << text;
  }
  for (absl::string_view text : {"False", "false", "0"}) {
    EXPECT_EQ(Parsed<bool>(text), false) << text;
  }
  ExpectRefused<bool>({"", "2", "yes", "None", "1.0", "tRUE"});
}

TEST(AttrTextTest, Tuples) {
  for (absl::string_view text :
       {"(1,2)", "[1, 2]", "(1,2,)", "( 1 , 2 )", " (1, 2) ", "(1L, 2L)"}) {
    EXPECT_EQ(Parsed<Ints>(text), (Ints{1, 2})) << text;
  }
  EXPECT_EQ(Parsed<Ints>("(1,)"), Ints{1});
  EXPECT_EQ(Parsed<Ints>("1"), Ints{1});
  EXPECT_EQ(Parsed<Ints>("()"), Ints{});
  EXPECT_EQ(Parsed<Ints>("[]"), Ints{});
  EXPECT_EQ(Parsed<std::vector<float>>("(0.5, 1)"),
            (std::vector<float>{0.5f, 1.0f}));
  EXPECT_EQ(Parsed<std::vector<std::string>>("(NULL, ALL)"),
            (std::vector<std::string>{"NULL", "ALL"}));
  EXPECT_EQ(Parsed<OptionalInts>("(None, 2)"), (OptionalInts{{}, 2}));
  EXPECT_EQ(Parsed<Shape>("(2, -1)"), (Shape{2, Shape::kUnknown}));
  EXPECT_EQ(Parsed<Shape>("()"), Shape::Scalar());
  EXPECT_EQ(Parsed<Shape>("None"), Shape());
  ExpectRefused<Shape>({"(2, -2)"});
}

TEST(AttrTextTest, BrokenTuplesAreRefused) {
  // The error quotes the element or the whole tuple.
  for (absl::string_view text :
       {"", " ", "(", "(1", "1)", "(1]", "[1)", "((1))", "(1,,2)", "(,)", ",",
        "1,", "(1)(2)", "(1 2)", "(1.0,)", "(None,)", "(L,)"}) {
    const absl::Status status = AttrCodec<Ints>::FromText(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("expected")) << text;
  }
}

TEST(AttrTextTest, OptionalsAndEnums) {
  using OptionalFloat = std::optional<float>;
  EXPECT_EQ(Parsed<OptionalFloat>("None"),
            std::optional<OptionalFloat>(std::in_place));
  EXPECT_EQ(Parsed<OptionalFloat>("0.5"), OptionalFloat(0.5f));
  ExpectRefused<OptionalFloat>({"none", ""});
  EXPECT_EQ(Parsed<StorageType>("default"), StorageType::kDense);
  EXPECT_EQ(Parsed<StorageType>("csr"), StorageType::kCsr);
  ExpectRefused<StorageType>({"CSR", "", " csr", "0"});
  EXPECT_EQ(ParseStorageType("CSR").status().message(),
            "expected a storage type (dense, row_sparse or csr), found 'CSR'");
  for (DType dtype : kAllDTypes) {
    EXPECT_EQ(Parsed<DType>(DTypeName(dtype)), dtype);
    EXPECT_EQ(*ParseDType(DTypeName(dtype)), dtype);
    EXPECT_EQ(*DTypeFromFlag(static_cast<int64_t>(dtype)), dtype);
  }
  EXPECT_FALSE(DTypeFromFlag(8).ok());
  EXPECT_FALSE(DTypeFromFlag(256).ok());
}

TEST(AttrTextTest, IsPrintedAsMXNetDoes) {
  EXPECT_EQ(AttrText(AttrValue(true)), "True");
  EXPECT_EQ(AttrText(AttrValue(false)), "False");
  EXPECT_EQ(AttrText(AttrValue(int64_t{-3})), "-3");
  EXPECT_EQ(AttrText(AttrValue(0.1f)), "0.1");
  EXPECT_EQ(AttrText(AttrValue(1.0)), "1");
  EXPECT_EQ(AttrText(AttrValue(None{})), "None");
  EXPECT_EQ(AttrText(AttrValue("text")), "text");
  EXPECT_EQ(AttrText(AttrList{}), "()");
  EXPECT_EQ(AttrText(AttrList{int64_t{2}}), "(2,)");
  EXPECT_EQ(AttrText(AttrList{int64_t{2}, None{}}), "(2, None)");
}

TEST(AttrValueTest, TakesWhatItsTextWouldGive) {
  // A number as it comes from a file need not be of the field's type.
  EXPECT_EQ(*AttrFromValue<float>(int64_t{3}), 3.0f);
  EXPECT_EQ(*AttrFromValue<float>(0.1), 0.1f);
  EXPECT_EQ(*AttrFromValue<double>(0.1f), 0.1);
  EXPECT_EQ(*AttrFromValue<float>("0.1"), 0.1f);
  EXPECT_EQ(*AttrFromValue<bool>(int64_t{1}), true);
  EXPECT_EQ(*AttrFromValue<int64_t>(2.0f), 2);
  EXPECT_EQ(*AttrFromValue<Ints>(int64_t{3}), Ints{3});
  EXPECT_EQ(*AttrFromValue<Ints>(AttrList{"1", 2.0f}), (Ints{1, 2}));
  EXPECT_EQ(*AttrFromValue<std::string>(int64_t{3}), "3");
  EXPECT_EQ(*AttrFromValue<std::optional<float>>(None{}), std::nullopt);
  EXPECT_FALSE(AttrFromValue<int64_t>(2.5f).ok());
  EXPECT_FALSE(AttrFromValue<bool>(int64_t{2}).ok());
  EXPECT_FALSE(AttrFromValue<float>(None{}).ok());
  EXPECT_FALSE(AttrFromValue<float>(AttrList{1.0f}).ok());
  EXPECT_FALSE(AttrFromValue<Ints>(AttrList{None{}}).ok());
  EXPECT_FALSE(AttrFromValue<DType>(int64_t{0}).ok());
}

}  // namespace
}  // namespace minnow
