#include "minnow/train/ratings.h"

#include <cmath>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "minnow/core/file.h"
#include "minnow/core/philox.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

constexpr int64_t kMaxBytes = int64_t{4} << 30;

// Numbers names as they first appear. The names are those of the file's text.
class Numbering {
 public:
  int32_t Of(absl::string_view name) {
    return numbers_.emplace(name, static_cast<int32_t>(numbers_.size()))
        .first->second;
  }
  int64_t size() const { return static_cast<int64_t>(numbers_.size()); }

 private:
  absl::flat_hash_map<absl::string_view, int32_t> numbers_;
};

bool ParseRating(absl::string_view field, float& rating) {
  field = absl::StripAsciiWhitespace(field);
  const auto result =
      absl::from_chars(field.data(), field.data() + field.size(), rating);
  return result.ec == std::errc() && std::isfinite(rating) &&
         result.ptr == field.data() + field.size();
}

// A field as it stands in a message: short, and without control characters.
std::string Quote(absl::string_view field) {
  return absl::StrCat("'", absl::CHexEscape(field.substr(0, 40)), "'");
}

}  // namespace

absl::StatusOr<absl::flat_hash_map<std::string, NDArray>> RatingInputs(
    const Ratings& ratings, absl::Span<const uint32_t> rows) {
  const auto n = static_cast<int64_t>(rows.size());
  MINNOW_ASSIGN_OR_RETURN(NDArray users, NDArray::Zeros({n}, DType::kInt32));
  MINNOW_ASSIGN_OR_RETURN(NDArray items, NDArray::Zeros({n}, DType::kInt32));
  MINNOW_ASSIGN_OR_RETURN(NDArray values,
                          NDArray::Zeros({n, 1}, DType::kFloat32));
  for (size_t i = 0; i < rows.size(); ++i) {
    users.values<int32_t>()[i] = ratings.users[rows[i]];
    items.values<int32_t>()[i] = ratings.items[rows[i]];
    values.values<float>()[i] = ratings.values[rows[i]];
  }
  return absl::flat_hash_map<std::string, NDArray>{
      {"users", users}, {"items", items}, {"ratings", values}};
}

absl::StatusOr<Ratings> ReadRatings(const std::string& path) {
  MINNOW_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxBytes));
  Ratings ratings;
  Numbering users, items;
  int64_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    const auto error = [&](absl::string_view expected,
                           absl::string_view found) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": line ", number,
                                                     ": expected ", expected,
                                                     ", found ", Quote(found)));
    };
    const std::vector<absl::string_view> fields = absl::StrSplit(line, '\t');
    if (fields.size() < 3) {
      return error("user, item and rating with tabs between", line);
    }
    float rating = 0;
    if (!ParseRating(fields[2], rating)) {
      if (number == 1) continue;
      return error("a finite number as the rating", fields[2]);
    }
    ratings.users.push_back(users.Of(fields[0]));
    ratings.items.push_back(items.Of(fields[1]));
    ratings.values.push_back(rating);
  }
  if (ratings.values.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected a rating, found none"));
  }
  ratings.num_users = users.size();
  ratings.num_items = items.size();
  return ratings;
}

Ratings MakeRatings(const MadeRatings& options) {
  const auto draw = [&](uint64_t stream, int64_t element) {
    return PhiloxGenerator({.seed = options.seed, .stream = stream})(
        static_cast<uint64_t>(element));
  };
  // Uniform numbers, squared: small ones are frequent.
  const auto pick = [](uint32_t high, uint32_t low, int64_t n) {
    const double u = UniformDouble(high, low);
    return static_cast<int32_t>(u * u * static_cast<double>(n));
  };
  Ratings ratings;
  ratings.num_users = options.num_users;
  ratings.num_items = options.num_items;
  for (int64_t i = 0; i < options.size; ++i) {
    const PhiloxBits bits = draw(0, i);
    const int32_t user = pick(bits[0], bits[1], options.num_users);
    const int32_t item = pick(bits[2], bits[3], options.num_items);
    double rating = 3.5 + options.noise * Normal(draw(1, i));
    for (int64_t k = 0; k < options.factors; ++k) {
      rating += Normal(draw(2, user * options.factors + k)) *
                Normal(draw(3, item * options.factors + k)) /
                static_cast<double>(options.factors);
    }
    ratings.users.push_back(user);
    ratings.items.push_back(item);
    ratings.values.push_back(static_cast<float>(rating));
  }
  return ratings;
}

}  // namespace minnow
