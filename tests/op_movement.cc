#include "minnow/tests/op_movement.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

TestArray Moved(const Movement& movement, const TestArray& data) {
  TestArray out{.shape = movement.shape(data.shape)};
  ForEachPlace(out.shape, [&](size_t, const Place& place) {
    out.values.push_back(
        data.values[IndexOf(movement.source(place, data.shape), data.shape)]);
  });
  return out;
}

}  // namespace

size_t IndexOf(const Place& place, const Shape& shape) {
  int64_t index = 0;
  for (size_t k = 0; k < place.size(); ++k) index = index * shape[k] + place[k];
  return static_cast<size_t>(index);
}

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

OpCase MoveCase(const char* op, const char* label, Attrs attrs, Shape data,
                const Movement& movement, std::vector<Shape> large) {
  return {
      .op = op,
      .label = label,
      .attrs = std::move(attrs),
      .inputs = {{.shape = std::move(data)}},
      .formula =
          [movement](Inputs in) { return std::vector{Moved(movement, in[0])}; },
      .large = std::move(large)};
}

std::vector<OpCase> MoveCases(const char* op, const char* label, Attrs attrs,
                              Shape data, const Movement& movement,
                              std::vector<Shape> large) {
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

}  // namespace minnow
