// Rows of UpSampling.
#include <string>
#include <utility>

#include "minnow/ops/up_sampling.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

// Where each element of `out` is from: f(input, its element, that of out).
template <typename F>
void ForEachSource(const UpSamplingAttrs& a, Inputs inputs, const Shape& out,
                   const F& f) {
  int64_t channel = 0;
  for (size_t k = 0; k < inputs.size(); ++k) {
    const Shape& x = inputs[k].shape;
    const int64_t scale = out[2] / x[2];
    ForEachPlace(out, [&](size_t i, Place p) {
      p[1] -= channel;
      if (p[1] < 0 || p[1] >= x[1]) return;
      f(k, IndexOf({p[0], p[1], p[2] / scale, p[3] / scale}, x), i);
    });
    if (a.multi_input_mode == MultiInputMode::kConcat) channel += x[1];
  }
}

// The row of the operator and that of its gradient.
std::vector<OpCase> UpSamplingCases(const char* label, UpSamplingAttrs a,
                                    const std::vector<Shape>& shapes, Shape out,
                                    std::vector<Shape> large = {}) {
  a.num_args = static_cast<int64_t>(shapes.size());
  OpCase forward = {.op = "UpSampling", .label = label, .attrs = a};
  for (const Shape& x : shapes) forward.inputs.push_back({.shape = x});
  const auto large_shape = [=](const Shape& x) {
    return Shape{x[0], out[1], x[2] * a.scale, x[3] * a.scale};
  };
  forward.formula = [=](Inputs in) {
    TestArray sum{.shape = large_shape(in[0].shape)};
    sum.values.resize(static_cast<size_t>(sum.shape.num_elements()));
    ForEachSource(a, in, sum.shape, [&](size_t k, size_t from, size_t to) {
      sum.values[to] += in[k].values[from];
    });
    return std::vector{sum};
  };
  forward.magnitude = 4;
  forward.large = large;
  OpCase backward = {.op = "_backward_UpSampling", .label = label, .attrs = a};
  backward.inputs = forward.inputs;
  backward.inputs.insert(backward.inputs.begin(), {.shape = out});
  backward.formula = [=](Inputs in) {
    const Inputs inputs = in.subspan(1);
    std::vector<TestArray> grads(inputs.begin(), inputs.end());
    for (TestArray& x : grads) x.values.assign(x.values.size(), 0.0);
    ForEachSource(a, inputs, in[0].shape,
                  [&](size_t k, size_t to, size_t from) {
                    grads[k].values[to] += in[0].values[from];
                  });
    return grads;
  };
  backward.magnitude = 40;
  if (!large.empty()) {
    backward.large = large;
    backward.large.insert(backward.large.begin(), large_shape(large[0]));
  }
  return {forward, backward};
}

// Each element of data adds the filter of its channel to a window of the
// result.
OpCase BilinearCase(int64_t scale, const Shape& data, const Shape& large) {
  const auto shapes = [=](const Shape& x) {
    const int64_t size = 2 * scale - scale % 2;
    return std::vector<Shape>{x, {x[1], 1, size, size}};
  };
  OpCase c = {.op = "UpSampling",
              .label = "bilinear",
              .attrs = UpSamplingAttrs{.scale = scale,
                                       .sample_type = SampleType::kBilinear,
                                       .num_filter = data[1]}};
  for (const Shape& x : shapes(data)) c.inputs.push_back({.shape = x});
  c.large = shapes(large);
  c.formula = [scale](Inputs in) {
    const Shape &x = in[0].shape, &filter = in[1].shape;
    TestArray out{.shape = {x[0], x[1], x[2] * scale, x[3] * scale}};
    out.values.resize(static_cast<size_t>(out.shape.num_elements()));
    ForEachPlace(x, [&](size_t k, const Place& p) {
      for (int64_t i = 0; i < filter[2]; ++i) {
        for (int64_t j = 0; j < filter[3]; ++j) {
          const Place to = {p[0], p[1], p[2] * scale + i - scale / 2,
                            p[3] * scale + j - scale / 2};
          if (to[2] < 0 || to[2] >= out.shape[2] || to[3] < 0 ||
              to[3] >= out.shape[3]) {
            continue;
          }
          out.values[IndexOf(to, out.shape)] +=
              in[0].values[k] * in[1].values[IndexOf({p[1], 0, i, j}, filter)];
        }
      }
    });
    return std::vector{std::move(out)};
  };
  c.magnitude = 16;
  return c;
}

}  // namespace

std::vector<OpCase> UpSamplingOpCases() {
  std::vector<OpCase> cases;
  const auto add = [&](auto... args) {
    Append(UpSamplingCases(args...), cases);
  };
  using Shapes = std::vector<Shape>;
  add("", UpSamplingAttrs{.scale = 2}, Shapes{{2, 3, 2, 3}}, Shape{2, 3, 4, 6},
      Shapes{{2, 3, 90, 50}});
  add("of one", UpSamplingAttrs{.scale = 1}, Shapes{{1, 2, 3, 2}},
      Shape{1, 2, 3, 2});
  add("several", UpSamplingAttrs{.scale = 2},
      Shapes{{2, 1, 2, 3}, {2, 2, 4, 6}, {2, 1, 4, 6}}, Shape{2, 4, 4, 6});
  add("sum",
      UpSamplingAttrs{.scale = 3, .multi_input_mode = MultiInputMode::kSum},
      Shapes{{2, 2, 2, 1}, {2, 2, 6, 3}}, Shape{2, 2, 6, 3},
      Shapes{{2, 2, 40, 50}, {2, 2, 120, 150}});
  add("no element", UpSamplingAttrs{.scale = 2}, Shapes{{0, 3, 2, 2}},
      Shape{0, 3, 4, 4});
  for (int64_t scale : {1, 2, 3, 4}) {
    cases.push_back(BilinearCase(scale, {2, 3, 2, 4}, {3, 3, 40, 50}));
  }
  return cases;
}

}  // namespace minnow
