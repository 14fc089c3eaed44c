// Rows of the operators of one element of each line.
#include <algorithm>
#include <utility>

#include "minnow/ops/pick.h"
#include "minnow/tests/op_lines.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

size_t Picked(const PickAttrs& a, double index, size_t size) {
  const auto n = static_cast<int64_t>(size);
  const auto i = static_cast<int64_t>(index);
  return static_cast<size_t>(a.mode == PickMode::kClip
                                 ? std::clamp<int64_t>(i, 0, n - 1)
                                 : (i % n + n) % n);
}

std::vector<OpCase> PickCases(const char* label, PickAttrs a, Shape data,
                              Shape index, Shape out, size_t axis,
                              std::vector<Shape> large = {}) {
  // Also out of range; no negative ones, which uint8 lacks.
  const TestInput indices = {
      .shape = index, .values = {1, 0, 5, 2, 4, 3}, .differentiable = false};
  std::vector<Shape> large_backward;
  if (!large.empty()) large_backward = {large[1], large[1], large[0]};
  return {
      {.op = "pick",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = data}, indices},
       .formula =
           [=](Inputs in) {
             TestArray picked{.shape = in[0].shape == data ? out : Shape()};
             ForEachLine(in[0].shape, axis, [&](int64_t l, const auto& line) {
               picked.values.push_back(
                   in[0].values[line[Picked(a, in[1].values[l], line.size())]]);
             });
             return std::vector{picked};
           },
       .large = large},
      {.op = "_backward_pick",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = out}, indices, {.shape = data}},
       .formula =
           [=](Inputs in) {
             TestArray grad{.shape = in[2].shape};
             grad.values.assign(in[2].values.size(), 0.0);
             ForEachLine(in[2].shape, axis, [&](int64_t l, const auto& line) {
               grad.values[line[Picked(a, in[1].values[l], line.size())]] =
                   in[0].values[l];
             });
             return std::vector{grad};
           },
       .large = large_backward}};
}

void AppendPick(std::vector<OpCase>& cases) {
  const std::vector<Shape> large = {{20000, 3}, {20000}};
  Append(PickCases("", {}, {3, 4}, {3}, {3}, 1, large), cases);
  Append(PickCases("wrap", {.axis = 0, .mode = PickMode::kWrap}, {3, 4}, {4},
                   {4}, 0),
         cases);
  Append(PickCases("kept", {.axis = 1, .keepdims = true}, {2, 3, 4}, {2, 4},
                   {2, 1, 4}, 1),
         cases);
  Append(PickCases("index with axis", {.axis = 1}, {2, 3, 4}, {2, 1, 4}, {2, 4},
                   1),
         cases);
  Append(PickCases("vector", {}, {4}, {1}, {1}, 0), cases);
}

void AppendFillElement(std::vector<OpCase>& cases) {
  cases.push_back(
      {.op = "fill_element_0index",
       .inputs = {{.shape = {5, 3}},
                  {.shape = {5}},
                  // One is out of range.
                  {.shape = {5}, .values = {1, 0, 5, 2, 0}}},
       .formula =
           [](Inputs in) {
             TestArray out{.shape = in[0].shape, .values = in[0].values};
             const auto columns = static_cast<size_t>(out.shape[1]);
             for (size_t i = 0; i < in[1].values.size(); ++i) {
               const auto index = static_cast<size_t>(in[2].values[i]);
               if (index >= columns) continue;
               out.values[i * columns + index] = in[1].values[i];
             }
             return std::vector{out};
           },
       .large = {{20000, 3}, {20000}, {20000}}});
}

}  // namespace

std::vector<OpCase> PickOpCases() {
  std::vector<OpCase> cases;
  AppendPick(cases);
  AppendFillElement(cases);
  return cases;
}

}  // namespace minnow
