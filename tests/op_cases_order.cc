// Rows of the operators that put elements in another order.
#include <utility>

#include "minnow/ops/transpose.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

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

}  // namespace

std::vector<OpCase> OrderOpCases() {
  std::vector<OpCase> cases;
  AppendOrders(cases);
  return cases;
}

}  // namespace minnow
