// Rows of borders and of diagonals.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "minnow/ops/diag.h"
#include "minnow/ops/pad.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

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

}  // namespace

std::vector<OpCase> PadOpCases() {
  std::vector<OpCase> cases;
  AppendPads(cases);
  AppendDiagonals(cases);
  return cases;
}

}  // namespace minnow
