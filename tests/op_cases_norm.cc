// Rows of operators that normalize.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "minnow/ops/instance_norm.h"
#include "minnow/ops/l2_normalization.h"
#include "minnow/ops/layer_norm.h"
#include "minnow/ops/lrn.h"
#include "minnow/tests/op_cases.h"
#include "minnow/tests/op_lines.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

TestArray Like(const TestArray& x) {
  return {.shape = x.shape, .values = std::vector<double>(x.values.size())};
}

// The mean of f(i) over the places of a line.
template <typename F>
double MeanOver(const std::vector<int64_t>& line, const F& f) {
  double sum = 0;
  for (int64_t i : line) sum += f(i);
  return sum / static_cast<double>(line.size());
}

// LayerNorm ------------------------------------------------------------------

std::vector<TestArray> NaiveLayerNorm(Inputs in, size_t axis, double eps) {
  const TestArray &x = in[0], &gamma = in[1], &beta = in[2];
  TestArray out = Like(x);
  TestArray mean = {.shape = x.shape}, deviation = {.shape = x.shape};
  mean.shape.set(axis, 1);
  deviation.shape.set(axis, 1);
  ForEachLine(x.shape, axis, [&](int64_t, const auto& line) {
    const double m = MeanOver(line, [&](int64_t i) { return x.values[i]; });
    const double s = std::sqrt(
        MeanOver(line,
                 [&](int64_t i) { return std::pow(x.values[i] - m, 2); }) +
        eps);
    mean.values.push_back(m);
    deviation.values.push_back(s);
    for (size_t k = 0; k < line.size(); ++k) {
      out.values[line[k]] =
          (x.values[line[k]] - m) / s * gamma.values[k] + beta.values[k];
    }
  });
  return {out, mean, deviation};
}

// Of (head, data, gamma, mean, deviation).
std::vector<TestArray> NaiveLayerNormBackward(Inputs in, size_t axis) {
  const std::vector<double>&head = in[0].values, &x = in[1].values,
        &gamma = in[2].values;
  TestArray grad = Like(in[1]), gamma_grad = Like(in[2]),
            beta_grad = Like(in[2]);
  ForEachLine(in[1].shape, axis, [&](int64_t l, const auto& line) {
    const double m = in[3].values[l], s = in[4].values[l];
    std::vector<double> h, normal;
    double sum = 0, product_sum = 0;
    for (size_t k = 0; k < line.size(); ++k) {
      normal.push_back((x[line[k]] - m) / s);
      h.push_back(head[line[k]] * gamma[k]);
      sum += h[k];
      product_sum += h[k] * normal[k];
      gamma_grad.values[k] += head[line[k]] * normal[k];
      beta_grad.values[k] += head[line[k]];
    }
    const auto n = static_cast<double>(line.size());
    for (size_t k = 0; k < line.size(); ++k) {
      grad.values[line[k]] = (h[k] - sum / n - normal[k] * product_sum / n) / s;
    }
  });
  return {grad, gamma_grad, beta_grad};
}

// `large` is a shape of data.
void AppendLayerNorm(const char* label, LayerNormAttrs a, Shape data,
                     size_t axis, Shape large, std::vector<OpCase>& cases) {
  const auto inputs = [&](const Shape& shape) {
    return std::vector<Shape>{shape, {shape[axis]}, {shape[axis]}};
  };
  const auto backward_inputs = [&](const Shape& shape) {
    Shape moments = shape;
    moments.set(axis, 1);
    return std::vector<Shape>{shape, shape, {shape[axis]}, moments, moments};
  };
  const bool has_large = large.known_rank();
  OpCase forward = {
      .op = "LayerNorm",
      .label = label,
      .attrs = a,
      .formula = [=](Inputs in) { return NaiveLayerNorm(in, axis, a.eps); },
      .tolerance = 16,
      .magnitude = 8};
  for (const Shape& shape : inputs(data)) {
    forward.inputs.push_back({.shape = shape});
  }
  if (has_large) forward.large = inputs(large);
  // Nothing flows through the mean and the deviation.
  forward.gradient = [=](Inputs in, Inputs heads) {
    const auto out = NaiveLayerNorm(in, axis, a.eps);
    return NaiveLayerNormBackward({{heads[0], in[0], in[1], out[1], out[2]}},
                                  axis);
  };
  cases.push_back(std::move(forward));
  OpCase backward = {
      .op = "_backward_LayerNorm",
      .label = label,
      .attrs = a,
      .formula = [=](Inputs in) { return NaiveLayerNormBackward(in, axis); },
      .tolerance = 16,
      .magnitude = has_large ? 1000.0 : 50.0};
  for (const Shape& shape : backward_inputs(data)) {
    backward.inputs.push_back({.shape = shape});
  }
  backward.inputs.back().low = 0.5;
  if (has_large) backward.large = backward_inputs(large);
  cases.push_back(std::move(backward));
}

// L2Normalization ------------------------------------------------------------

// Data as an array in which axis 1 has one norm.
Shape L2View(L2Mode mode, const Shape& x) {
  if (mode == L2Mode::kInstance) return {x[0], x.num_elements(1, x.rank())};
  const int64_t places = x.num_elements(2, x.rank());
  if (mode == L2Mode::kSpatial) return {x[0] * x[1], places};
  return {x[0], x[1], places};
}

std::vector<TestArray> NaiveL2(const TestArray& x, L2NormalizationAttrs a) {
  TestArray out = Like(x), norms;
  ForEachLine(L2View(a.mode, x.shape), 1, [&](int64_t, const auto& line) {
    double sum = a.eps;
    for (int64_t i : line) sum += x.values[i] * x.values[i];
    norms.values.push_back(std::sqrt(sum));
    for (int64_t i : line) out.values[i] = x.values[i] / norms.values.back();
  });
  return {out, norms};
}

// Of (head, out, norm).
std::vector<TestArray> NaiveL2Backward(Inputs in, L2NormalizationAttrs a) {
  TestArray grad = Like(in[0]);
  const std::vector<double>&h = in[0].values, &y = in[1].values;
  ForEachLine(L2View(a.mode, in[0].shape), 1, [&](int64_t l, const auto& line) {
    double product = 0;
    for (int64_t i : line) product += h[i] * y[i];
    for (int64_t i : line) {
      grad.values[i] = (h[i] - y[i] * product) / in[2].values[l];
    }
  });
  return {grad};
}

// The norms have the shape that `norms` makes of that of data.
void AppendL2(const char* label, L2NormalizationAttrs a, Shape data,
              Shape large, Shape (*norms)(Shape data),
              std::vector<OpCase>& cases) {
  const bool has_large = large.known_rank();
  OpCase forward = {
      .op = "L2Normalization",
      .label = label,
      .attrs = a,
      .inputs = {{.shape = data}},
      .formula =
          [=](Inputs in) {
            auto out = NaiveL2(in[0], a);
            out[1].shape = norms(in[0].shape);
            return out;
          },
      .tolerance = 8,
      .gradient =
          [=](Inputs in, Inputs heads) {
            const auto out = NaiveL2(in[0], a);
            return NaiveL2Backward({{heads[0], out[0], out[1]}}, a);
          }};
  if (has_large) forward.large = {large};
  cases.push_back(std::move(forward));
  OpCase backward = {
      .op = "_backward_L2Normalization",
      .label = label,
      .attrs = a,
      .inputs = {{.shape = data},
                 {.shape = data, .low = -1, .high = 1},
                 {.shape = norms(data), .low = 1}},
      .formula = [a](Inputs in) { return NaiveL2Backward(in, a); },
      .tolerance = 8,
      .magnitude = has_large ? 100.0 : 16.0};
  if (has_large) backward.large = {large, large, norms(large)};
  cases.push_back(std::move(backward));
}

void AppendL2(std::vector<OpCase>& cases) {
  const auto instance = [](Shape x) { return Shape{x[0]}; };
  const auto spatial = [](Shape x) { return Shape{x[0], x[1]}; };
  const auto channel = [](Shape x) {
    x.set(1, 1);
    return x;
  };
  AppendL2("", {}, {3, 2, 4}, {600, 10, 7}, instance, cases);
  AppendL2("vector", {.eps = 0.5f}, {4}, {}, instance, cases);
  AppendL2("long line", {}, {2, 1500}, {}, instance, cases);
  AppendL2("channel", {.mode = L2Mode::kChannel}, {2, 5, 3, 2}, {30, 40, 8, 6},
           channel, cases);
  AppendL2("spatial", {.mode = L2Mode::kSpatial}, {2, 3, 5}, {30, 40, 60},
           spatial, cases);
  AppendL2("no element", {.mode = L2Mode::kSpatial}, {2, 3, 0}, {}, spatial,
           cases);
}

// InstanceNorm ---------------------------------------------------------------

// Calls f(line, channel, places) for each channel of each example.
template <typename F>
void ForEachChannel(const Shape& x, const F& f) {
  const Shape view = {x[0] * x[1], x.num_elements(2, x.rank())};
  ForEachLine(view, 1,
              [&](int64_t l, const auto& line) { f(l, l % x[1], line); });
}

std::vector<TestArray> NaiveInstanceNorm(Inputs in, double eps) {
  const std::vector<double>& x = in[0].values;
  TestArray out = Like(in[0]);
  TestArray mean = {.shape = {in[0].shape[0], in[0].shape[1]}};
  TestArray variance = mean;
  ForEachChannel(in[0].shape, [&](int64_t, int64_t c, const auto& line) {
    const double m = MeanOver(line, [&](int64_t i) { return x[i]; });
    const double v =
        MeanOver(line, [&](int64_t i) { return (x[i] - m) * (x[i] - m); });
    mean.values.push_back(m);
    variance.values.push_back(v);
    for (int64_t i : line) {
      out.values[i] =
          (x[i] - m) / std::sqrt(v + eps) * in[1].values[c] + in[2].values[c];
    }
  });
  return {out, mean, variance};
}

// Of (head, data, gamma, mean, variance).
std::vector<TestArray> NaiveInstanceNormBackward(Inputs in, double eps) {
  const std::vector<double>&h = in[0].values, &x = in[1].values;
  TestArray grad = Like(in[1]), gamma_grad = Like(in[2]),
            beta_grad = Like(in[2]);
  ForEachChannel(in[1].shape, [&](int64_t l, int64_t c, const auto& line) {
    const double m = in[3].values[l], s = std::sqrt(in[4].values[l] + eps);
    const auto n = static_cast<double>(line.size());
    double sum = 0, product = 0;
    for (int64_t i : line) {
      sum += h[i];
      product += h[i] * (x[i] - m) / s;
    }
    for (int64_t i : line) {
      grad.values[i] =
          in[2].values[c] / s * (h[i] - sum / n - (x[i] - m) / s * product / n);
    }
    gamma_grad.values[c] += product;
    beta_grad.values[c] += sum;
  });
  return {grad, gamma_grad, beta_grad};
}

void AppendInstanceNorm(const char* label, InstanceNormAttrs a, Shape data,
                        Shape large, std::vector<OpCase>& cases) {
  const auto inputs = [](const Shape& x) {
    return std::vector<Shape>{x, {x[1]}, {x[1]}};
  };
  const auto backward_inputs = [](const Shape& x) {
    return std::vector<Shape>{x, x, {x[1]}, {x[0], x[1]}, {x[0], x[1]}};
  };
  const bool has_large = large.known_rank();
  OpCase forward = {
      .op = "InstanceNorm",
      .label = label,
      .attrs = a,
      .formula = [=](Inputs in) { return NaiveInstanceNorm(in, a.eps); },
      .tolerance = 16,
      .magnitude = 8,
      .gradient =
          [=](Inputs in, Inputs heads) {
            const auto out = NaiveInstanceNorm(in, a.eps);
            return NaiveInstanceNormBackward(
                {{heads[0], in[0], in[1], out[1], out[2]}}, a.eps);
          }};
  for (const Shape& shape : inputs(data)) {
    forward.inputs.push_back({.shape = shape});
  }
  if (has_large) forward.large = inputs(large);
  cases.push_back(std::move(forward));
  OpCase backward = {
      .op = "_backward_InstanceNorm",
      .label = label,
      .attrs = a,
      .formula =
          [=](Inputs in) { return NaiveInstanceNormBackward(in, a.eps); },
      .tolerance = 16,
      .magnitude = has_large ? 1000.0 : 50.0};
  for (const Shape& shape : backward_inputs(data)) {
    backward.inputs.push_back({.shape = shape});
  }
  backward.inputs.back().low = 0.5;
  if (has_large) backward.large = backward_inputs(large);
  cases.push_back(std::move(backward));
}

// LRN -------------------------------------------------------------------------

// y[c] = x[c - nsize / 2] + ... + x[c + nsize / 2], along axis 1.
std::vector<double> WindowSums(const Shape& shape, int64_t nsize,
                               const std::vector<double>& x) {
  std::vector<double> sums(x.size());
  ForEachLine(shape, 1, [&](int64_t, const auto& line) {
    const auto channels = static_cast<int64_t>(line.size());
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t k = c - nsize / 2; k <= c + nsize / 2; ++k) {
        if (k >= 0 && k < channels) sums[line[c]] += x[line[k]];
      }
    }
  });
  return sums;
}

std::vector<TestArray> NaiveLrn(const TestArray& x, const LrnAttrs& a) {
  std::vector<double> squares;
  for (double value : x.values) squares.push_back(value * value);
  TestArray out = Like(x), norm = Like(x);
  norm.values = WindowSums(x.shape, a.nsize, squares);
  for (size_t i = 0; i < x.values.size(); ++i) {
    norm.values[i] = a.knorm + double{a.alpha} /
                                   static_cast<double>(a.nsize.get()) *
                                   norm.values[i];
    out.values[i] = x.values[i] * std::pow(norm.values[i], -double{a.beta});
  }
  return {out, norm};
}

// Of (head, data, norm).
std::vector<TestArray> NaiveLrnBackward(Inputs in, const LrnAttrs& a) {
  const std::vector<double>&h = in[0].values, &x = in[1].values,
        &norm = in[2].values;
  std::vector<double> products;
  for (size_t i = 0; i < h.size(); ++i) {
    products.push_back(h[i] * x[i] * std::pow(norm[i], -double{a.beta} - 1));
  }
  const auto sums = WindowSums(in[0].shape, a.nsize, products);
  TestArray grad = Like(in[0]);
  for (size_t i = 0; i < h.size(); ++i) {
    grad.values[i] = h[i] * std::pow(norm[i], -double{a.beta}) -
                     2 * double{a.beta} * a.alpha /
                         static_cast<double>(a.nsize.get()) * x[i] * sums[i];
  }
  return {grad};
}

void AppendLrn(const char* label, LrnAttrs a, Shape data, Shape large,
               std::vector<OpCase>& cases) {
  const bool has_large = large.known_rank();
  OpCase forward = {
      .op = "LRN",
      .label = label,
      .attrs = a,
      .inputs = {{.shape = data}},
      .formula = [a](Inputs in) { return NaiveLrn(in[0], a); },
      .tolerance = 16,
      .gradient =
          [a](Inputs in, Inputs heads) {
            const auto out = NaiveLrn(in[0], a);
            return NaiveLrnBackward({{heads[0], in[0], out[1]}}, a);
          }};
  if (has_large) forward.large = {large};
  cases.push_back(std::move(forward));
  OpCase backward = {
      .op = "_backward_LRN",
      .label = label,
      .attrs = a,
      .inputs = {{.shape = data}, {.shape = data}, {.shape = data, .low = 1}},
      .formula = [a](Inputs in) { return NaiveLrnBackward(in, a); },
      .tolerance = 16,
      .magnitude = 4};
  if (has_large) backward.large = {large, large, large};
  cases.push_back(std::move(backward));
}

}  // namespace

std::vector<OpCase> NormOpCases() {
  std::vector<OpCase> cases;
  AppendLayerNorm("", {}, {4, 5}, 1, {600, 70}, cases);
  AppendLayerNorm("other axis", {.axis = -2, .eps = 0.125f}, {2, 6, 3}, 1,
                  {30, 40, 50}, cases);
  AppendLayerNorm("first axis", {.axis = 0, .output_mean_var = true}, {7, 3}, 0,
                  {}, cases);
  AppendLayerNorm("long line", {.axis = 0}, {1500}, 0, {}, cases);
  AppendLayerNorm("no line", {}, {0, 5}, 1, {}, cases);
  AppendLayerNorm("no element", {.axis = 1}, {3, 0}, 1, {}, cases);
  AppendL2(cases);
  AppendInstanceNorm("", {}, {2, 3, 4, 2}, {30, 40, 10, 7}, cases);
  AppendInstanceNorm("long lines", {.eps = 0.25f}, {1, 2, 1500}, {}, cases);
  AppendInstanceNorm("no example", {}, {0, 3, 4}, {}, cases);
  AppendLrn("", {.nsize = 3}, {2, 5, 2, 3}, {6, 20, 30, 31}, cases);
  AppendLrn("steep", {.nsize = 5, .alpha = 0.5f, .beta = 0.6f, .knorm = 1},
            {2, 7, 3, 2}, {40, 100, 3, 5}, cases);
  AppendLrn("window of all", {.nsize = 9, .alpha = 1}, {1, 3, 2, 2}, {}, cases);
  AppendLrn("one channel", {.nsize = 1, .alpha = 1, .beta = 1}, {2, 1, 3, 3},
            {}, cases);
  AppendLrn("no element", {.nsize = 3}, {2, 0, 3, 3}, {}, cases);
  return cases;
}

}  // namespace minnow
