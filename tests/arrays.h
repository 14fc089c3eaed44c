// Short ways to make arrays, and to look at them.
//
//   const NDArray w = Floats({2}, {1, 2});
//   EXPECT_THAT(ValuesOf(w), ElementsAre(1, 2));
#ifndef MINNOW_TESTS_ARRAYS_H_
#define MINNOW_TESTS_ARRAYS_H_

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

}  // namespace minnow

#endif  // MINNOW_TESTS_ARRAYS_H_
