// Rows of operators that move elements, from a description of which element of
// the input each one of the output is.
//
//   OpCase row = MoveCase("reverse", "", ReverseAttrs{.axis = {0}}, {5},
//       {.shape = [](const Shape& x) { return x; },
//        .source = [](const Place& p, const Shape& x) {
//          return Place{x[0] - 1 - p[0]};
//        }});
#ifndef MINNOW_TESTS_OP_MOVEMENT_H_
#define MINNOW_TESTS_OP_MOVEMENT_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/core/shape.h"
#include "minnow/tests/op_cases.h"

namespace minnow {

using Place = std::vector<int64_t>;

// Calls f(i, place) for each element of an array of this shape.
template <typename F>
void ForEachPlace(const Shape& shape, const F& f) {
  const int64_t count = shape.num_elements();
  Place place(shape.rank());
  for (int64_t i = 0; i < count; ++i) {
    f(static_cast<size_t>(i), place);
    for (size_t k = shape.rank(); k-- > 0 && ++place[k] == shape[k];) {
      place[k] = 0;
    }
  }
}

size_t IndexOf(const Place& place, const Shape& shape);

// The output's shape for data of some shape, and the place in data of an
// element of the output.
struct Movement {
  std::function<Shape(const Shape& data)> shape;
  std::function<Place(const Place& out, const Shape& data)> source;
};

// Of axes in another order.
Movement Permutation(std::vector<size_t> axes);

OpCase MoveCase(const char* op, const char* label, Attrs attrs, Shape data,
                const Movement& movement, std::vector<Shape> large = {});

// Of an operator of one input: the row, and that of its gradient, which puts
// the elements back.
std::vector<OpCase> MoveCases(const char* op, const char* label, Attrs attrs,
                              Shape data, const Movement& movement,
                              std::vector<Shape> large = {});

// Moves all rows of `more` behind those of `cases`.
void Append(std::vector<OpCase> more, std::vector<OpCase>& cases);

}  // namespace minnow

#endif  // MINNOW_TESTS_OP_MOVEMENT_H_
