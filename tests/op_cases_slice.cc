// Rows of slices, and of assignments to them.
#include <optional>
#include <utility>

#include "minnow/ops/slice.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

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

}  // namespace

std::vector<OpCase> SliceOpCases() {
  std::vector<OpCase> cases;
  AppendSlices(cases);
  AppendAssignments(cases);
  return cases;
}

}  // namespace minnow
