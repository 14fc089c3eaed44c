// Rows of softmax and its kin.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "minnow/ops/softmax.h"
#include "minnow/ops/softmax_output.h"
#include "minnow/tests/op_lines.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

// softmax of the elements of a line: the first `count` of them.
std::vector<double> NaiveSoftmax(const TestArray& x,
                                 const std::vector<int64_t>& line, size_t count,
                                 double temperature) {
  std::vector<double> y(line.size(), 0.0);
  double max = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < count; ++i) max = std::max(max, x.values[line[i]]);
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    y[i] = std::exp((x.values[line[i]] - max) / temperature);
    sum += y[i];
  }
  for (size_t i = 0; i < count; ++i) y[i] /= sum;
  return y;
}

TestArray SoftmaxAlong(const TestArray& x, size_t axis, double temperature,
                       bool log, const TestArray* length = nullptr) {
  TestArray out{.shape = x.shape};
  out.values.resize(x.values.size());
  ForEachLine(x.shape, axis, [&](int64_t l, const std::vector<int64_t>& line) {
    const size_t count = length == nullptr
                             ? line.size()
                             : static_cast<size_t>(length->values[l]);
    const auto y = NaiveSoftmax(x, line, count, temperature);
    for (size_t i = 0; i < line.size(); ++i) {
      out.values[line[i]] = log ? std::log(y[i]) : y[i];
    }
  });
  return out;
}

OpCase SoftmaxCase(const char* op, const char* label, SoftmaxAttrs a,
                   Shape shape, size_t axis, std::vector<Shape> large = {}) {
  const bool log = std::string(op) == "log_softmax";
  const double temperature = a.temperature.value_or(1.0);
  return {.op = op,
          .label = label,
          .attrs = a,
          .inputs = {{.shape = std::move(shape)}},
          .formula =
              [=](Inputs in) {
                return std::vector{SoftmaxAlong(in[0], axis, temperature, log)};
              },
          .tolerance = 16,
          .magnitude = log ? 4.0 : 0.0,
          .large = std::move(large)};
}

OpCase SoftmaxBackwardCase(const char* op, const char* label, SoftmaxAttrs a,
                           Shape shape, size_t axis,
                           std::vector<Shape> large = {}) {
  const bool log = std::string(op) == "_backward_log_softmax";
  const double temperature = a.temperature.value_or(1.0);
  // The second input is a result: logarithms are not positive.
  const TestInput y = {
      .shape = shape, .low = log ? -3.0 : 0.0, .high = log ? 0.0 : 1.0};
  return {.op = op,
          .label = label,
          .attrs = a,
          .inputs = {{.shape = shape}, y, {.shape = shape}},
          .formula =
              [=](Inputs in) {
                TestArray grad{.shape = in[0].shape};
                grad.values.resize(in[0].values.size());
                ForEachLine(in[0].shape, axis, [&](int64_t, const auto& line) {
                  double sum = 0;
                  for (int64_t i : line) {
                    sum += in[0].values[i] * (log ? 1.0 : in[1].values[i]);
                  }
                  for (int64_t i : line) {
                    const double h = in[0].values[i], p = in[1].values[i];
                    grad.values[i] =
                        (log ? h - std::exp(p) * sum : p * (h - sum)) /
                        temperature;
                  }
                });
                return std::vector{grad};
              },
          .tolerance = 16,
          .magnitude = 60,
          .large = std::move(large)};
}

// Rows for each type of the result.
std::vector<OpCase> ForEachDType(OpCase c) {
  std::vector<OpCase> cases;
  for (DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    SoftmaxAttrs a = c.attrs.As<SoftmaxAttrs>();
    a.dtype = dtype;
    c.attrs = a;
    c.label = absl::StrCat("to ", DTypeName(dtype));
    cases.push_back(c);
  }
  return cases;
}

// SoftmaxOutput --------------------------------------------------------------

// How data of a row is cut into lines of classes.
struct Classes {
  Shape view;        // Data as (examples, classes, places).
  double scale = 1;  // Of the gradient, normalization included.
};

std::vector<OpCase> SoftmaxOutputCases(const char* label, SoftmaxOutputAttrs a,
                                       Shape shape, TestInput labels,
                                       Classes classes) {
  labels.differentiable = false;
  const bool distribution = labels.shape == shape;
  const auto forward = [=](const TestArray& x) {
    return SoftmaxAlong({.shape = classes.view, .values = x.values}, 1, 1.0,
                        false);
  };
  const auto loss = [=](const TestArray& out, const TestArray& label,
                        const TestArray* head) {
    TestArray grad{.shape = shape};
    grad.values.resize(out.values.size());
    const auto num_classes = static_cast<double>(classes.view[1]);
    const double alpha = a.multi_output ? 0.0 : a.smooth_alpha;
    ForEachLine(classes.view, 1, [&](int64_t l, const auto& line) {
      for (size_t i = 0; i < line.size(); ++i) {
        const bool hit = !distribution && label.values[l] == double(i);
        const double wanted = distribution ? label.values[line[i]]
                              : hit        ? 1 - alpha
                              : alpha == 0 ? 0
                                           : alpha / (num_classes - 1);
        const bool ignored = !distribution && a.use_ignore &&
                             label.values[l] == double{a.ignore_label};
        grad.values[line[i]] =
            ignored ? 0
                    : (out.values[line[i]] - wanted) * classes.scale *
                          (head == nullptr ? 1 : head->values[line[i]]);
      }
    });
    return grad;
  };
  OpCase output = {
      .op = "SoftmaxOutput",
      .label = label,
      .attrs = a,
      .inputs = {{.shape = shape}, labels},
      .formula =
          [=](Inputs in) {
            return std::vector{
                TestArray{.shape = shape, .values = forward(in[0]).values}};
          },
      .tolerance = 16,
      .gradient =
          [=](Inputs in, Inputs heads) {
            TestArray none = in[1];
            none.values.assign(none.values.size(), 0.0);
            return std::vector{
                loss(forward(in[0]), in[1], a.out_grad ? &heads[0] : nullptr),
                none};
          }};
  OpCase backward = {.op = "_backward_SoftmaxOutput",
                     .label = label,
                     .attrs = a,
                     .inputs = {{.shape = shape, .low = 0, .high = 1}, labels},
                     .formula =
                         [=](Inputs in) {
                           return std::vector{loss(
                               in[0], in[1], a.out_grad ? &in[2] : nullptr)};
                         },
                     .tolerance = 16,
                     .magnitude = 1};
  if (a.out_grad) backward.inputs.push_back({.shape = shape});
  return {output, backward};
}

void AppendSoftmax(std::vector<OpCase>& cases) {
  for (const char* op : {"softmax", "log_softmax"}) {
    cases.push_back(SoftmaxCase(op, "", {}, {3, 5}, 1, {{300, 40}}));
    cases.push_back(SoftmaxCase(op, "other axis", {.axis = 1}, {2, 3, 4}, 1,
                                {{30, 10, 40}}));
    cases.push_back(SoftmaxCase(op, "long line", {.axis = 0}, {2000}, 0));
    // Differences of so many logarithms are too rough.
    cases.back().inputs[0].differentiable = false;
    cases.push_back(
        SoftmaxCase(op, "temperature", {.temperature = 2.5}, {3, 40}, 1));
    cases.push_back(SoftmaxCase(op, "no element", {}, {3, 0}, 1));
    Append(ForEachDType(SoftmaxCase(op, "", {}, {3, 5}, 1)), cases);
  }
  for (const char* op : {"_backward_softmax", "_backward_log_softmax"}) {
    cases.push_back(SoftmaxBackwardCase(op, "", {}, {3, 5}, 1,
                                        {{300, 40}, {300, 40}, {300, 40}}));
    cases.push_back(SoftmaxBackwardCase(
        op, "other axis", {.axis = 0, .temperature = 2.5}, {6, 4}, 0));
  }
  SoftmaxAttrs with_length = {.axis = 1, .use_length = true};
  cases.push_back({.op = "softmax",
                   .label = "length",
                   .attrs = with_length,
                   .inputs = {{.shape = {2, 4, 3}},
                              {.shape = {2, 3},
                               .values = {4, 1, 0, 2, 3, 4},
                               .differentiable = false}},
                   .formula =
                       [](Inputs in) {
                         return std::vector{
                             SoftmaxAlong(in[0], 1, 1.0, false, &in[1])};
                       },
                   .tolerance = 16});
}

void AppendSoftmaxOutput(std::vector<OpCase>& cases) {
  const TestInput labels = {.shape = {4}, .values = {2, 0, 4, 2}};
  const Shape view = {4, 5, 1};
  const auto add = [&](const char* label, SoftmaxOutputAttrs a, double scale) {
    Append(SoftmaxOutputCases(label, a, {4, 5}, labels, {view, scale}), cases);
  };
  add("", {}, 1);
  add("scale", {.grad_scale = 0.5f}, 0.5);
  add("batch", {.normalization = Normalization::kBatch}, 0.25);
  add("ignore", {.ignore_label = 2, .use_ignore = true}, 1);
  add("valid",
      {.ignore_label = 2,
       .use_ignore = true,
       .normalization = Normalization::kValid},
      0.5);
  add("smooth", {.smooth_alpha = 0.25f}, 1);
  add("with head", {.out_grad = true}, 1);
  Append(SoftmaxOutputCases("distribution", {}, {4, 5},
                            {.shape = {4, 5}, .low = 0, .high = 1}, {view}),
         cases);
  Append(SoftmaxOutputCases(
             "classes in the middle", {.multi_output = true}, {2, 3, 4},
             {.shape = {2, 4}, .values = {0, 1, 2, 1, 0}}, {{2, 3, 4}, 0.25}),
         cases);
  Append(SoftmaxOutputCases("last axis", {.preserve_shape = true}, {2, 3, 4},
                            {.shape = {2, 3}, .values = {0, 1, 2, 3}},
                            {{6, 4, 1}}),
         cases);
}

void AppendActivation(std::vector<OpCase>& cases) {
  const auto add = [&](const char* label, SoftmaxMode mode, Shape data,
                       std::vector<Shape> large) {
    // As an array in which the sums are over axis 1.
    const auto view = [mode](const Shape& x) {
      const bool channel = mode == SoftmaxMode::kChannel;
      const size_t end = channel ? 2 : x.rank();
      return Shape{x[0], x.num_elements(1, end), x.num_elements(end, x.rank())};
    };
    OpCase forward = {
        .op = "SoftmaxActivation",
        .label = label,
        .attrs = SoftmaxActivationAttrs{.mode = mode},
        .inputs = {{.shape = data}},
        .formula =
            [view](Inputs in) {
              TestArray out = SoftmaxAlong(
                  {.shape = view(in[0].shape), .values = in[0].values}, 1, 1.0,
                  false);
              out.shape = in[0].shape;
              return std::vector{out};
            },
        .tolerance = 16,
        .large = large};
    OpCase backward = SoftmaxBackwardCase("_backward_SoftmaxActivation", label,
                                          {}, data, 1, {});
    backward.attrs = forward.attrs;
    backward.inputs.pop_back();
    backward.formula = [view, formula = backward.formula](Inputs in) {
      std::vector<TestArray> lines(in.begin(), in.end());
      for (TestArray& x : lines) x.shape = view(x.shape);
      std::vector<TestArray> out = formula(lines);
      out[0].shape = in[0].shape;
      return out;
    };
    if (!large.empty()) backward.large = {large[0], large[0]};
    cases.push_back(std::move(forward));
    cases.push_back(std::move(backward));
  };
  add("", SoftmaxMode::kInstance, {3, 2, 4}, {{300, 10, 4}});
  add("vector", SoftmaxMode::kInstance, {3}, {});
  add("channel", SoftmaxMode::kChannel, {2, 3, 2, 2}, {{30, 10, 8, 5}});
}

}  // namespace

std::vector<OpCase> SoftmaxOpCases() {
  std::vector<OpCase> cases;
  AppendSoftmax(cases);
  AppendSoftmaxOutput(cases);
  AppendActivation(cases);
  return cases;
}

}  // namespace minnow
