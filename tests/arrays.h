// Short ways to make arrays, and to look at them.
//
//   const NDArray w = Floats({2}, {1, 2});
//   EXPECT_THAT(ValuesOf(w), ElementsAre(1, 2));
#ifndef MINNOW_TESTS_ARRAYS_H_
#define MINNOW_TESTS_ARRAYS_H_

#include <cstddef>
#include <cstring>
#include <vector>

#include "minnow/core/ndarray.h"

namespace minnow {

inline NDArray Floats(const Shape& shape, const std::vector<float>& values) {
  return *NDArray::FromValues<float>(shape, values);
}

template <typename T = float>
std::vector<T> ValuesOf(const NDArray& array) {
  const absl::Span<const T> values = array.values<T>();
  return {values.begin(), values.end()};
}

// Of dense arrays.
inline bool SameBits(const NDArray& a, const NDArray& b) {
  return a.num_bytes() == b.num_bytes() &&
         std::memcmp(a.raw(), b.raw(), static_cast<size_t>(a.num_bytes())) == 0;
}

}  // namespace minnow

#endif  // MINNOW_TESTS_ARRAYS_H_
