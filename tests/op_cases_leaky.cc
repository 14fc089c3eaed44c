// Rows of LeakyReLU. What rrelu draws in training is in leaky_relu_test.cc.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "minnow/ops/leaky_relu.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;
using Type = LeakyReluType;

constexpr double kScale = 1.0507009873554804934, kAlpha = 1.6732632423543772;

double Value(const LeakyReluAttrs& a, double x) {
  switch (a.act_type) {
    case Type::kElu:
      return x > 0 ? x : a.slope * std::expm1(x);
    case Type::kSelu:
      return kScale * (x > 0 ? x : kAlpha * std::expm1(x));
    case Type::kGelu:
      return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    default:
      return x > 0 ? x : a.slope * x;
  }
}

// From data.
double Slope(const LeakyReluAttrs& a, double x) {
  switch (a.act_type) {
    case Type::kElu:
      return x > 0 ? 1 : a.slope * std::exp(x);
    case Type::kGelu:
      return 0.5 * (1 + std::erf(x / std::numbers::sqrt2)) +
             x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
    default:
      return x > 0 ? 1 : double{a.slope};
  }
}

// From the result.
double SlopeOfResult(const LeakyReluAttrs& a, double y) {
  if (a.act_type == Type::kElu) return y > 0 ? 1 : y + a.slope;
  // This is MXNet's gradient, not the derivative.
  if (a.act_type == Type::kSelu) return kScale * (y > 0 ? 1 : kAlpha + y);
  return Slope(a, y);
}

void AppendFunction(const char* label, LeakyReluAttrs a, bool from_result,
                    std::vector<OpCase>& cases) {
  cases.push_back(
      {.op = "LeakyReLU",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = {3, 4}, .low = -3, .high = 3}},
       .formula = Elementwise([a](double x) { return Value(a, x); }),
       .tolerance = 8,
       .magnitude = 2,
       .elementwise = true});
  if (a.act_type == Type::kSelu) {
    cases.back().gradient = [a](Inputs in, Inputs heads) {
      TestArray grad = heads[0];
      for (size_t i = 0; i < grad.values.size(); ++i) {
        grad.values[i] *= SlopeOfResult(a, Value(a, in[0].values[i]));
      }
      return std::vector{grad};
    };
  }
  cases.push_back(
      {.op = "_backward_LeakyReLU",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = {3, 4}}, {.shape = {3, 4}, .low = -1, .high = 3}},
       .formula = Elementwise([=](double head, double value) {
         return head *
                (from_result ? SlopeOfResult(a, value) : Slope(a, value));
       }),
       .tolerance = 8,
       .magnitude = 2,
       .elementwise = true});
}

// The place of the slope of each element.
std::vector<size_t> GammaPlaces(const Shape& data, const Shape& gamma) {
  Shape over = gamma;
  for (size_t i = 2; i < data.rank(); ++i) over.push_back(1);
  std::vector<size_t> places;
  for (int64_t i = 0; i < data.num_elements(); ++i) {
    places.push_back(static_cast<size_t>(BroadcastIndex(i, data, over)));
  }
  return places;
}

void AppendPrelu(const char* label, Shape data, Shape gamma,
                 std::vector<Shape> large, std::vector<OpCase>& cases) {
  const LeakyReluAttrs a = {.act_type = Type::kPrelu};
  const TestInput slopes = {.shape = gamma, .low = -0.5, .high = 1.5};
  cases.push_back({.op = "LeakyReLU",
                   .label = label,
                   .attrs = a,
                   .inputs = {{.shape = data}, slopes},
                   .formula =
                       [](Inputs in) {
                         TestArray out = in[0];
                         const auto at = GammaPlaces(in[0].shape, in[1].shape);
                         for (size_t i = 0; i < at.size(); ++i) {
                           double& x = out.values[i];
                           if (x <= 0) x *= in[1].values[at[i]];
                         }
                         return std::vector{out};
                       },
                   .large = large});
  if (!large.empty()) large.insert(large.begin(), large[0]);
  cases.push_back({.op = "_backward_LeakyReLU",
                   .label = label,
                   .attrs = a,
                   .inputs = {{.shape = data}, {.shape = data}, slopes},
                   .formula =
                       [](Inputs in) {
                         TestArray grad = in[0];
                         const auto at = GammaPlaces(in[1].shape, in[2].shape);
                         for (size_t i = 0; i < at.size(); ++i) {
                           if (in[1].values[i] > 0) continue;
                           grad.values[i] *= in[2].values[at[i]];
                         }
                         return std::vector{grad};
                       },
                   .large = large});
  cases.push_back({.op = "_backward_LeakyReLU_gamma",
                   .label = label,
                   .attrs = a,
                   .inputs = {{.shape = data}, {.shape = data}, slopes},
                   .formula =
                       [](Inputs in) {
                         TestArray grad = in[2];
                         grad.values.assign(grad.values.size(), 0.0);
                         const auto at = GammaPlaces(in[1].shape, in[2].shape);
                         for (size_t i = 0; i < at.size(); ++i) {
                           grad.values[at[i]] +=
                               in[0].values[i] * std::min(in[1].values[i], 0.0);
                         }
                         return std::vector{grad};
                       },
                   .tolerance = 8,
                   .magnitude = large.empty() ? 16.0 : 1000.0,
                   .large = large});
}

// Outside of training.
void AppendRrelu(LeakyReluAttrs a, std::vector<OpCase>& cases) {
  a.act_type = Type::kRrelu;
  cases.push_back({.op = "LeakyReLU",
                   .label = "rrelu",
                   .attrs = a,
                   .inputs = {{.shape = {3, 5}, .differentiable = false}},
                   .formula =
                       [a](Inputs in) {
                         const double slope =
                             (double{a.lower_bound} + a.upper_bound) / 2;
                         TestArray out = in[0], mask = in[0];
                         for (double& x : out.values) x *= x > 0 ? 1 : slope;
                         mask.values.assign(mask.values.size(), slope);
                         return std::vector{out, mask};
                       },
                   .elementwise = true,
                   .training = false});
  cases.push_back({.op = "_backward_LeakyReLU",
                   .label = "rrelu",
                   .attrs = a,
                   .inputs = {{.shape = {7}}, {.shape = {7}}, {.shape = {7}}},
                   .formula =
                       [](Inputs in) {
                         TestArray grad = in[0];
                         for (size_t i = 0; i < grad.values.size(); ++i) {
                           if (in[1].values[i] > 0) continue;
                           grad.values[i] *= in[2].values[i];
                         }
                         return std::vector{grad};
                       },
                   .elementwise = true});
}

}  // namespace

std::vector<OpCase> LeakyOpCases() {
  std::vector<OpCase> cases;
  AppendFunction("", {}, true, cases);
  AppendFunction("negative slope", {.slope = -0.5f}, false, cases);
  AppendFunction("elu", {.act_type = Type::kElu}, true, cases);
  AppendFunction("elu negative slope", {.act_type = Type::kElu, .slope = -0.5f},
                 false, cases);
  AppendFunction("selu", {.act_type = Type::kSelu}, true, cases);
  AppendFunction("gelu", {.act_type = Type::kGelu}, false, cases);
  AppendPrelu("prelu", {2, 3, 5}, {3}, {{30, 40, 60}, {40}}, cases);
  AppendPrelu("prelu of a matrix", {6, 3}, {3}, {{3000, 40}, {40}}, cases);
  AppendPrelu("prelu with one slope", {2, 3, 2}, {1}, {}, cases);
  AppendPrelu("prelu of a vector", {5}, {1}, {}, cases);
  AppendPrelu("prelu by rows", {4, 3, 2}, {4, 1}, {}, cases);
  AppendPrelu("prelu by place", {4, 3}, {4, 3}, {{300, 400}, {300, 400}},
              cases);
  AppendPrelu("prelu of no element", {0, 3, 2}, {3}, {}, cases);
  AppendRrelu({}, cases);
  return cases;
}

}  // namespace minnow
