// Rows of the operators that repeat elements.
#include <utility>

#include "minnow/ops/repeat.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

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

}  // namespace

std::vector<OpCase> RepeatOpCases() {
  std::vector<OpCase> cases;
  AppendRepetitions(cases);
  return cases;
}

}  // namespace minnow
