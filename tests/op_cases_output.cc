// Rows of regression outputs and of losses of one's own.
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/ops/regression_output.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

double Identity(double x) { return x; }
double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double Difference(double out, double label) { return out - label; }
double SignOfDifference(double out, double label) {
  return out > label ? 1 : out < label ? -1 : 0;
}

TestArray Zip(const TestArray& x, const TestArray& y,
              const std::function<double(double, double)>& f) {
  TestArray out{.shape = x.shape};
  for (size_t i = 0; i < x.values.size(); ++i) {
    out.values.push_back(f(x.values[i], y.values[i]));
  }
  return out;
}

// The operator, and the one of its gradient.
std::vector<OpCase> RegressionCases(const char* op, const char* backward,
                                    double (*f)(double),
                                    double (*slope)(double, double),
                                    const char* label, float grad_scale,
                                    Shape data, Shape labels) {
  const RegressionOutputAttrs attrs = {.grad_scale = grad_scale};
  const double scale =
      static_cast<double>(grad_scale) /
      static_cast<double>(labels.num_elements(1, labels.rank()));
  const auto gradient = [=](const TestArray& out, const TestArray& y) {
    return Zip(out, y, [=](double a, double b) { return slope(a, b) * scale; });
  };
  std::vector<OpCase> cases = {
      {.op = op,
       .label = label,
       .attrs = attrs,
       .inputs = {{.shape = data}, {.shape = labels, .differentiable = false}},
       .formula =
           [f](Inputs in) {
             return std::vector{
                 Zip(in[0], in[0], [f](double x, double) { return f(x); })};
           },
       .large = {{300, 200}, {300, 200}},
       .gradient =
           [=](Inputs in, Inputs) {
             const TestArray out =
                 Zip(in[0], in[0], [f](double x, double) { return f(x); });
             TestArray none{.shape = in[1].shape};
             none.values.assign(in[1].values.size(), 0);
             return std::vector{gradient(out, in[1]), none};
           }},
      {.op = backward,
       .label = absl::StrCat("of ", op, " ", label),
       .attrs = attrs,
       .inputs = {{.shape = data}, {.shape = labels}},
       .formula =
           [=](Inputs in) { return std::vector{gradient(in[0], in[1])}; },
       .magnitude = 4}};
  return cases;
}

// How many elements the gradient of MakeLoss is divided by.
double Divisor(const MakeLossAttrs& a, const TestArray& x) {
  if (a.normalization == Normalization::kBatch) {
    return static_cast<double>(x.shape[0]);
  }
  if (a.normalization == Normalization::kNull) return 1;
  const auto valid =
      std::count_if(x.values.begin(), x.values.end(),
                    [&](double v) { return v > a.valid_thresh; });
  return static_cast<double>(std::max<int64_t>(valid, 1));
}

std::vector<OpCase> MakeLossCases(const char* label, MakeLossAttrs a) {
  const auto gradient = [a](const TestArray& x) {
    TestArray grad{.shape = x.shape};
    grad.values.assign(x.values.size(),
                       static_cast<double>(a.grad_scale) / Divisor(a, x));
    return grad;
  };
  return {
      {.op = "MakeLoss",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = {4, 3}}},
       .formula = Elementwise(Identity),
       .gradient = [gradient](Inputs in,
                              Inputs) { return std::vector{gradient(in[0])}; }},
      {.op = "_backward_MakeLoss",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = {4, 3}}},
       .formula = [gradient](Inputs in) {
         return std::vector{gradient(in[0])};
       }}};
}

}  // namespace

std::vector<OpCase> OutputOpCases() {
  std::vector<OpCase> cases;
  const auto append = [&](std::vector<OpCase> more) {
    std::move(more.begin(), more.end(), std::back_inserter(cases));
  };
  const auto regressions = [&](const char* label, float scale, Shape data,
                               Shape labels) {
    append(RegressionCases("LinearRegressionOutput",
                           "_backward_regression_difference", Identity,
                           Difference, label, scale, data, labels));
    append(RegressionCases("MAERegressionOutput", "_backward_regression_sign",
                           Identity, SignOfDifference, label, scale, data,
                           labels));
    append(RegressionCases("LogisticRegressionOutput",
                           "_backward_regression_difference", Sigmoid,
                           Difference, label, scale, data, labels));
  };
  regressions("matrix", 1, {4, 3}, {4, 3});
  regressions("scaled", 0.3f, {4, 3}, {4, 3});
  regressions("column", 1, {5, 1}, {5});
  regressions("four axes", 2, {2, 3, 2, 2}, {2, 12});
  append(MakeLossCases("plain", {.grad_scale = 0.5f}));
  append(MakeLossCases("batch", {.normalization = Normalization::kBatch}));
  append(MakeLossCases("valid", {.grad_scale = 2,
                                 .valid_thresh = 0.25f,
                                 .normalization = Normalization::kValid}));
  cases.push_back({.op = "make_loss",
                   .inputs = {{.shape = {3, 4}}},
                   .formula = Elementwise(Identity),
                   .elementwise = true,
                   .gradient = [](Inputs in, Inputs) {
                     TestArray ones{.shape = in[0].shape};
                     ones.values.assign(in[0].values.size(), 1);
                     return std::vector{ones};
                   }});
  // sparse_retain_test.cc has what it does.
  cases.push_back({.op = "_sparse_retain",
                   .inputs = {{.shape = {3, 2}}, {.shape = {2}}},
                   .run = false});
  return cases;
}

}  // namespace minnow
