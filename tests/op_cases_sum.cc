// Rows of sum and mean.
#include <string>
#include <utility>

#include "minnow/ops/reduce.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

// The place in the result of element `i` of an array of this shape; `reduced`
// says for each axis whether it is reduced.
int64_t ReducedIndex(int64_t i, const Shape& shape,
                     const std::vector<bool>& reduced) {
  int64_t index = 0, stride = 1;
  for (size_t axis = shape.rank(); axis-- > 0;) {
    if (!reduced[axis]) {
      index += i % shape[axis] * stride;
      stride *= shape[axis];
    }
    i /= shape[axis];
  }
  return index;
}

int64_t CountKept(const Shape& shape, const std::vector<bool>& reduced) {
  int64_t kept = 1;
  for (size_t i = 0; i < shape.rank(); ++i) kept *= reduced[i] ? 1 : shape[i];
  return kept;
}

// `op` and its gradient, with the result's shape and the reduced axes spelt
// out.
std::vector<OpCase> ReduceCases(const std::string& op, const char* label,
                                ReduceAttrs a, Shape shape, Shape result,
                                std::vector<bool> reduced,
                                std::vector<Shape> large = {}) {
  const bool mean = op == "mean";
  const auto divisor = [=](const Shape& data) {
    const double kept = static_cast<double>(CountKept(data, reduced));
    return mean ? static_cast<double>(data.num_elements()) / kept : 1.0;
  };
  OpCase forward = {
      .op = op,
      .label = label,
      .attrs = a,
      .inputs = {{.shape = shape}},
      .formula =
          [=](Inputs in) {
            TestArray out{.shape = in[0].shape == shape ? result : Shape()};
            out.values.resize(CountKept(in[0].shape, reduced));
            for (size_t i = 0; i < in[0].values.size(); ++i) {
              out.values[ReducedIndex(static_cast<int64_t>(i), in[0].shape,
                                      reduced)] += in[0].values[i];
            }
            for (double& x : out.values) x /= divisor(in[0].shape);
            return std::vector{out};
          },
      // Of the terms of a sum; the naive one rounds worst.
      .magnitude = large.empty() || mean
                       ? 8
                       : static_cast<double>(large[0].num_elements() /
                                             CountKept(large[0], reduced)),
      .large = large};
  OpCase backward = {
      .op = "_backward_" + op,
      .label = label,
      .attrs = a,
      .inputs = {{.shape = result}, {.shape = shape}},
      .formula = [=](Inputs in) {
        TestArray out{.shape = in[1].shape};
        for (int64_t i = 0; i < in[1].shape.num_elements(); ++i) {
          out.values.push_back(
              in[0].values[ReducedIndex(i, in[1].shape, reduced)] /
              divisor(in[1].shape));
        }
        return std::vector{out};
      }};
  if (!large.empty()) {
    backward.large = {{CountKept(large[0], reduced)}, large[0]};
    if (CountKept(large[0], reduced) != 1 && large[0].rank() > 2) {
      backward.large.clear();  // The head has more axes than one.
    }
  }
  return {forward, backward};
}

void AppendReductions(std::vector<OpCase>& cases) {
  const auto axes = [](std::vector<int64_t> a) { return a; };
  for (const char* op : {"sum", "mean"}) {
    Append(ReduceCases(op, "all", {}, {3, 4}, {1}, {true, true}, {{300, 401}}),
           cases);
    Append(ReduceCases(op, "all, kept", {.keepdims = true}, {3, 4}, {1, 1},
                       {true, true}),
           cases);
    Append(ReduceCases(op, "rows", {.axis = axes({1})}, {3, 70}, {3},
                       {false, true}, {{300, 401}}),
           cases);
    Append(ReduceCases(op, "columns", {.axis = axes({0})}, {5, 3}, {3},
                       {true, false}, {{200, 1100}}),
           cases);
    Append(ReduceCases(op, "both ends", {.axis = axes({0, -1})}, {2, 3, 4}, {3},
                       {true, false, true}, {{60, 20, 70}}),
           cases);
    Append(ReduceCases(op, "middle, kept",
                       {.axis = axes({1}), .keepdims = true}, {2, 3, 4},
                       {2, 1, 4}, {false, true, false}, {{10, 300, 60}}),
           cases);
    Append(ReduceCases(op, "all but one", {.axis = axes({1}), .exclude = true},
                       {2, 3, 4}, {3}, {true, false, true}),
           cases);
    Append(ReduceCases(op, "nothing", {.axis = axes({0, 1}), .exclude = true},
                       {2, 3}, {2, 3}, {false, false}),
           cases);
    Append(ReduceCases(op, "scalar", {}, Shape::Scalar(), {1}, {}), cases);
  }
  Append(ReduceCases("sum", "no element", {.axis = axes({1})}, {3, 0}, {3},
                     {false, true}),
         cases);
}

}  // namespace

std::vector<OpCase> SumOpCases() {
  std::vector<OpCase> cases;
  AppendReductions(cases);
  return cases;
}

}  // namespace minnow
