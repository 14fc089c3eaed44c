#include "minnow/core/attr_value.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace minnow {
namespace {

template <typename T>
std::string NumberText(T value) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  return std::string(digits, end);
}

// Takes off blanks and a plus sign; std::from_chars knows neither.
absl::string_view NumberBody(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') {
    text.remove_prefix(1);
  }
  return text;
}

template <typename T>
absl::StatusOr<T> ParseFloating(absl::string_view type, absl::string_view text,
                                absl::string_view body) {
  T value;
  const char* end = body.data() + body.size();
  // The general format has no hexadecimal numbers, so "0x1" stops at the x;
  // "nan(...)" is C's, not ours.
  const auto result = std::from_chars(body.data(), end, value);
  if (result.ec == std::errc::result_out_of_range ||
      (result.ec == std::errc() && result.ptr == end && value != 0 &&
       std::abs(value) < std::numeric_limits<T>::min())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected ", type, ", found '", text, "', which is out of range"));
  }
  if (result.ec != std::errc() || result.ptr != end || body.back() == ')') {
    return ExpectedFound(type, text);
  }
  return value;
}

}  // namespace

absl::Status ExpectedFound(absl::string_view expected,
                           absl::string_view found) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", expected, ", found '", found, "'"));
}

std::string AttrText(const AttrScalar& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, None>) {
          return "None";
        } else if constexpr (std::is_same_v<T, bool>) {
          return v ? "True" : "False";
        } else if constexpr (std::is_same_v<T, std::string>) {
          return v;
        } else {
          return NumberText(v);
        }
      },
      value);
}

std::string AttrText(const AttrValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, AttrList>) {
          std::string text = "(";
          for (const AttrScalar& item : v) {
            absl::StrAppend(&text, text.size() > 1 ? ", " : "", AttrText(item));
          }
          return text + (v.size() == 1 ? ",)" : ")");
        } else {
          return AttrText(AttrScalar(v));
        }
      },
      value);
}

absl::StatusOr<bool> ParseBool(absl::string_view text) {
  const absl::string_view body = absl::StripAsciiWhitespace(text);
  if (body == "1" || body == "True" || body == "true" || body == "TRUE") {
    return true;
  }
  if (body == "0" || body == "False" || body == "false" || body == "FALSE") {
    return false;
  }
  return ExpectedFound("bool (True or False)", text);
}

absl::StatusOr<int64_t> ParseInt(absl::string_view text) {
  const absl::string_view body = NumberBody(text);
  int64_t value;
  const char* end = body.data() + body.size();
  const auto result = std::from_chars(body.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) {
    return ExpectedFound("int", text);
  }
  return value;
}

absl::StatusOr<float> ParseFloat(absl::string_view text) {
  absl::string_view body = NumberBody(text);
  // "0.1f" is a float; the last letter of "inf" is not a suffix.
  if (body.size() > 1 && absl::EndsWith(body, "f") &&
      (absl::ascii_isdigit(body[body.size() - 2]) ||
       body[body.size() - 2] == '.')) {
    body.remove_suffix(1);
  }
  return ParseFloating<float>("float", text, body);
}

absl::StatusOr<double> ParseDouble(absl::string_view text) {
  return ParseFloating<double>("double", text, NumberBody(text));
}

absl::StatusOr<std::vector<absl::string_view>> ParseList(
    absl::string_view text) {
  absl::string_view body = absl::StripAsciiWhitespace(text);
  const bool round = absl::ConsumePrefix(&body, "(");
  const bool square = !round && absl::ConsumePrefix(&body, "[");
  if ((round && !absl::ConsumeSuffix(&body, ")")) ||
      (square && !absl::ConsumeSuffix(&body, "]"))) {
    return ExpectedFound("a tuple like (1, 2)", text);
  }
  body = absl::StripAsciiWhitespace(body);
  std::vector<absl::string_view> items;
  while (!body.empty()) {
    const size_t comma = body.find(',');
    absl::string_view item = absl::StripAsciiWhitespace(body.substr(0, comma));
    // Python 2 wrote its long numbers with an L.
    if (item.size() > 1 && item.back() == 'L' &&
        absl::ascii_isdigit(item[item.size() - 2])) {
      item.remove_suffix(1);
    }
    if (item.empty() || item.find_first_of("()[]") != item.npos) {
      return ExpectedFound("a tuple like (1, 2)", text);
    }
    items.push_back(item);
    if (comma == body.npos) break;
    body = absl::StripAsciiWhitespace(body.substr(comma + 1));
    if (body.empty() && !round && !square) {
      return ExpectedFound("a tuple like (1, 2)", text);
    }
  }
  if (items.empty() && !round && !square) {
    return ExpectedFound("a tuple like (1, 2)", text);
  }
  return items;
}

absl::StatusOr<Shape> AttrCodec<Shape>::FromText(absl::string_view text) {
  if (text == "None") return Shape();
  MINNOW_ASSIGN_OR_RETURN(std::vector<int64_t> dims,
                          AttrCodec<std::vector<int64_t>>::FromText(text));
  for (int64_t dim : dims) {
    if (dim < Shape::kUnknown) return ExpectedFound("a shape", text);
  }
  return Shape(dims);
}

absl::StatusOr<Shape> AttrCodec<Shape>::FromValue(const AttrValue& value) {
  if (std::holds_alternative<None>(value)) return Shape();
  return FromText(AttrText(value));
}

AttrValue AttrCodec<Shape>::ToValue(const Shape& shape) {
  if (!shape.known_rank()) return None{};
  AttrList list;
  for (int64_t dim : shape.dims()) list.push_back(dim);
  return list;
}

}  // namespace minnow
