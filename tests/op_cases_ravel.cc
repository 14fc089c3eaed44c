// Rows of tuples of indices and places.
#include "minnow/ops/ravel.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

// (rank, n...) to (n...).
Formula Ravel(Shape shape) {
  return [shape](Inputs in) {
    const Shape& tuples = in[0].shape;
    TestArray out{.shape = Shape(tuples.dims().subspan(1))};
    for (int64_t i = 0; i < out.shape.num_elements(); ++i) {
      double place = 0;
      for (size_t axis = 0; axis < shape.rank(); ++axis) {
        const int64_t at =
            static_cast<int64_t>(axis) * out.shape.num_elements() + i;
        place = place * static_cast<double>(shape[axis]) +
                std::trunc(in[0].values[static_cast<size_t>(at)]);
      }
      out.values.push_back(place);
    }
    return std::vector{out};
  };
}

Formula Unravel(Shape shape) {
  return [shape](Inputs in) {
    TestArray out{.shape = {static_cast<int64_t>(shape.rank())}};
    for (int64_t dim : in[0].shape.dims()) out.shape.push_back(dim);
    for (size_t axis = 0; axis < shape.rank(); ++axis) {
      for (double place : in[0].values) {
        const auto whole = static_cast<int64_t>(place);
        const int64_t rest = whole / shape.num_elements(axis + 1, shape.rank());
        out.values.push_back(
            static_cast<double>(shape[axis] < 0 ? rest : rest % shape[axis]));
      }
    }
    return std::vector{out};
  };
}

OpCase RavelCase(const char* label, Shape shape, TestInput tuples,
                 std::vector<Shape> large = {}) {
  return {.op = "_ravel_multi_index",
          .label = label,
          .attrs = RavelAttrs{.shape = shape},
          .inputs = {std::move(tuples)},
          .formula = Ravel(shape),
          .large = std::move(large),
          .gradient = ZeroGradient()};
}

OpCase UnravelCase(const char* label, Shape shape, TestInput places,
                   std::vector<Shape> large = {}) {
  return {.op = "_unravel_index",
          .label = label,
          .attrs = RavelAttrs{.shape = shape},
          .inputs = {std::move(places)},
          .formula = Unravel(shape),
          .large = std::move(large),
          .gradient = ZeroGradient()};
}

}  // namespace

std::vector<OpCase> RavelOpCases() {
  const TestInput of_three = {.shape = {3, 5}, .low = 0, .high = 3};
  const TestInput small = {.shape = {2, 3}, .low = 0, .high = 23};
  return {
      RavelCase("", {2, 3, 4}, of_three, {{3, 70001}}),
      RavelCase("no first dimension", {-1, 3, 4}, of_three),
      RavelCase("one axis", {9}, {.shape = {1, 2, 2}, .low = 0, .high = 9}),
      RavelCase("one tuple", {3, 3}, {.shape = {2}, .low = 0, .high = 3}),
      RavelCase("no tuple", {3, 3}, {.shape = {2, 0}}),
      UnravelCase("", {2, 3, 4}, small, {{70001}}),
      UnravelCase("no first dimension", {-1, 3}, small),
      UnravelCase("behind the end", {2, 3}, small),
      UnravelCase("scalar", {4, 6},
                  {.shape = Shape::Scalar(), .low = 0, .high = 23}),
  };
}

}  // namespace minnow
