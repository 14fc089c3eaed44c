// Rows of the operators that move elements, from a table of which element of
// the input each one of the output is.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/ops/concat.h"
#include "minnow/ops/diag.h"
#include "minnow/ops/pad.h"
#include "minnow/ops/repeat.h"
#include "minnow/ops/sequence.h"
#include "minnow/ops/slice.h"
#include "minnow/ops/transpose.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;
using Place = std::vector<int64_t>;

// Calls f(i, place) for each element of an array of this shape.
template <typename F>
void ForEachPlace(const Shape& shape, const F& f) {
  for (int64_t i = 0; i < shape.num_elements(); ++i) {
    Place place(shape.rank());
    int64_t rest = i;
    for (size_t k = shape.rank(); k-- > 0;) {
      place[k] = rest % shape[k];
      rest /= shape[k];
    }
    f(static_cast<size_t>(i), place);
  }
}

size_t IndexOf(const Place& place, const Shape& shape) {
  int64_t index = 0;
  for (size_t k = 0; k < place.size(); ++k) index = index * shape[k] + place[k];
  return static_cast<size_t>(index);
}

// The output's shape for data of some shape, and the place in data of an
// element of the output.
struct Movement {
  std::function<Shape(const Shape& data)> shape;
  std::function<Place(const Place& out, const Shape& data)> source;
};

TestArray Moved(const Movement& movement, const TestArray& data) {
  TestArray out{.shape = movement.shape(data.shape)};
  ForEachPlace(out.shape, [&](size_t, const Place& place) {
    out.values.push_back(
        data.values[IndexOf(movement.source(place, data.shape), data.shape)]);
  });
  return out;
}

OpCase MoveCase(const char* op, const char* label, Attrs attrs, Shape data,
                const Movement& movement, std::vector<Shape> large = {}) {
  return {
      .op = op,
      .label = label,
      .attrs = std::move(attrs),
      .inputs = {{.shape = std::move(data)}},
      .formula =
          [movement](Inputs in) { return std::vector{Moved(movement, in[0])}; },
      .large = std::move(large)};
}

// Of an operator of one input: the row, and that of its gradient, which puts
// the elements back.
std::vector<OpCase> MoveCases(const char* op, const char* label, Attrs attrs,
                              Shape data, const Movement& movement,
                              std::vector<Shape> large = {}) {
  OpCase forward = MoveCase(op, label, attrs, data, movement, large);
  OpCase backward = forward;
  backward.op = absl::StrCat("_backward_", op);
  backward.inputs = {{.shape = movement.shape(data)}, {.shape = data}};
  backward.formula = [movement](Inputs in) {
    TestArray out{.shape = in[1].shape};
    out.values.resize(in[1].values.size());
    ForEachPlace(in[0].shape, [&](size_t i, const Place& place) {
      out.values[IndexOf(movement.source(place, out.shape), out.shape)] +=
          in[0].values[i];
    });
    return std::vector{out};
  };
  if (!large.empty()) {
    backward.large = {movement.shape(large[0]), large[0]};
  }
  return {forward, backward};
}

void Append(std::vector<OpCase> more, std::vector<OpCase>& cases) {
  for (OpCase& c : more) cases.push_back(std::move(c));
}

// Slices ---------------------------------------------------------------------

// Indices begin, begin + step, ... of each axis.
struct Indices {
  int64_t begin, step, size;
};

Movement SliceMovement(std::vector<Indices> axes) {
  return {.shape =
              [axes](const Shape& data) {
                Shape out = data;
                for (size_t k = 0; k < axes.size(); ++k) {
                  if (axes[k].size >= 0) out.set(k, axes[k].size);
                }
                return out;
              },
          .source =
              [axes](Place place, const Shape&) {
                for (size_t k = 0; k < axes.size(); ++k) {
                  place[k] = axes[k].begin + axes[k].step * place[k];
                }
                return place;
              }};
}

// An axis that is not cut.
constexpr Indices kWhole = {0, 1, -1};

void AppendSlices(std::vector<OpCase>& cases) {
  const auto none = std::nullopt;
  const auto add = [&](const char* label, SliceAttrs a, Shape data,
                       std::vector<Indices> indices,
                       std::vector<Shape> large = {}) {
    Append(MoveCases("slice", label, std::move(a), std::move(data),
                     SliceMovement(std::move(indices)), std::move(large)),
           cases);
  };
  add("", {.begin = {{1, 0}}, .end = {{3, 2}}}, {4, 3}, {{1, 1, 2}, {0, 1, 2}},
      {{50, 5000}});
  add("rows", {.begin = {{2}}, .end = {{none}}}, {5, 3}, {{2, 1, 3}});
  add("step", {.begin = {{none, 1}}, .end = {{none, none}}, .step = {{3, 2}}},
      {7, 6}, {{0, 3, 3}, {1, 2, 3}});
  add("backwards",
      {.begin = {{none, 4}}, .end = {{none, 0}}, .step = {{-1, -2}}}, {3, 6},
      {{2, -1, 3}, {4, -2, 2}});
  add("from the end", {.begin = {{-3, -4}}, .end = {{-1, -1}}}, {4, 6},
      {{1, 1, 2}, {2, 1, 3}});
  add("outside", {.begin = {{-9, 1}}, .end = {{9, 9}}, .step = {{none, none}}},
      {2, 3}, {{0, 1, 2}, {1, 1, 2}});
  add("nothing", {.begin = {{2}}, .end = {{1}}}, {4, 2}, {{0, 1, 0}});
  add("large step", {.begin = {{1}}, .end = {{none}}, .step = {{1000000}}}, {4},
      {{1, 1, 1}});
  add("no axis", {.begin = SliceBounds{}, .end = SliceBounds{}}, {2, 3}, {});
  add("no element", {.begin = {{1}}, .end = {{none}}}, {2, 0}, {{1, 1, 1}});

  const auto axis = [&](const char* label, int64_t axis, int64_t begin,
                        std::optional<int64_t> end, Shape data,
                        std::vector<Indices> indices,
                        std::vector<Shape> large = {}) {
    Append(MoveCases("slice_axis", label,
                     SliceAxisAttrs{.axis = axis, .begin = begin, .end = end},
                     std::move(data), SliceMovement(std::move(indices)),
                     std::move(large)),
           cases);
  };
  axis("", 1, 1, 3, {2, 4, 3}, {kWhole, {1, 1, 2}}, {{30, 40, 50}});
  axis("negative", -1, -3, -1, {2, 4}, {kWhole, {1, 1, 2}});
  axis("to the end", 0, 2, none, {5, 2}, {{2, 1, 3}});

  const auto like = [&](const char* label, SliceLikeAttrs a, Shape data,
                        Shape shape_like, Shape out) {
    std::vector<Indices> indices;
    for (int64_t size : out.dims()) indices.push_back({0, 1, size});
    std::vector<OpCase> rows =
        MoveCases("slice_like", label, std::move(a), std::move(data),
                  SliceMovement(std::move(indices)));
    for (OpCase& row : rows) {
      row.inputs.push_back({.shape = shape_like, .differentiable = false});
    }
    Append(std::move(rows), cases);
  };
  like("", {}, {4, 3}, {2, 3}, {2, 3});
  like("axes", {.axes = {-1, 0}}, {4, 2, 5}, {3, 9, 2}, {3, 2, 2});
  like("other rank", {.axes = {1}}, {3, 4}, {1, 2, 7}, {3, 2});
  like("nothing", {}, {2, 3}, {0, 3}, {0, 3});
}

void AppendAssignments(std::vector<OpCase>& cases) {
  const Movement part = SliceMovement({{3, -2, 2}, {1, 1, 2}});
  const SliceAttrs a = {
      .begin = {{3, 1}}, .end = {{std::nullopt, 3}}, .step = {{-2, 1}}};
  cases.push_back(
      {.op = "_slice_assign",
       .attrs = a,
       .inputs = {{.shape = {4, 3}}, {.shape = {2, 2}}},
       .formula = [part](Inputs in) {
         TestArray out{.shape = in[0].shape, .values = in[0].values};
         ForEachPlace(in[1].shape, [&](size_t i, const Place& p) {
           out.values[IndexOf(part.source(p, out.shape), out.shape)] =
               in[1].values[i];
         });
         return std::vector{out};
       }});
  cases.push_back(
      {.op = "_slice_assign_scalar",
       .attrs =
           SliceAssignScalarAttrs{
               .begin = a.begin, .end = a.end, .step = a.step, .scalar = 3},
       .inputs = {{.shape = {4, 3}}},
       .formula = [part](Inputs in) {
         TestArray out{.shape = in[0].shape, .values = in[0].values};
         ForEachPlace({2, 2}, [&](size_t, const Place& p) {
           // A bool has no 3.
           out.values[IndexOf(part.source(p, out.shape), out.shape)] = 3;
         });
         return std::vector{out};
       }});
}

// Orders ---------------------------------------------------------------------

Movement Permutation(std::vector<size_t> axes) {
  return {.shape =
              [axes](const Shape& data) {
                Shape out = Shape::Scalar();
                for (size_t axis : axes) out.push_back(data[axis]);
                return out;
              },
          .source =
              [axes](const Place& out, const Shape&) {
                Place place(axes.size());
                for (size_t k = 0; k < axes.size(); ++k) {
                  place[axes[k]] = out[k];
                }
                return place;
              }};
}

void AppendOrders(std::vector<OpCase>& cases) {
  const auto transpose = [&](const char* label, std::vector<int64_t> given,
                             Shape data, std::vector<size_t> axes,
                             std::vector<Shape> large = {}) {
    cases.push_back(MoveCase(
        "transpose", label, TransposeAttrs{.axes = std::move(given)},
        std::move(data), Permutation(std::move(axes)), std::move(large)));
  };
  transpose("", {}, {3, 4}, {1, 0}, {{300, 401}});
  transpose("reverse", {}, {2, 3, 4}, {2, 1, 0}, {{40, 50, 60}});
  transpose("rows stay", {1, 0, 2}, {2, 3, 4}, {1, 0, 2}, {{40, 50, 60}});
  transpose("four axes", {0, 3, -3, 2}, {2, 3, 2, 4}, {0, 3, 1, 2});
  transpose("images", {0, 3, 1, 2}, {2, 30, 20, 3}, {0, 3, 1, 2},
            {{3, 150, 90, 3}});
  transpose("channels last", {0, 2, 3, 1}, {2, 3, 20, 30}, {0, 2, 3, 1},
            {{3, 3, 150, 90}});
  transpose("tiles and rests", {}, {75, 100}, {1, 0});
  cases.back().inputs[0].differentiable = false;
  transpose("nothing moves", {0, 1}, {1, 5}, {0, 1});
  transpose("no element", {}, {2, 0}, {1, 0});
  transpose("scalar", {}, Shape::Scalar(), {});
  const auto swap = [&](const char* label, SwapAxisAttrs a, Shape data,
                        std::vector<size_t> axes) {
    cases.push_back(MoveCase("SwapAxis", label, a, std::move(data),
                             Permutation(std::move(axes))));
  };
  swap("", {.dim1 = 0, .dim2 = 2}, {2, 3, 4}, {2, 1, 0});
  swap("negative", {.dim1 = -1, .dim2 = 1}, {2, 3, 4, 2}, {0, 3, 2, 1});
  swap("same", {}, {2, 3}, {0, 1});

  const auto reverse = [&](const char* label, std::vector<int64_t> axes,
                           std::vector<size_t> reversed, Shape data,
                           std::vector<Shape> large = {}) {
    cases.push_back(MoveCase("reverse", label,
                             ReverseAttrs{.axis = std::move(axes)},
                             std::move(data),
                             {.shape = [](const Shape& x) { return x; },
                              .source =
                                  [reversed](Place place, const Shape& x) {
                                    for (size_t k : reversed)
                                      place[k] = x[k] - 1 - place[k];
                                    return place;
                                  }},
                             std::move(large)));
  };
  reverse("", {1}, {1}, {2, 5}, {{40, 3000}});
  reverse("rows", {0}, {0}, {4, 3}, {{400, 300}});
  reverse("both", {0, -1}, {0, 2}, {2, 3, 4});
  reverse("none", {}, {}, {2, 3});
  reverse("no element", {0, 1}, {}, {2, 0});

  const auto to_depth = [](int64_t b) {
    return Movement{.shape =
                        [b](const Shape& x) {
                          return Shape{x[0], x[1] * b * b, x[2] / b, x[3] / b};
                        },
                    .source =
                        [b](const Place& p, const Shape& x) {
                          const int64_t block = p[1] / x[1];
                          return Place{p[0], p[1] % x[1], p[2] * b + block / b,
                                       p[3] * b + block % b};
                        }};
  };
  const auto to_space = [](int64_t b) {
    return Movement{
        .shape =
            [b](const Shape& x) {
              return Shape{x[0], x[1] / (b * b), x[2] * b, x[3] * b};
            },
        .source =
            [b](const Place& p, const Shape& x) {
              const int64_t channels = x[1] / (b * b);
              return Place{p[0], (p[2] % b * b + p[3] % b) * channels + p[1],
                           p[2] / b, p[3] / b};
            }};
  };
  const auto blocks = [&](const char* label, int64_t b, Shape wide,
                          std::vector<Shape> large = {}) {
    const Shape deep = to_depth(b).shape(wide);
    cases.push_back(MoveCase("space_to_depth", label,
                             BlockSizeAttrs{.block_size = b}, wide, to_depth(b),
                             large));
    if (!large.empty()) large[0] = to_depth(b).shape(large[0]);
    cases.push_back(MoveCase("depth_to_space", label,
                             BlockSizeAttrs{.block_size = b}, deep, to_space(b),
                             large));
  };
  blocks("", 2, {2, 3, 4, 6}, {{2, 3, 120, 80}});
  blocks("of three", 3, {1, 2, 3, 9});
  blocks("of one", 1, {1, 2, 3, 2});
  blocks("no element", 2, {0, 1, 2, 4});
}

// Joints and parts -----------------------------------------------------------

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

// Repetitions ----------------------------------------------------------------

void AppendRepetitions(std::vector<OpCase>& cases) {
  const auto repeat = [&](const char* label, RepeatAttrs a, Shape data,
                          size_t axis, std::vector<Shape> large = {}) {
    const int64_t n = a.repeats;
    cases.push_back(MoveCase("repeat", label, a, std::move(data),
                             {.shape =
                                  [=](const Shape& x) {
                                    Shape out = x;
                                    out.set(axis, x[axis] * n);
                                    return out;
                                  },
                              .source =
                                  [=](Place place, const Shape&) {
                                    place[axis] /= n;
                                    return place;
                                  }},
                             std::move(large)));
  };
  repeat("", {.repeats = 2, .axis = 1}, {2, 3, 2}, 1, {{30, 40, 50}});
  repeat("last axis", {.repeats = 3, .axis = -1}, {2, 3}, 1, {{30, 400}});
  repeat("negative", {.repeats = 2, .axis = -2}, {2, 3, 2}, 1);
  repeat("first axis", {.repeats = 2, .axis = 0}, {2, 3}, 0);
  repeat("nothing", {.repeats = 0, .axis = 0}, {2, 3}, 0);
  cases.back().gradient = ZeroGradient();
  repeat("vector", {.repeats = 2}, {3}, 0);
  cases.push_back(MoveCase(
      "repeat", "all elements", RepeatAttrs{.repeats = 2}, {2, 3},
      {.shape = [](const Shape& x) { return Shape{2 * x.num_elements()}; },
       .source =
           [](const Place& p, const Shape& x) {
             return Place{p[0] / 2 / x[1], p[0] / 2 % x[1]};
           }}));
  const auto tile = [&](const char* label, std::vector<int64_t> reps,
                        Shape data, Shape out) {
    cases.push_back(MoveCase(
        "tile", label, TileAttrs{.reps = std::move(reps)}, std::move(data),
        {.shape = [out](const Shape&) { return out; },
         .source =
             [](const Place& p, const Shape& x) {
               Place place(p.end() - static_cast<int64_t>(x.rank()), p.end());
               for (size_t k = 0; k < x.rank(); ++k) place[k] %= x[k];
               return place;
             }}));
  };
  tile("", {2, 3}, {2, 2}, {4, 6});
  tile("fewer axes", {2}, {2, 3}, {2, 6});
  tile("more axes", {2, 1, 2}, {3}, {2, 1, 6});
  tile("no axis", {}, {2, 3}, {2, 3});
  tile("scalar", {3}, Shape::Scalar(), {3});
  tile("nothing", {0, 2}, {2, 2}, {0, 4});
  cases.back().gradient = ZeroGradient();

  const auto broadcast = [](Shape out) {
    return Movement{.shape = [out](const Shape&) { return out; },
                    .source =
                        [](Place place, const Shape& x) {
                          for (size_t k = 0; k < x.rank(); ++k) {
                            if (x[k] == 1) place[k] = 0;
                          }
                          return place;
                        }};
  };
  const auto to = [&](const char* label, std::vector<int64_t> shape, Shape data,
                      Shape out) {
    cases.push_back(MoveCase("broadcast_to", label,
                             BroadcastToAttrs{.shape = std::move(shape)},
                             std::move(data), broadcast(std::move(out))));
  };
  to("", {4, 3}, {1, 3}, {4, 3});
  to("kept", {0, 3, 0}, {2, 1, 2}, {2, 3, 2});
  to("last axis", {2, 9}, {2, 1}, {2, 9});
  to("nothing", {0, 3}, {0, 1}, {0, 3});
  const auto axes = [&](const char* label, BroadcastAxisAttrs a, Shape data,
                        Shape out) {
    cases.push_back(MoveCase("broadcast_axis", label, std::move(a),
                             std::move(data), broadcast(std::move(out))));
  };
  axes("", {.axis = {1}, .size = {4}}, {2, 1, 3}, {2, 4, 3});
  axes("two", {.axis = {-1, 0}, .size = {2, 3}}, {1, 2, 1}, {3, 2, 2});
  axes("none", {}, {2, 1}, {2, 1});
  const auto like = [&](const char* label, BroadcastLikeAttrs a, Shape data,
                        Shape other, Shape out) {
    OpCase c = MoveCase("broadcast_like", label, std::move(a), std::move(data),
                        broadcast(std::move(out)));
    c.inputs.push_back({.shape = std::move(other), .differentiable = false});
    cases.push_back(std::move(c));
  };
  like("", {}, {1, 3}, {4, 3}, {4, 3});
  like("axes", {.lhs_axes = {{-1, 0}}, .rhs_axes = {{0, -2}}}, {1, 2, 1},
       {3, 4, 9}, {4, 2, 3});
}

// Borders and diagonals ------------------------------------------------------

void AppendPads(std::vector<OpCase>& cases) {
  const auto add = [&](const char* label, PadMode mode,
                       std::vector<int64_t> width, Shape data,
                       std::vector<Shape> large = {}) {
    const PadAttrs a = {.mode = mode, .pad_width = width, .constant_value = 1};
    // The place in data, or one outside of it.
    const auto source = [=](Place place, const Shape& x) {
      for (size_t k = 0; k < x.rank(); ++k) {
        int64_t& i = place[k];
        i -= width[2 * k];
        if (mode == PadMode::kEdge) {
          i = std::clamp<int64_t>(i, 0, x[k] - 1);
        } else if (mode == PadMode::kReflect) {
          if (i < 0) i = -i;
          if (i >= x[k]) i = 2 * (x[k] - 1) - i;
        }
      }
      return place;
    };
    cases.push_back({.op = "Pad",
                     .label = label,
                     .attrs = a,
                     .inputs = {{.shape = std::move(data)}},
                     .formula =
                         [=](Inputs in) {
                           const Shape& x = in[0].shape;
                           TestArray out{.shape = x};
                           for (size_t k = 0; k < x.rank(); ++k) {
                             out.shape.set(
                                 k, x[k] + width[2 * k] + width[2 * k + 1]);
                           }
                           ForEachPlace(out.shape, [&](size_t, const Place& p) {
                             const Place from = source(p, x);
                             bool inside = true;
                             for (size_t k = 0; k < x.rank(); ++k) {
                               inside &= from[k] >= 0 && from[k] < x[k];
                             }
                             out.values.push_back(
                                 inside ? in[0].values[IndexOf(from, x)] : 1);
                           });
                           return std::vector{out};
                         },
                     .large = std::move(large)});
  };
  using enum PadMode;
  add("constant", kConstant, {0, 0, 0, 0, 1, 2, 3, 0}, {2, 2, 2, 3},
      {{2, 3, 80, 90}});
  add("edge", kEdge, {0, 0, 0, 0, 2, 1, 0, 3}, {2, 1, 2, 3}, {{2, 3, 80, 90}});
  add("reflect", kReflect, {0, 0, 0, 0, 2, 1, 1, 3}, {1, 2, 3, 4},
      {{2, 3, 80, 90}});
  add("constant volume", kConstant, {0, 0, 0, 0, 0, 1, 1, 0, 1, 1},
      {1, 2, 2, 1, 2});
  add("edge volume", kEdge, {0, 0, 0, 0, 1, 1, 0, 2, 1, 0}, {1, 1, 2, 2, 2});
  add("reflect volume", kReflect, {0, 0, 0, 0, 1, 0, 0, 1, 1, 1},
      {1, 1, 2, 2, 2});
  add("no border", kReflect, {0, 0, 0, 0, 0, 0, 0, 0}, {1, 2, 2, 2});
  add("no element", kConstant, {0, 0, 0, 0, 1, 0, 0, 1}, {1, 2, 0, 1});
}

void AppendDiagonals(std::vector<OpCase>& cases) {
  const auto add = [&](const char* label, DiagAttrs a, Shape data,
                       const Movement& movement) {
    Append(MoveCases("diag", label, a, std::move(data), movement), cases);
  };
  // Of a matrix: `size` elements from (row, column) on.
  const auto diagonal = [](int64_t row, int64_t column, int64_t size) {
    return Movement{.shape = [=](const Shape&) { return Shape{size}; },
                    .source =
                        [=](const Place& p, const Shape&) {
                          return Place{row + p[0], column + p[0]};
                        }};
  };
  add("", {}, {3, 4}, diagonal(0, 0, 3));
  add("above", {.k = 2}, {3, 4}, diagonal(0, 2, 2));
  add("below", {.k = -1}, {3, 4}, diagonal(1, 0, 2));
  add("outside", {.k = 9}, {3, 4}, diagonal(0, 0, 0));
  add("of some axes", {.k = 1, .axis1 = -1, .axis2 = 0}, {3, 2, 4},
      {.shape =
           [](const Shape&) {
             return Shape{2, 2};
           },
       .source =
           [](const Place& p, const Shape&) {
             return Place{p[1] + 1, p[0], p[1]};
           }});
  for (int64_t k : {0, 2, -1}) {
    const Movement of_square = diagonal(k < 0 ? -k : 0, k > 0 ? k : 0, 3);
    const Shape square = {3 + std::abs(k), 3 + std::abs(k)};
    std::vector<OpCase> rows =
        MoveCases("diag", "of a vector", DiagAttrs{.k = k}, square, of_square);
    // The other way round: a vector becomes a diagonal.
    std::swap(rows[0].op, rows[1].op);
    rows[1].inputs = {{.shape = {3}}};
    rows[1].formula = [scatter = rows[1].formula, square](Inputs in) {
      TestArray zeros{.shape = square};
      zeros.values.resize(static_cast<size_t>(square.num_elements()));
      return scatter(std::vector{in[0], zeros});
    };
    rows[0].inputs.push_back({.shape = {3}});
    Append(std::move(rows), cases);
  }
}

void AppendSequences(std::vector<OpCase>& cases) {
  for (int64_t axis : {0, 1}) {
    const SequenceMaskAttrs a = {
        .use_sequence_length = true, .value = 1, .axis = axis};
    cases.push_back(
        {.op = "SequenceMask",
         .label = absl::StrCat("axis ", axis),
         .attrs = a,
         .inputs = {{.shape = {4, 4, 2}},
                    {.shape = {4},
                     .values = {0, 3, 1, 9},
                     .differentiable = false}},
         .formula =
             [axis](Inputs in) {
               TestArray out = in[0];
               ForEachPlace(out.shape, [&](size_t i, const Place& p) {
                 const double length = in[1].values[p[1 - axis]];
                 if (static_cast<double>(p[axis]) >= length) out.values[i] = 1;
               });
               return std::vector{out};
             },
         .large = {{90, 70, 20}, axis == 0 ? Shape{70} : Shape{90}}});
  }
  cases.push_back(MoveCase("SequenceMask", "whole", SequenceMaskAttrs{}, {3, 2},
                           Permutation({0, 1})));
}

}  // namespace

std::vector<OpCase> MoveOpCases() {
  std::vector<OpCase> cases;
  AppendSlices(cases);
  AppendAssignments(cases);
  AppendOrders(cases);
  AppendConcat(cases);
  AppendSplits(cases);
  AppendRepetitions(cases);
  AppendPads(cases);
  AppendDiagonals(cases);
  AppendSequences(cases);
  return cases;
}

}  // namespace minnow
