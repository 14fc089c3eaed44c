// Rows of the functions of two arrays, and of an array and a number.
#include <cmath>
#include <limits>
#include <utility>

#include "minnow/ops/binary.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using Binary = double (*)(double, double);

double FloorMod(double x, double y) {
  return y == 0 ? 0 : x - y * std::floor(x / y);
}
double Maximum(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? kNaN : std::fmax(x, y);
}
double Minimum(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? kNaN : std::fmin(x, y);
}
double Power(double x, double y) { return std::pow(x, y); }
double Hypot(double x, double y) { return std::hypot(x, y); }

OpCase BroadcastCase(const char* op, Binary f, const Shape& lhs,
                     const Shape& rhs, const Shape& out) {
  return {.op = op,
          .label = lhs.ToString() + " " + rhs.ToString(),
          .inputs = {{.shape = lhs, .low = 10, .high = 20},
                     {.shape = rhs, .low = 1, .high = 6}},
          .formula = [f, out](absl::Span<const TestArray> in) {
            TestArray result{.shape = out};
            for (int64_t i = 0; i < out.num_elements(); ++i) {
              result.values.push_back(
                  f(in[0].values[BroadcastIndex(i, out, in[0].shape)],
                    in[1].values[BroadcastIndex(i, out, in[1].shape)]));
            }
            return std::vector{result};
          }};
}

std::vector<OpCase> BinaryCases() {
  struct Function {
    const char* name;
    const char* broadcast_name;
    Binary f;
  };
  std::vector<OpCase> cases;
  for (const Function& function :
       {Function{"elemwise_add", "broadcast_add",
                 [](double x, double y) { return x + y; }},
        Function{"elemwise_sub", "broadcast_sub",
                 [](double x, double y) { return x - y; }},
        Function{"elemwise_mul", "broadcast_mul",
                 [](double x, double y) { return x * y; }},
        Function{"elemwise_div", "broadcast_div",
                 [](double x, double y) { return x / y; }}}) {
    for (const char* name : {function.name, function.broadcast_name}) {
      cases.push_back({.op = name,
                       .inputs = {{.shape = {3, 4}, .low = 10, .high = 20},
                                  {.shape = {3, 4}, .low = 1, .high = 6}},
                       .formula = Elementwise(function.f),
                       .elementwise = true});
    }
    auto broadcast = [&](const Shape& lhs, const Shape& rhs, const Shape& out) {
      cases.push_back(
          BroadcastCase(function.broadcast_name, function.f, lhs, rhs, out));
    };
    broadcast({2, 3}, {3}, {2, 3});
    broadcast({2, 1}, {2, 3}, {2, 3});
    broadcast({4, 1}, {1, 5}, {4, 5});
    broadcast({2, 3, 4, 5}, {3, 1, 1}, {2, 3, 4, 5});
    broadcast({2, 1, 4, 1}, {3, 1, 5}, {2, 3, 4, 5});
    broadcast(Shape::Scalar(), {2, 3}, {2, 3});
    broadcast({1}, {1, 1}, {1, 1});
    broadcast({0, 3}, {1, 3}, {0, 3});
    broadcast(Shape::Scalar(), Shape::Scalar(), Shape::Scalar());
    // Rows of many blocks, and blocks of many rows.
    cases.push_back(BroadcastCase(function.broadcast_name, function.f, {3, 1},
                                  {1, 40000}, {3, 40000}));
    cases.back().large = {{3, 1}, {1, 40000}};
    cases.push_back(BroadcastCase(function.broadcast_name, function.f,
                                  {2, 9001, 5}, {2, 1, 5}, {2, 9001, 5}));
    cases.back().large = {{2, 9001, 5}, {2, 1, 5}};
    for (auto c = cases.end() - 2; c != cases.end(); ++c) {
      for (TestInput& input : c->inputs) input.differentiable = false;
    }
  }
  return cases;
}

std::vector<OpCase> ScalarCases() {
  struct Function {
    const char* name;
    Binary f;
  };
  std::vector<OpCase> cases;
  for (const Function& function :
       {Function{"_plus_scalar", [](double x, double s) { return x + s; }},
        Function{"_minus_scalar", [](double x, double s) { return x - s; }},
        Function{"_rminus_scalar", [](double x, double s) { return s - x; }},
        Function{"_mul_scalar", [](double x, double s) { return x * s; }},
        Function{"_div_scalar", [](double x, double s) { return x / s; }},
        Function{"_rdiv_scalar", [](double x, double s) { return s / x; }}}) {
    // Integers stay what they are for the first, and give float64 for the
    // second, which every floating type holds exactly.
    for (const ScalarAttrs& attrs :
         {ScalarAttrs{.scalar = 3},
          ScalarAttrs{.scalar = 2.5, .is_int = false}}) {
      cases.push_back(
          {.op = function.name,
           .label = attrs.is_int ? "integer" : "fraction",
           .attrs = attrs,
           .inputs = {{.shape = {3, 4}, .low = 1, .high = 9}},
           .formula = Elementwise([f = function.f, s = attrs.scalar](double x) {
             return f(x, s);
           }),
           .elementwise = true});
    }
  }
  return cases;
}

// On random numbers, and where the arguments are equal, zero, infinite or NaN.
void AddMathCases(const char* name, Binary f, const TestInput& lhs,
                  const TestInput& rhs, std::vector<OpCase>& cases) {
  const std::string same = std::string("_") + name;
  const std::string broadcast = std::string("broadcast_") + name;
  const std::string scalar = same + "_scalar";
  for (const std::string& op : {same, broadcast}) {
    cases.push_back({.op = op,
                     .inputs = {lhs, rhs},
                     .formula = Elementwise(f),
                     .elementwise = true});
    cases.push_back(
        {.op = op,
         .label = "special values",
         .inputs = {{.shape = {9},
                     .values = {1, 0, -0.5, kInfinity, kNaN, 1, 2, 0, -3},
                     .differentiable = false},
                    {.shape = {9},
                     .values = {1, 0, 2, 2, 2, kNaN, -kInfinity, 3, 2},
                     .differentiable = false}},
         .formula = Elementwise(f),
         .only_floating = true});
    if (name == std::string("mod")) cases.pop_back();
  }
  for (double number : {2.0, 2.75}) {
    cases.push_back(
        {.op = scalar,
         .label = number == 2 ? "integer" : "fraction",
         .attrs = ScalarAttrs{.scalar = number, .is_int = number == 2},
         .inputs = {lhs},
         .formula = Elementwise([=](double x) { return f(x, number); }),
         .elementwise = true});
  }
}

std::vector<OpCase> MathCases() {
  std::vector<OpCase> cases;
  const TestInput any{.shape = {3, 4}, .low = -4, .high = 4};
  const TestInput positive{.shape = {3, 4}, .low = 1, .high = 4};
  AddMathCases("maximum", Maximum, any, any, cases);
  AddMathCases("minimum", Minimum, any, any, cases);
  AddMathCases("power", Power, positive, positive, cases);
  AddMathCases("hypot", Hypot, any, positive, cases);
  // Quotients that are far from integers in every type.
  AddMathCases("mod", FloorMod, {.shape = {3, 4}, .values = {5, -5, 7, -7, 1}},
               {.shape = {3, 4}, .values = {3, 3, -3, -4, 2.75}}, cases);
  for (OpCase& c : cases) {
    if (c.op.find("mod") != std::string::npos) c.magnitude = 8;
  }
  for (double number : {2.0, 2.75}) {
    const ScalarAttrs attrs{.scalar = number, .is_int = number == 2};
    const std::string label = number == 2 ? "integer" : "fraction";
    cases.push_back(
        {.op = "_rmod_scalar",
         .label = label,
         .attrs = attrs,
         .inputs = {{.shape = {3, 4}, .values = {3, 4, 1.75, -3}}},
         .formula = Elementwise([=](double x) { return FloorMod(number, x); }),
         .magnitude = 4,
         .elementwise = true});
    cases.push_back(
        {.op = "_rpower_scalar",
         .label = label,
         .attrs = attrs,
         .inputs = {positive},
         .formula = Elementwise([=](double x) { return Power(number, x); }),
         .elementwise = true});
  }
  return cases;
}

std::vector<OpCase> LogicCases() {
  struct Function {
    const char* name;
    Binary f;
  };
  std::vector<OpCase> cases;
  for (const Function& function :
       {Function{"equal", [](double x,
                             double y) { return static_cast<double>(x == y); }},
        Function{
            "not_equal",
            [](double x, double y) { return static_cast<double>(x != y); }},
        Function{"greater",
                 [](double x, double y) { return static_cast<double>(x > y); }},
        Function{
            "greater_equal",
            [](double x, double y) { return static_cast<double>(x >= y); }},
        Function{"lesser",
                 [](double x, double y) { return static_cast<double>(x < y); }},
        Function{
            "lesser_equal",
            [](double x, double y) { return static_cast<double>(x <= y); }},
        Function{"logical_and",
                 [](double x, double y) {
                   return static_cast<double>(x != 0 && y != 0);
                 }},
        Function{"logical_or",
                 [](double x, double y) {
                   return static_cast<double>(x != 0 || y != 0);
                 }},
        Function{"logical_xor", [](double x, double y) {
                   return static_cast<double>((x != 0) != (y != 0));
                 }}}) {
    // All pairs of these, and NaN.
    const TestInput lhs{.shape = {3, 3}, .values = {0, 0, 0, 1, 1, 1, 2, 2, 2}};
    const TestInput rhs{.shape = {3, 3}, .values = {0, 1, 2}};
    const std::string same = std::string("_") + function.name;
    const std::string broadcast = std::string("broadcast_") + function.name;
    for (const std::string& op : {same, broadcast}) {
      cases.push_back({.op = op,
                       .inputs = {lhs, rhs},
                       .formula = Elementwise(function.f),
                       .elementwise = true});
      cases.push_back({.op = op,
                       .label = "NaN",
                       .inputs = {{.shape = {3}, .values = {kNaN, 1, kNaN}},
                                  {.shape = {3}, .values = {1, kNaN, kNaN}}},
                       .formula = Elementwise(function.f),
                       .only_floating = true});
    }
    for (const ScalarAttrs& attrs :
         {ScalarAttrs{}, ScalarAttrs{.scalar = 1.5, .is_int = false}}) {
      cases.push_back(
          {.op = same + "_scalar",
           .label = attrs.is_int ? "integer" : "fraction",
           .attrs = attrs,
           .inputs = {lhs},
           .formula = Elementwise([f = function.f, s = attrs.scalar](double x) {
             return f(x, s);
           }),
           .elementwise = true});
    }
  }
  for (OpCase& c : cases) c.gradient = ZeroGradient();
  cases.push_back({.op = "_mask",
                   .inputs = {{.shape = {3, 4}, .low = 1},
                              {.shape = {3, 4},
                               .values = {0, 1, -2},
                               .differentiable = false}},
                   .formula = Elementwise(
                       [](double x, double mask) { return mask != 0 ? x : 0; }),
                   .elementwise = true});
  return cases;
}

}  // namespace

std::vector<OpCase> BinaryOpCases() {
  std::vector<OpCase> all;
  for (auto* group : {BinaryCases, ScalarCases, MathCases, LogicCases}) {
    for (OpCase& c : group()) all.push_back(std::move(c));
  }
  return all;
}

}  // namespace minnow
