// Rows of the operators that join arrays and take them apart.
#include <utility>

#include "minnow/ops/concat.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

// Inputs one after the other along an axis.
Formula Join(size_t axis) {
  return [axis](Inputs in) {
    TestArray out{.shape = in[0].shape};
    int64_t size = 0;
    for (const TestArray& x : in) size += x.shape[axis];
    out.shape.set(axis, size);
    out.values.resize(static_cast<size_t>(out.shape.num_elements()));
    int64_t begin = 0;
    for (const TestArray& x : in) {
      ForEachPlace(x.shape, [&](size_t i, Place place) {
        place[axis] += begin;
        out.values[IndexOf(place, out.shape)] = x.values[i];
      });
      begin += x.shape[axis];
    }
    return std::vector{out};
  };
}

// The part [begin, end) of an axis, which may be dropped.
TestArray Part(const TestArray& x, size_t axis, int64_t begin, int64_t end,
               bool squeeze) {
  TestArray out{.shape = x.shape};
  out.shape.set(axis, end - begin);
  ForEachPlace(out.shape, [&](size_t, Place place) {
    place[axis] += begin;
    out.values.push_back(x.values[IndexOf(place, x.shape)]);
  });
  if (squeeze) {
    Shape shape = Shape::Scalar();
    for (size_t k = 0; k < x.shape.rank(); ++k) {
      if (k != axis) shape.push_back(x.shape[k]);
    }
    out.shape = shape;
  }
  return out;
}

void AppendConcat(std::vector<OpCase>& cases) {
  const auto add = [&](const char* label, int64_t dim, size_t axis,
                       std::vector<Shape> shapes,
                       std::vector<Shape> large = {}) {
    const ConcatAttrs a = {.num_args = static_cast<int64_t>(shapes.size()),
                           .dim = dim};
    OpCase forward = {.op = "Concat",
                      .label = label,
                      .attrs = a,
                      .formula = Join(axis),
                      .large = large};
    for (const Shape& shape : shapes) forward.inputs.push_back({shape});
    OpCase backward = forward;
    backward.op = "_backward_Concat";
    backward.large.clear();
    Shape whole = shapes[0];
    whole.set(axis, 0);
    for (const Shape& x : shapes) whole.set(axis, whole[axis] + x[axis]);
    backward.inputs.insert(backward.inputs.begin(), TestInput{.shape = whole});
    backward.formula = [axis](Inputs in) {
      std::vector<TestArray> parts;
      int64_t begin = 0;
      for (const TestArray& x : in.subspan(1)) {
        parts.push_back(Part(in[0], axis, begin, begin + x.shape[axis], false));
        begin += x.shape[axis];
      }
      return parts;
    };
    cases.push_back(std::move(forward));
    cases.push_back(std::move(backward));
  };
  add("", 1, 1, {{2, 3}, {2, 1}, {2, 2}}, {{50, 300}, {50, 1}, {50, 700}});
  add("first axis", 0, 0, {{2, 3}, {1, 3}}, {{50, 300}, {200, 300}});
  add("negative", -1, 2, {{2, 2, 3}, {2, 2, 4}});
  add("one", 1, 1, {{3, 2}});
  add("no element", 1, 1, {{2, 0}, {2, 3}});

  const auto stack = [&](const char* label, int64_t axis, size_t place,
                         Shape shape, size_t count) {
    OpCase c = {.op = "stack",
                .label = label,
                .attrs = StackAttrs{.num_args = static_cast<int64_t>(count),
                                    .axis = axis}};
    c.inputs.assign(count, {.shape = shape});
    c.formula = [place](Inputs in) {
      std::vector<TestArray> piled(in.begin(), in.end());
      for (TestArray& x : piled) {
        Shape wide = Shape::Scalar();
        for (size_t k = 0; k <= x.shape.rank(); ++k) {
          if (k == place) wide.push_back(1);
          if (k < x.shape.rank()) wide.push_back(x.shape[k]);
        }
        x.shape = wide;
      }
      return Join(place)(piled);
    };
    cases.push_back(std::move(c));
  };
  stack("", 0, 0, {2, 3}, 3);
  stack("last", -1, 2, {2, 3}, 2);
  stack("middle", 1, 1, {2, 3}, 2);
  stack("scalars", 0, 0, Shape::Scalar(), 3);
}

void AppendSplits(std::vector<OpCase>& cases) {
  using Cut = std::pair<int64_t, int64_t>;
  const auto formula = [](size_t axis, std::vector<Cut> cuts, bool squeeze) {
    return [=](Inputs in) {
      std::vector<TestArray> parts;
      for (const auto& [begin, end] : cuts) {
        parts.push_back(Part(in[0], axis, begin, end, squeeze));
      }
      return parts;
    };
  };
  const auto split = [&](const char* label, SplitAttrs a, Shape data,
                         size_t axis) {
    const int64_t size = data[axis] / a.num_outputs;
    std::vector<Cut> cuts;
    for (int64_t i = 0; i < a.num_outputs; ++i) {
      cuts.push_back({i * size, (i + 1) * size});
    }
    cases.push_back({.op = "SliceChannel",
                     .label = label,
                     .attrs = a,
                     .inputs = {{.shape = std::move(data)}},
                     .formula = formula(axis, cuts, a.squeeze_axis)});
  };
  split("", {.num_outputs = 2}, {3, 4}, 1);
  split("first axis", {.num_outputs = 3, .axis = 0}, {6, 2}, 0);
  split("squeezed", {.num_outputs = 3, .axis = -1, .squeeze_axis = true},
        {2, 2, 3}, 2);
  split("one", {.num_outputs = 1}, {2, 3}, 1);
  split("no element", {.num_outputs = 2, .axis = 0}, {0, 3}, 0);
  const auto split_v2 = [&](const char* label, SplitV2Attrs a, Shape data,
                            size_t axis, std::vector<Cut> cuts) {
    cases.push_back(
        {.op = "_split_v2",
         .label = label,
         .attrs = a,
         .inputs = {{.shape = std::move(data)}},
         .formula = formula(axis, std::move(cuts), a.squeeze_axis)});
  };
  const std::vector<int64_t> none;
  split_v2("", {.indices = {{0, 1, 4}}}, {2, 6}, 1, {{0, 1}, {1, 4}, {4, 6}});
  split_v2("a rest in front", {.indices = {{2, 3}}, .axis = 0}, {5, 2}, 0,
           {{2, 3}, {3, 5}});
  split_v2("sections", {.indices = none, .axis = -1, .sections = 3}, {2, 7}, 1,
           {{0, 3}, {3, 5}, {5, 7}});
  split_v2("squeezed", {.indices = {{1, 2}}, .axis = 0, .squeeze_axis = true},
           {3, 2}, 0, {{1, 2}, {2, 3}});
}

}  // namespace

std::vector<OpCase> JoinOpCases() {
  std::vector<OpCase> cases;
  AppendConcat(cases);
  AppendSplits(cases);
  return cases;
}

}  // namespace minnow
