// Rows of the functions of one array.
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "minnow/ops/piecewise.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double Relu(double x) { return x < 0 ? 0 : x; }
double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double Softsign(double x) { return x / (1 + std::fabs(x)); }
double Sign(double x) { return (x > 0) - (x < 0); }
double Copy(double x) { return x; }
double Abs(double x) { return std::fabs(x); }
double Sqrt(double x) { return std::sqrt(x); }
double Exp(double x) { return std::exp(x); }
double Log(double x) { return std::log(x); }

std::vector<OpCase> BasicCases() {
  std::vector<OpCase> cases = {
      UnaryCase(
          "negative", [](double x) { return -x; }, 0, 3),
      UnaryCase("exp", Exp, -3, 4),
      UnaryCase("log", Log, 1, 9),
      UnaryCase(
          "square", [](double x) { return x * x; }, -5, 5),
      UnaryCase("sqrt", Sqrt, 1, 100),
      UnaryCase(
          "rsqrt", [](double x) { return 1 / std::sqrt(x); }, 1, 9),
      UnaryCase(
          "reciprocal", [](double x) { return 1 / x; }, 1, 9),
      UnaryCase("abs", Abs, -5, 5),
      UnaryCase("sign", Sign, -5, 5),
      UnaryCase(
          "tanh", [](double x) { return std::tanh(x); }, -3, 3),
      UnaryCase("sigmoid", Sigmoid, -5, 5),
      UnaryCase("relu", Relu, -5, 5),
      UnaryCase("softsign", Softsign, -5, 5),
      UnaryCase("_copy", Copy, -5, 5),
      UnaryCase("BlockGrad", Copy, -5, 5),
      SpecialCase("sqrt", Sqrt, {0, kInfinity, kNaN, -1}),
      SpecialCase("sign", Sign, {0, -0.0, kNaN, -kInfinity, kInfinity}),
      SpecialCase("relu", Relu, {0, kNaN, -kInfinity, kInfinity}),
      SpecialCase("sigmoid", Sigmoid, {0, kNaN, -kInfinity, kInfinity}),
      SpecialCase("exp", Exp, {0, kNaN, -kInfinity, kInfinity}),
      SpecialCase("log", Log, {1, kNaN, kInfinity, -1}),
      SpecialCase("abs", Abs, {0, -0.0, kNaN, -kInfinity}),
  };
  for (OpCase& c : cases) {
    if (c.op == "BlockGrad" || c.op == "sign") c.gradient = ZeroGradient();
  }
  return cases;
}

std::vector<OpCase> TrigonometricCases() {
  std::vector<OpCase> cases = {
      UnaryCase(
          "sin", [](double x) { return std::sin(x); }, -6, 6),
      UnaryCase(
          "cos", [](double x) { return std::cos(x); }, -6, 6),
      UnaryCase(
          "tan", [](double x) { return std::tan(x); }, -1.3, 1.3),
      UnaryCase(
          "arcsin", [](double x) { return std::asin(x); }, -0.9, 0.9),
      UnaryCase(
          "arccos", [](double x) { return std::acos(x); }, -0.9, 0.9),
      UnaryCase(
          "arctan", [](double x) { return std::atan(x); }, -9, 9),
      UnaryCase(
          "sinh", [](double x) { return std::sinh(x); }, -3, 3),
      UnaryCase(
          "cosh", [](double x) { return std::cosh(x); }, -3, 3),
      UnaryCase(
          "arcsinh", [](double x) { return std::asinh(x); }, -9, 9),
      UnaryCase(
          "arccosh", [](double x) { return std::acosh(x); }, 1.5, 9),
      UnaryCase(
          "arctanh", [](double x) { return std::atanh(x); }, 0, 0.9),
      UnaryCase(
          "degrees",
          [](double x) { return x * (180 / std::numbers::pi_v<float>); }, -2,
          2),
      UnaryCase(
          "radians",
          [](double x) { return x * (std::numbers::pi_v<float> / 180); }, -100,
          100),
  };
  // The vector functions' own tests have all edges.
  cases.push_back(SpecialCase("sin", [](double x) { return std::sin(x); },
                              {0, -0.0, kNaN, kInfinity, 60000, -60000}));
  cases.push_back(SpecialCase("tan", [](double x) { return std::tan(x); },
                              {0, -0.0, kNaN, kInfinity}));
  cases.push_back(SpecialCase("arccos", [](double x) { return std::acos(x); },
                              {1, -1, 2, -2, kNaN, kInfinity}));
  cases.push_back(SpecialCase("arctanh", [](double x) { return std::atanh(x); },
                              {0, -0.0, 1, -1, 2, kNaN}));
  return cases;
}

std::vector<OpCase> RoundingCases() {
  struct Function {
    const char* name;
    double (*f)(double);
  };
  std::vector<OpCase> cases;
  for (const Function& function :
       {Function{"floor", [](double x) { return std::floor(x); }},
        Function{"ceil", [](double x) { return std::ceil(x); }},
        Function{"trunc", [](double x) { return std::trunc(x); }},
        Function{"fix", [](double x) { return std::trunc(x); }},
        Function{"round", [](double x) { return std::round(x); }},
        Function{"rint", [](double x) { return std::ceil(x - 0.5); }}}) {
    cases.push_back(UnaryCase(function.name, function.f, -5, 5));
    cases.back().gradient = ZeroGradient();
    cases.push_back(SpecialCase(function.name, function.f,
                                {0, -0.0, 0.5, -0.5, 1.5, -1.5, 0.25, -0.75,
                                 kNaN, kInfinity, -kInfinity}));
  }
  return cases;
}

double ExactErfinv(double y) {
  if (!(std::fabs(y) < 1)) return std::fabs(y) == 1 ? y * kInfinity : kNaN;
  double low = -6, high = 6;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    // Near 1 the complement is the more exact.
    const double t = std::fabs(middle);
    const bool above = std::fabs(y) < 0.5 || middle * y < 0
                           ? std::erf(middle) > y
                           : (std::erfc(t) < 1 - std::fabs(y)) == (y > 0);
    (above ? high : low) = middle;
  }
  return (low + high) / 2;
}

double ExactDigamma(double x) {
  long double sum = 0, z = x;
  for (; z < 1000; ++z) sum -= 1 / z;
  return static_cast<double>(sum + std::log(z) - 1 / (2 * z) -
                             1 / (12 * z * z) + 1 / (120 * z * z * z * z));
}

std::vector<OpCase> SpecialFunctionCases() {
  std::vector<OpCase> cases = {
      UnaryCase(
          "expm1", [](double x) { return std::expm1(x); }, -3, 3),
      UnaryCase(
          "log1p", [](double x) { return std::log1p(x); }, 0, 9),
      UnaryCase(
          "log2", [](double x) { return std::log2(x); }, 1, 64),
      UnaryCase(
          "log10", [](double x) { return std::log10(x); }, 1, 100),
      UnaryCase(
          "cbrt", [](double x) { return std::cbrt(x); }, 1, 100),
      UnaryCase(
          "rcbrt", [](double x) { return 1 / std::cbrt(x); }, 1, 100),
      UnaryCase(
          "erf", [](double x) { return std::erf(x); }, -2, 2),
      UnaryCase("erfinv", ExactErfinv, 0, 0.99),
      UnaryCase(
          "gamma", [](double x) { return std::tgamma(x); }, 1, 5),
      UnaryCase(
          "gammaln", [](double x) { return std::lgamma(x); }, 1, 30),
      UnaryCase("digamma", ExactDigamma, 0.25, 30),
      UnaryCase(
          "logical_not", [](double x) { return static_cast<double>(x == 0); },
          -2, 2),
      SpecialCase("cbrt", [](double x) { return std::cbrt(x); },
                  {0, -0.0, -8, kNaN, kInfinity, -kInfinity}),
      SpecialCase("erf", [](double x) { return std::erf(x); },
                  {0, -0.0, kNaN, kInfinity, -kInfinity}),
      SpecialCase("erfinv", ExactErfinv,
                  {0.9990234375, -0.9990234375, 1, -1, 2, kNaN}),
      SpecialCase("gamma", [](double x) { return std::tgamma(x); },
                  {0.5, -0.5, -1.5, kNaN, kInfinity}),
      SpecialCase("gammaln", [](double x) { return std::lgamma(x); },
                  {0, -0.5, -1.5, -2, 100, kNaN, kInfinity}),
      SpecialCase("digamma", [](double x) { return x > 0 ? x : kNaN; },
                  {0, -1, -100, kNaN, kInfinity}),
      SpecialCase("logical_not",
                  [](double x) { return static_cast<double>(x == 0); },
                  {0, -0.0, kNaN, kInfinity, 0.25}),
  };
  for (OpCase& c : cases) {
    if (c.op == "logical_not") c.gradient = ZeroGradient();
    if (c.op == "digamma" || c.op == "gammaln") c.magnitude = 4;
  }
  return cases;
}

OpCase WithAttrs(OpCase c, const char* label, Attrs attrs) {
  c.label = label;
  c.attrs = std::move(attrs);
  return c;
}

std::vector<OpCase> PiecewiseCases() {
  const auto clip = [](double x) { return x > 2 ? 2 : x < -1 ? -1 : x; };
  const auto sigmoid = [](double x) {
    return std::fmax(std::fmin(0.25 * x + 0.5, 1), 0);
  };
  const auto smooth = [](double x) {
    return std::fabs(x) > 0.25 ? std::fabs(x) - 0.125 : 2 * x * x;
  };
  const auto flat = [](double x) { return std::isnan(x) ? kNaN : 0.0; };
  const ClipAttrs bounds{.a_min = -1.0f, .a_max = 2.0f};
  std::vector<OpCase> cases = {
      WithAttrs(UnaryCase("clip", clip, -5, 5), "", bounds),
      WithAttrs(SpecialCase("clip", clip, {-1, 2, kNaN, kInfinity, -kInfinity}),
                "special values", bounds),
      WithAttrs(UnaryCase("hard_sigmoid", sigmoid, -5, 5), "",
                HardSigmoidAttrs{.alpha = 0.25f}),
      WithAttrs(UnaryCase("smooth_l1", smooth, -3, 3), "two",
                SmoothL1Attrs{.scalar = 2}),
      WithAttrs(UnaryCase("smooth_l1", smooth, -3, 3), "minus two",
                SmoothL1Attrs{.scalar = -2}),
      WithAttrs(SpecialCase("smooth_l1", flat, {0, 5, kNaN, -kInfinity}),
                "zero", SmoothL1Attrs{.scalar = 0})};
  // Nothing cancels, but the terms are larger than the result.
  for (OpCase& c : cases) c.magnitude = 1;
  return cases;
}

}  // namespace

std::vector<OpCase> UnaryOpCases() {
  std::vector<OpCase> all;
  for (auto* group : {BasicCases, TrigonometricCases, RoundingCases,
                      SpecialFunctionCases, PiecewiseCases}) {
    for (OpCase& c : group()) all.push_back(std::move(c));
  }
  return all;
}

}  // namespace minnow
