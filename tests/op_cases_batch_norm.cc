// Rows of BatchNorm, its gradient and the update of its statistics.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "minnow/ops/batch_norm.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

// What a row is about: attributes, the axis that they mean, and the kind of
// run.
struct Setting {
  BatchNormAttrs attrs = {};
  size_t axis = 1;
  bool training = true;

  bool uses_batch() const { return training && !attrs.use_global_stats; }
};

// The elements of each channel.
std::vector<std::vector<size_t>> ChannelsOf(const Shape& shape, size_t axis) {
  std::vector<std::vector<size_t>> channels(static_cast<size_t>(shape[axis]));
  const int64_t inner = shape.num_elements(axis + 1, shape.rank());
  for (int64_t i = 0; i < shape.num_elements(); ++i) {
    channels[i / inner % shape[axis]].push_back(i);
  }
  return channels;
}

TestArray Zeros(const Shape& shape) {
  return {.shape = shape, .values = std::vector<double>(shape.num_elements())};
}

std::vector<TestArray> NaiveForward(Inputs in, const Setting& s) {
  const std::vector<double>& x = in[0].values;
  TestArray out = Zeros(in[0].shape), mean = Zeros(in[1].shape);
  TestArray inv_std = mean;
  const auto channels = ChannelsOf(in[0].shape, s.axis);
  for (size_t c = 0; c < channels.size(); ++c) {
    // Of no elements the mean is 0.
    const auto n = std::max(static_cast<double>(channels[c].size()), 1.0);
    double m = in[3].values[c], variance = in[4].values[c];
    if (s.uses_batch()) {
      m = variance = 0;
      for (size_t i : channels[c]) m += x[i];
      m /= n;
      for (size_t i : channels[c]) variance += (x[i] - m) * (x[i] - m);
      variance /= n;
    }
    mean.values[c] = m;
    inv_std.values[c] = variance == 0 && s.attrs.eps == 0
                            ? 0
                            : 1 / std::sqrt(variance + s.attrs.eps);
    const double gamma = s.attrs.fix_gamma ? 1 : in[1].values[c];
    for (size_t i : channels[c]) {
      out.values[i] = (x[i] - m) * inv_std.values[c] * gamma + in[2].values[c];
    }
  }
  return {out, mean, inv_std};
}

// Of (head, data, gamma, mean, inv_std).
std::vector<TestArray> NaiveBackward(Inputs in, const Setting& s) {
  const std::vector<double>&h = in[0].values, &x = in[1].values;
  TestArray grad = Zeros(in[1].shape), gamma_grad = Zeros(in[2].shape);
  TestArray beta_grad = gamma_grad;
  const auto channels = ChannelsOf(in[1].shape, s.axis);
  for (size_t c = 0; c < channels.size(); ++c) {
    const double m = in[3].values[c], inv_std = in[4].values[c];
    const auto n = static_cast<double>(channels[c].size());
    double sum = 0, product = 0;
    for (size_t i : channels[c]) {
      sum += h[i];
      product += h[i] * (x[i] - m) * inv_std;
    }
    const double gamma = s.attrs.fix_gamma ? 1 : in[2].values[c];
    for (size_t i : channels[c]) {
      const double normal = (x[i] - m) * inv_std;
      grad.values[i] =
          gamma * inv_std *
          (s.uses_batch() ? h[i] - sum / n - normal * product / n : h[i]);
    }
    gamma_grad.values[c] = s.attrs.fix_gamma ? 0 : product;
    beta_grad.values[c] = sum;
  }
  return {grad, gamma_grad, beta_grad};
}

// Of (data, mean, inv_std, moving_mean, moving_var).
std::vector<TestArray> NaiveUpdate(Inputs in, const Setting& s) {
  TestArray mean = in[3], variance = in[4];
  if (!s.uses_batch() || in[0].values.empty()) return {mean, variance};
  const double momentum = s.attrs.momentum;
  for (size_t c = 0; c < mean.values.size(); ++c) {
    const double inv_std = in[2].values[c];
    mean.values[c] =
        mean.values[c] * momentum + in[1].values[c] * (1 - momentum);
    variance.values[c] =
        variance.values[c] * momentum +
        (1 / (inv_std * inv_std) - s.attrs.eps) * (1 - momentum);
  }
  return {mean, variance};
}

OpCase Row(const char* op, const std::string& label, const Setting& setting) {
  return {.op = op,
          .label = label,
          .attrs = setting.attrs,
          .tolerance = 16,
          .training = setting.training};
}

std::vector<Shape> ForwardShapes(const Shape& data, size_t axis) {
  const Shape channels = {data[axis]};
  return {data, channels, channels, channels, channels};
}

std::vector<Shape> BackwardShapes(const Shape& data, size_t axis) {
  const Shape channels = {data[axis]};
  return {data, data, channels, channels, channels};
}

// `large` is a shape of data.
void Append(const std::string& label, const Setting& s, const Shape& data,
            const Shape& large, std::vector<OpCase>& cases) {
  const bool has_large = large.known_rank();
  OpCase forward = Row("BatchNorm", label, s);
  forward.formula = [s](Inputs in) { return NaiveForward(in, s); };
  forward.magnitude = 8;
  forward.gradient = [s](Inputs in, Inputs heads) {
    const auto out = NaiveForward(in, s);
    auto grads = NaiveBackward({{heads[0], in[0], in[1], out[1], out[2]}}, s);
    grads.resize(in.size());
    return grads;
  };
  for (const Shape& shape : ForwardShapes(data, s.axis)) {
    forward.inputs.push_back({.shape = shape});
  }
  // States have no gradient.
  forward.inputs[3].differentiable = forward.inputs[4].differentiable = false;
  forward.inputs[4].low = 0.25;
  if (has_large) forward.large = ForwardShapes(large, s.axis);
  cases.push_back(std::move(forward));

  OpCase backward = Row("_backward_BatchNorm", label, s);
  backward.formula = [s](Inputs in) { return NaiveBackward(in, s); };
  backward.magnitude = has_large ? 4000 : 50;
  for (const Shape& shape : BackwardShapes(data, s.axis)) {
    backward.inputs.push_back({.shape = shape});
  }
  backward.inputs[4].low = 0.25;
  if (has_large) backward.large = BackwardShapes(large, s.axis);
  cases.push_back(std::move(backward));
}

void AppendUpdate(const std::string& label, const Setting& s, const Shape& data,
                  std::vector<OpCase>& cases) {
  OpCase update = Row("_update_BatchNorm", label, s);
  update.formula = [s](Inputs in) { return NaiveUpdate(in, s); };
  update.magnitude = 8;
  for (const Shape& shape : ForwardShapes(data, s.axis)) {
    update.inputs.push_back({.shape = shape, .low = 0.5});
  }
  cases.push_back(std::move(update));
}

}  // namespace

std::vector<OpCase> BatchNormOpCases() {
  std::vector<OpCase> cases;
  const BatchNormAttrs free_gamma = {.fix_gamma = false};
  // Columns: all in one unit, some units, many units. Then lines: many, few.
  Append("", {free_gamma}, {4, 3, 5}, {70, 30, 50}, cases);
  Append("wide rows", {free_gamma}, {5, 7}, {300, 1100}, cases);
  Append("narrow rows", {.attrs = {.fix_gamma = false, .axis = -1}, .axis = 2},
         {3, 2, 3}, {90, 70, 13}, cases);
  Append("many units", {free_gamma}, {2, 130, 9}, {3, 3000, 11}, cases);
  Append("lines", {free_gamma}, {2, 3, 70}, {6, 70, 300}, cases);
  Append("long lines", {.attrs = {.fix_gamma = false, .axis = 0}, .axis = 0},
         {2, 1100}, {3, 70000}, cases);
  Append("gamma is 1", {}, {4, 3, 2}, {}, cases);
  Append("large eps", {{.eps = 0.5, .fix_gamma = false}}, {4, 3, 2, 2}, {},
         cases);
  Append("outside of training", {.attrs = free_gamma, .training = false},
         {4, 3, 5}, {70, 30, 50}, cases);
  Append("outside of training, gamma is 1", {.training = false}, {2, 3, 70},
         {6, 70, 300}, cases);
  Append("moving statistics", {{.fix_gamma = false, .use_global_stats = true}},
         {4, 3, 5}, {}, cases);
  Append("one element", {free_gamma}, {1, 3, 1, 1}, {}, cases);
  Append("no eps", {{.eps = 0, .fix_gamma = false}}, {1, 3}, {}, cases);
  Append("no example", {free_gamma}, {0, 3, 4}, {}, cases);
  Append("no place", {free_gamma}, {2, 3, 0}, {}, cases);
  Append("no channel", {free_gamma}, {2, 0, 3}, {}, cases);
  AppendUpdate("", {}, {4, 3, 2}, cases);
  AppendUpdate(
      "other attributes",
      {.attrs = {.eps = 0.125, .momentum = 0.25f, .axis = -1}, .axis = 2},
      {4, 3, 2}, cases);
  AppendUpdate("outside of training", {.training = false}, {4, 3}, cases);
  AppendUpdate("moving statistics", {{.use_global_stats = true}}, {4, 3},
               cases);
  AppendUpdate("no example", {}, {0, 3}, cases);
  return cases;
}

}  // namespace minnow
