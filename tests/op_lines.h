// The lines of an array along an axis, as indices of elements.
#ifndef MINNOW_TESTS_OP_LINES_H_
#define MINNOW_TESTS_OP_LINES_H_

#include <cstdint>
#include <vector>

#include "minnow/core/shape.h"

namespace minnow {

// Calls f with the places of the elements of each line.
template <typename F>
void ForEachLine(const Shape& shape, size_t axis, const F& f) {
  const int64_t inner = shape.num_elements(axis + 1, shape.rank());
  for (int64_t l = 0; l < shape.num_elements(0, axis) * inner; ++l) {
    std::vector<int64_t> line;
    for (int64_t i = 0; i < shape[axis]; ++i) {
      line.push_back((l / inner * shape[axis] + i) * inner + l % inner);
    }
    f(l, line);
  }
}

}  // namespace minnow

#endif  // MINNOW_TESTS_OP_LINES_H_
