// Rows of the elementwise operators.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "minnow/ops/activation.h"
#include "minnow/ops/add_n.h"
#include "minnow/ops/cast.h"
#include "minnow/ops/cast_storage.h"
#include "minnow/ops/init.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using Unary = double (*)(double);

double Relu(double x) { return x < 0 ? 0 : x; }
double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double Softrelu(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}
double Softsign(double x) { return x / (1 + std::fabs(x)); }
double Copy(double x) { return x; }
double NotZero(double x) { return x != 0; }

// f'(x) of an activation, from its output; of softsign from its input.
double Slope(ActType type, double value) {
  switch (type) {
    case ActType::kRelu:
      return value > 0;
    case ActType::kSigmoid:
      return value * (1 - value);
    case ActType::kTanh:
      return 1 - value * value;
    case ActType::kSoftrelu:
      return -std::expm1(-value);
    case ActType::kSoftsign:
      return 1 / std::pow(1 + std::fabs(value), 2);
  }
  return kNaN;
}

std::vector<OpCase> ActivationCases() {
  struct Function {
    ActType type;
    const char* name;
    Unary f;
    // Values that its output may have, far from kinks.
    double low, high;
  };
  std::vector<OpCase> cases;
  for (const Function& function :
       {Function{ActType::kRelu, "relu", Relu, 0.5, 3},
        Function{ActType::kSigmoid, "sigmoid", Sigmoid, 0.1, 0.9},
        Function{ActType::kTanh, "tanh", [](double x) { return std::tanh(x); },
                 -0.9, 0.9},
        Function{ActType::kSoftrelu, "softrelu", Softrelu, 0.1, 3},
        Function{ActType::kSoftsign, "softsign", Softsign, 0.1, 3}}) {
    const ActivationAttrs attrs{.act_type = function.type};
    cases.push_back({.op = "Activation",
                     .label = function.name,
                     .attrs = attrs,
                     .inputs = {{.shape = {3, 4}, .low = -5, .high = 5}},
                     .formula = Elementwise(function.f),
                     .elementwise = true});
    cases.push_back({.op = "Activation",
                     .label = std::string(function.name) + ", special values",
                     .attrs = attrs,
                     .inputs = {{.shape = {4},
                                 .values = {0, kNaN, 700, -700},
                                 .differentiable = false}},
                     .formula = Elementwise(function.f)});
    cases.push_back(
        {.op = "_backward_Activation",
         .label = function.name,
         .attrs = attrs,
         .inputs = {{.shape = {3, 4}},
                    {.shape = {3, 4},
                     .low = function.low,
                     .high = function.high}},
         .formula = Elementwise([type = function.type](double h, double v) {
           return h * Slope(type, v);
         }),
         // 1 - y * y cancels.
         .magnitude = 2,
         .elementwise = true});
  }
  return cases;
}

std::vector<OpCase> CastCases() {
  std::vector<OpCase> cases;
  for (DType dtype : kAllDTypes) {
    OpCase c =
        UnaryCase("Cast", dtype == DType::kBool ? NotZero : Copy, 0, 100);
    c.label = std::string(DTypeName(dtype));
    c.attrs = CastAttrs{.dtype = dtype};
    cases.push_back(std::move(c));
  }
  cases.push_back({.op = "cast_storage",
                   .attrs = CastStorageAttrs{.stype = StorageType::kDense},
                   .inputs = {{.shape = {2, 3}}},
                   .formula = Elementwise([](double x) { return x; }),
                   .elementwise = true});
  cases.push_back(
      {.op = "_cast_like",
       .inputs = {{.shape = {3, 4}, .low = 1, .high = 100},
                  {.shape = {3, 4}, .differentiable = false}},
       .formula =
           [](absl::Span<const TestArray> in) { return std::vector{in[0]}; },
       .elementwise = true});
  return cases;
}

std::vector<OpCase> InitCases() {
  auto constant = [](double value, const Shape& shape) -> Formula {
    return [=](absl::Span<const TestArray>) {
      return std::vector{TestArray{
          shape, std::vector<double>(static_cast<size_t>(shape.num_elements()),
                                     value)}};
    };
  };
  std::vector<OpCase> cases;
  for (DType dtype : kAllDTypes) {
    const Shape shape{3, 2};
    const std::string label(DTypeName(dtype));
    cases.push_back({.op = "_zeros",
                     .label = label,
                     .attrs = InitAttrs{.shape = shape, .dtype = dtype},
                     .formula = constant(0, shape)});
    cases.push_back({.op = "_ones",
                     .label = label,
                     .attrs = InitAttrs{.shape = shape, .dtype = dtype},
                     .formula = constant(1, shape)});
    const double value = dtype == DType::kBool ? 1 : 7;
    cases.push_back(
        {.op = "_full",
         .label = label,
         .attrs = FullAttrs{.value = 7, .shape = shape, .dtype = dtype},
         .formula = constant(value, shape)});
  }
  for (DType dtype : kAllDTypes) {
    const std::string label(DTypeName(dtype));
    const auto given = [](Shape shape, std::vector<double> values) -> Formula {
      return [=](absl::Span<const TestArray>) {
        return std::vector{TestArray{shape, values}};
      };
    };
    cases.push_back({.op = "_eye",
                     .label = label,
                     .attrs = EyeAttrs{.N = 2, .M = 3, .k = 1, .dtype = dtype},
                     .formula = given({2, 3}, {0, 1, 0, 0, 0, 1})});
    if (dtype == DType::kBool) continue;
    cases.push_back({.op = "_arange",
                     .label = label,
                     .attrs = ArangeAttrs{.start = 7,
                                          .stop = 2,
                                          .step = -2,
                                          .repeat = 2,
                                          .dtype = dtype},
                     .formula = given({6}, {7, 7, 5, 5, 3, 3})});
    cases.push_back(
        {.op = "_linspace",
         .label = label,
         .attrs =
             LinspaceAttrs{.start = 2, .stop = 10, .num = 5, .dtype = dtype},
         .formula = given({5}, {2, 4, 6, 8, 10})});
  }
  const auto linspace = [&](const char* label, LinspaceAttrs a,
                            std::vector<double> values) {
    const auto n = static_cast<int64_t>(values.size());
    cases.push_back({.op = "_linspace",
                     .label = label,
                     .attrs = std::move(a),
                     .formula = [=](absl::Span<const TestArray>) {
                       return std::vector{TestArray{{n}, values}};
                     }});
  };
  linspace("without the end",
           {.start = 1, .stop = 0, .num = 4, .endpoint = false},
           {1, 0.75, 0.5, 0.25});
  linspace("one number", {.start = 3, .stop = 9, .num = 1}, {3});
  linspace("no number", {.start = 3, .stop = 9, .num = 0}, {});
  cases.push_back({.op = "_arange",
                   .label = "to start",
                   .attrs = ArangeAttrs{.start = 2.5},
                   .formula = [](absl::Span<const TestArray>) {
                     return std::vector{TestArray{{3}, {0, 1, 2}}};
                   }});
  cases.push_back({.op = "_full",
                   .label = "scalar",
                   .attrs = FullAttrs{.value = 0.1, .shape = Shape::Scalar()},
                   .formula = constant(0.1, Shape::Scalar())});
  cases.push_back(UnaryCase(
      "zeros_like", [](double) { return 0.0; }, -5, 5));
  cases.push_back(UnaryCase(
      "ones_like", [](double) { return 1.0; }, -5, 5));
  for (auto c = cases.end() - 2; c != cases.end(); ++c) {
    c->gradient = ZeroGradient();
  }
  return cases;
}

OpCase AddNCase(int64_t count) {
  return {.op = "add_n",
          .label = std::to_string(count),
          .attrs = AddNAttrs{.num_args = count},
          .inputs = std::vector<TestInput>(static_cast<size_t>(count),
                                           {.shape = {3, 4}, .low = 0}),
          .formula =
              [](absl::Span<const TestArray> in) {
                TestArray sum = in[0];
                for (const TestArray& x : in.subspan(1)) {
                  for (size_t i = 0; i < x.values.size(); ++i) {
                    sum.values[i] += x.values[i];
                  }
                }
                return std::vector{sum};
              },
          .elementwise = true};
}

OpCase SumToLikeCase(const Shape& data, const Shape& like) {
  return {.op = "_sum_to_like",
          .label = data.ToString() + " " + like.ToString(),
          .inputs = {{.shape = data, .low = 0, .high = 2},
                     {.shape = like, .differentiable = false}},
          .formula =
              [](absl::Span<const TestArray> in) {
                TestArray sum{.shape = in[1].shape};
                sum.values.resize(in[1].values.size());
                for (size_t i = 0; i < in[0].values.size(); ++i) {
                  sum.values[BroadcastIndex(static_cast<int64_t>(i),
                                            in[0].shape, in[1].shape)] +=
                      in[0].values[i];
                }
                return std::vector{sum};
              },
          .tolerance = 16};
}

std::vector<OpCase> SumToLikeCases() {
  std::vector<OpCase> cases = {
      SumToLikeCase({2, 3}, {2, 3}),
      SumToLikeCase({2, 3}, {3}),
      SumToLikeCase({2, 3}, {2, 1}),
      SumToLikeCase({4, 67}, {4, 1}),
      SumToLikeCase({2, 3}, Shape::Scalar()),
      SumToLikeCase({2, 3, 4, 5}, {3, 1, 1}),
      SumToLikeCase({2, 3, 4, 5}, {2, 1, 4, 1}),
      SumToLikeCase({2, 3, 4, 5}, {1, 3, 1, 5}),
      SumToLikeCase({0, 3}, {3}),
      SumToLikeCase({0, 3}, {0, 1}),
      // Sums of their own for each block.
      SumToLikeCase({30011, 5}, {5}),
      SumToLikeCase({70001}, {1}),
      SumToLikeCase({20011, 7}, {20011, 1}),
  };
  for (auto c = cases.end() - 3; c != cases.end(); ++c) {
    c->large = {c->inputs[0].shape, c->inputs[1].shape};
    for (TestInput& input : c->inputs) {
      input.differentiable = false;
      input.low = -1;  // Integers do not wrap, and float stays exact enough.
      input.high = 1;
    }
    c->magnitude = 1000;
  }
  return cases;
}

}  // namespace

std::vector<OpCase> ElementwiseOpCases() {
  std::vector<OpCase> all;
  for (auto* group : {ActivationCases, CastCases, InitCases, SumToLikeCases}) {
    for (OpCase& c : group()) all.push_back(std::move(c));
  }
  for (int64_t count : {1, 2, 5}) all.push_back(AddNCase(count));
  return all;
}

}  // namespace minnow
