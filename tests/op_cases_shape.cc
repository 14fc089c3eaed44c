// Rows of the operators that keep their elements and change their shape.
#include <utility>

#include "minnow/ops/reshape.h"
#include "minnow/ops/shape.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

OpCase ReshapeCase(const char* op, const char* label, Attrs a, Shape from,
                   Shape to) {
  return {.op = op,
          .label = label,
          .attrs = std::move(a),
          .inputs = {{.shape = std::move(from)}},
          .formula = [to](Inputs in) {
            return std::vector{TestArray{.shape = to, .values = in[0].values}};
          }};
}

OpCase ReshapeLikeCase(const char* label, ReshapeLikeAttrs a, Shape from,
                       Shape like, Shape to) {
  OpCase c = ReshapeCase("reshape_like", label, a, std::move(from), to);
  c.inputs.push_back({.shape = std::move(like)});
  return c;
}

void AppendShapes(std::vector<OpCase>& cases) {
  const auto reshape = [&](const char* label, ReshapeAttrs a, Shape from,
                           Shape to) {
    cases.push_back(ReshapeCase("Reshape", label, std::move(a), std::move(from),
                                std::move(to)));
  };
  reshape("plain", {.shape = {4, 3}}, {2, 6}, {4, 3});
  reshape("0 and -1", {.shape = {0, -1}}, {2, 3, 4}, {2, 12});
  reshape("-2", {.shape = {1, -2}}, {1, 3, 4}, {1, 3, 4});
  reshape("-3", {.shape = {-3, 0}}, {2, 3, 4}, {6, 4});
  reshape("-4", {.shape = {-4, -1, 3, -2}}, {6, 2}, {2, 3, 2});
  reshape("from the right", {.shape = {-1, 0}, .reverse = true}, {2, 3, 4},
          {6, 4});
  reshape("split from the right", {.shape = {0, -4, 2, -1}, .reverse = true},
          {3, 6}, {3, 2, 3});
  reshape("many more axes", {.shape = {2, 1, 3, 2}}, {12}, {2, 1, 3, 2});
  reshape("-1 among more axes", {.shape = {-1, 1, 2, 3}}, {4, 3}, {2, 1, 2, 3});
  reshape("more axes from the right", {.shape = {2, 3, -1, 1}, .reverse = true},
          {6}, {2, 3, 1, 1});
  reshape("target", {.target_shape = {2, 0}}, {3, 4}, {2, 6});
  reshape("target with first axis",
          {.target_shape = {7, 0}, .keep_highest = true}, {3, 2, 2}, {3, 4});
  reshape("no element", {.shape = {-1, 4}}, {0, 3}, {0, 4});
  cases.push_back(ReshapeCase("Flatten", "", NoAttrs{}, {2, 3, 2}, {2, 6}));
  cases.push_back(
      ReshapeCase("Flatten", "no element", NoAttrs{}, {0, 3, 2}, {0, 6}));
  cases.push_back(ReshapeLikeCase("", {}, {2, 6}, {3, 4}, {3, 4}));
  cases.push_back(ReshapeLikeCase(
      "some axes", {.lhs_begin = 1, .rhs_begin = 0, .rhs_end = -1}, {5, 6},
      {2, 3, 7}, {5, 2, 3}));
  cases.push_back(
      ReshapeLikeCase("scalar", {}, {1, 1}, Shape::Scalar(), Shape::Scalar()));
  const auto expand = [&](const char* label, int64_t axis, Shape from,
                          Shape to) {
    cases.push_back(ReshapeCase("expand_dims", label,
                                ExpandDimsAttrs{.axis = axis}, std::move(from),
                                std::move(to)));
  };
  expand("first", 0, {3, 4}, {1, 3, 4});
  expand("behind the last", 2, {3, 4}, {3, 4, 1});
  expand("negative", -2, {3, 4}, {3, 1, 4});
  expand("scalar", 0, Shape::Scalar(), {1});
  expand("no element", -1, {0, 2}, {0, 2, 1});
  const auto squeeze = [&](const char* label, SqueezeAttrs a, Shape from,
                           Shape to) {
    cases.push_back(ReshapeCase("squeeze", label, std::move(a), std::move(from),
                                std::move(to)));
  };
  squeeze("all", {}, {1, 3, 1, 2}, {3, 2});
  squeeze("some", {.axis = {{-2, 0}}}, {1, 3, 1, 1}, {3, 1});
  squeeze("none left", {}, {1, 1}, {1});
  squeeze("scalar", {}, Shape::Scalar(), {1});
  squeeze("no element", {}, {1, 0, 2}, {0, 2});
  const auto as_array = [&](const char* op, const char* label, Shape shape,
                            std::vector<double> values) {
    const Shape out = {static_cast<int64_t>(values.size())};
    cases.push_back({.op = op,
                     .label = label,
                     .inputs = {{.shape = std::move(shape)}},
                     .formula =
                         [=](Inputs) {
                           return std::vector{
                               TestArray{.shape = out, .values = values}};
                         },
                     .gradient = ZeroGradient()});
  };
  as_array("shape_array", "", {2, 3, 4}, {2, 3, 4});
  as_array("shape_array", "scalar", Shape::Scalar(), {});
  as_array("shape_array", "no element", {0, 3}, {0, 3});
  as_array("size_array", "", {2, 3, 4}, {24});
  as_array("size_array", "scalar", Shape::Scalar(), {1});
  as_array("size_array", "no element", {0, 3}, {0});
}

}  // namespace

std::vector<OpCase> ShapeOpCases() {
  std::vector<OpCase> cases;
  AppendShapes(cases);
  return cases;
}

}  // namespace minnow
