// Ratings of items by users.
//
//   absl::StatusOr<Ratings> ratings = ReadRatings("ml-100k.inter");
//   ratings->users[0];   // In [0, num_users): numbered as they first appear.
//   ratings->values[0];  // 3
//
// A line is "user<tab>item<tab>rating", and perhaps more; the first line is a
// header if its third field is no number. Users and items are any text. The
// file is not trusted: the error for a bad one names file and line.
#ifndef MINNOW_TRAIN_RATINGS_H_
#define MINNOW_TRAIN_RATINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/ndarray.h"

namespace minnow {

struct Ratings {
  std::vector<int32_t> users, items;
  std::vector<float> values;
  int64_t num_users = 0, num_items = 0;

  int64_t size() const { return static_cast<int64_t>(values.size()); }
};

// The ratings `rows` as the inputs of a graph: "users" and "items" (n,) of
// int32, "ratings" (n,1) of float32.
absl::StatusOr<absl::flat_hash_map<std::string, NDArray>> RatingInputs(
    const Ratings& ratings, absl::Span<const uint32_t> rows);

absl::StatusOr<Ratings> ReadRatings(const std::string& path);

// Made ratings: products of a few hidden factors of user and item, with noise.
// Few users and items have many of the ratings, most have some.
struct MadeRatings {
  int64_t num_users = 5000, num_items = 2000, size = 50000;
  int64_t factors = 4;
  double noise = 0.3;  // The best root mean square error that can be had.
  uint64_t seed = 1;
};
Ratings MakeRatings(const MadeRatings& options);

}  // namespace minnow

#endif  // MINNOW_TRAIN_RATINGS_H_
