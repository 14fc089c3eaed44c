// Rows of the operators that work on whole axes: products, reductions,
// softmax and pick.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "minnow/ops/linalg.h"
#include "minnow/ops/pick.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/softmax_output.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

// An array as a matrix: its first `split` axes, and the others.
struct Matrix {
  const TestArray& x;
  size_t split;
  bool transposed = false;

  int64_t rows() const {
    return transposed ? Right() : x.shape.num_elements(0, split);
  }
  int64_t cols() const {
    return transposed ? x.shape.num_elements(0, split) : Right();
  }
  double operator()(int64_t i, int64_t j) const {
    return x.values[transposed ? j * Right() + i : i * Right() + j];
  }
  int64_t Right() const { return x.shape.num_elements(split, x.shape.rank()); }
};

Matrix Transposed(Matrix m) { return {m.x, m.split, !m.transposed}; }

std::vector<TestArray> Product(const Matrix& a, const Matrix& b, Shape shape) {
  TestArray out{.shape = std::move(shape)};
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < b.cols(); ++j) {
      double sum = 0;
      for (int64_t k = 0; k < a.cols(); ++k) sum += a(i, k) * b(k, j);
      out.values.push_back(sum);
    }
  }
  return {out};
}

// dot ------------------------------------------------------------------------

Matrix Lhs(const DotAttrs& a, const TestArray& x) {
  return {x, a.transpose_a ? 1 : x.shape.rank() - 1, a.transpose_a};
}

Matrix Rhs(const DotAttrs& a, const TestArray& x) {
  return {x, a.transpose_b ? x.shape.rank() - 1 : 1, a.transpose_b};
}

// The gradients of the factors are products of the head with the other one. The
// head's own rank is that of the product, so it is split where lhs ends.
size_t HeadSplit(const TestArray& lhs) { return lhs.shape.rank() - 1; }

std::vector<TestArray> GradOfLhs(const DotAttrs& a, const TestArray& head,
                                 const TestArray& lhs, const TestArray& rhs) {
  const Matrix h = {head, HeadSplit(lhs)};
  const Matrix r = Rhs(a, rhs);
  return a.transpose_a ? Product(r, Transposed(h), lhs.shape)
                       : Product(h, Transposed(r), lhs.shape);
}

std::vector<TestArray> GradOfRhs(const DotAttrs& a, const TestArray& head,
                                 const TestArray& lhs, const TestArray& rhs) {
  const Matrix h = {head, HeadSplit(lhs)};
  const Matrix l = Lhs(a, lhs);
  return a.transpose_b ? Product(Transposed(h), l, rhs.shape)
                       : Product(Transposed(l), h, rhs.shape);
}

// dot and its two gradients, for factors and a product of these shapes.
std::vector<OpCase> DotCases(const char* label, DotAttrs a, Shape lhs,
                             Shape rhs, Shape out, std::vector<Shape> large) {
  // Of the terms of a sum.
  const double terms = large.empty() ? 12 : 200;
  const auto swap = [](std::vector<Shape> shapes, size_t i, size_t j) {
    if (!shapes.empty()) std::swap(shapes[i], shapes[j]);
    return shapes;
  };
  std::vector<Shape> factors = large;
  if (!factors.empty()) factors.pop_back();
  // `large` is (lhs, rhs, head).
  const std::vector<Shape> for_lhs = swap(large, 0, 2);
  const std::vector<Shape> for_rhs = swap(swap(large, 0, 2), 1, 2);
  return {
      {.op = "dot",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = lhs}, {.shape = rhs}},
       .formula =
           [=](Inputs in) {
             return Product(Lhs(a, in[0]), Rhs(a, in[1]),
                            in[0].shape == lhs ? out : Shape());
           },
       .magnitude = terms,
       .large = factors},
      {.op = "_backward_dot_lhs",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = out}, {.shape = rhs}, {.shape = lhs}},
       .formula = [=](Inputs in) { return GradOfLhs(a, in[0], in[2], in[1]); },
       .magnitude = terms,
       .large = for_lhs},
      {.op = "_backward_dot_rhs",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = out}, {.shape = lhs}, {.shape = rhs}},
       .formula = [=](Inputs in) { return GradOfRhs(a, in[0], in[1], in[2]); },
       .magnitude = terms,
       .large = for_rhs}};
}

// FullyConnected -------------------------------------------------------------

Matrix Rows(const FullyConnectedAttrs& a, const TestArray& data) {
  return {data, a.flatten ? 1 : data.shape.rank() - 1};
}

OpCase FullyConnectedCase(const char* label, FullyConnectedAttrs a, Shape data,
                          Shape weight, std::vector<Shape> large = {}) {
  OpCase c = {
      .op = "FullyConnected",
      .label = label,
      .attrs = a,
      .inputs = {{.shape = data}, {.shape = weight}},
      .formula =
          [a](Inputs in) {
            auto out =
                Product(Rows(a, in[0]), Transposed(Matrix{in[1], 1}), Shape());
            for (size_t i = 0; !a.no_bias && i < out[0].values.size(); ++i) {
              out[0].values[i] += in[2].values[i % in[2].values.size()];
            }
            return out;
          },
      .magnitude = 20,
      .large = std::move(large)};
  if (!a.no_bias) c.inputs.push_back({.shape = {a.num_hidden}});
  return c;
}

std::vector<OpCase> FullyConnectedGradients(const char* label,
                                            FullyConnectedAttrs a, Shape data,
                                            Shape weight, Shape head) {
  return {{.op = "_backward_FullyConnected_data",
           .label = label,
           .attrs = a,
           .inputs = {{.shape = head}, {.shape = weight}, {.shape = data}},
           .formula =
               [a](Inputs in) {
                 return Product(Rows(a, in[0]), {in[1], 1}, in[2].shape);
               },
           .magnitude = 20},
          {.op = "_backward_FullyConnected_weight",
           .label = label,
           .attrs = a,
           .inputs = {{.shape = head}, {.shape = data}, {.shape = weight}},
           .formula =
               [a](Inputs in) {
                 return Product(Transposed(Rows(a, in[0])), Rows(a, in[1]),
                                in[2].shape);
               },
           .magnitude = 20}};
}

// Reductions -----------------------------------------------------------------

// The place in the result of element `i` of an array of this shape; `reduced`
// says for each axis whether it is reduced.
int64_t ReducedIndex(int64_t i, const Shape& shape,
                     const std::vector<bool>& reduced) {
  int64_t index = 0, stride = 1;
  for (size_t axis = shape.rank(); axis-- > 0;) {
    if (!reduced[axis]) {
      index += i % shape[axis] * stride;
      stride *= shape[axis];
    }
    i /= shape[axis];
  }
  return index;
}

int64_t CountKept(const Shape& shape, const std::vector<bool>& reduced) {
  int64_t kept = 1;
  for (size_t i = 0; i < shape.rank(); ++i) kept *= reduced[i] ? 1 : shape[i];
  return kept;
}

// `op` and its gradient, with the result's shape and the reduced axes spelt
// out.
std::vector<OpCase> ReduceCases(const std::string& op, const char* label,
                                ReduceAttrs a, Shape shape, Shape result,
                                std::vector<bool> reduced,
                                std::vector<Shape> large = {}) {
  const bool mean = op == "mean";
  const auto divisor = [=](const Shape& data) {
    const double kept = static_cast<double>(CountKept(data, reduced));
    return mean ? static_cast<double>(data.num_elements()) / kept : 1.0;
  };
  OpCase forward = {
      .op = op,
      .label = label,
      .attrs = a,
      .inputs = {{.shape = shape}},
      .formula =
          [=](Inputs in) {
            TestArray out{.shape = in[0].shape == shape ? result : Shape()};
            out.values.resize(CountKept(in[0].shape, reduced));
            for (size_t i = 0; i < in[0].values.size(); ++i) {
              out.values[ReducedIndex(static_cast<int64_t>(i), in[0].shape,
                                      reduced)] += in[0].values[i];
            }
            for (double& x : out.values) x /= divisor(in[0].shape);
            return std::vector{out};
          },
      // Of the terms of a sum; the naive one rounds worst.
      .magnitude = large.empty() || mean
                       ? 8
                       : static_cast<double>(large[0].num_elements() /
                                             CountKept(large[0], reduced)),
      .large = large};
  OpCase backward = {
      .op = "_backward_" + op,
      .label = label,
      .attrs = a,
      .inputs = {{.shape = result}, {.shape = shape}},
      .formula = [=](Inputs in) {
        TestArray out{.shape = in[1].shape};
        for (int64_t i = 0; i < in[1].shape.num_elements(); ++i) {
          out.values.push_back(
              in[0].values[ReducedIndex(i, in[1].shape, reduced)] /
              divisor(in[1].shape));
        }
        return std::vector{out};
      }};
  if (!large.empty()) {
    backward.large = {{CountKept(large[0], reduced)}, large[0]};
    if (CountKept(large[0], reduced) != 1 && large[0].rank() > 2) {
      backward.large.clear();  // The head has more axes than one.
    }
  }
  return {forward, backward};
}

// Lines along an axis --------------------------------------------------------

// Calls f with the places of the elements of each line.
template <typename F>
void ForEachLine(const Shape& shape, size_t axis, const F& f) {
  const int64_t inner = shape.num_elements(axis + 1, shape.rank());
  for (int64_t l = 0; l < shape.num_elements(0, axis) * inner; ++l) {
    std::vector<int64_t> line;
    for (int64_t i = 0; i < shape[axis]; ++i) {
      line.push_back((l / inner * shape[axis] + i) * inner + l % inner);
    }
    f(l, line);
  }
}

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

// pick -----------------------------------------------------------------------

size_t Picked(const PickAttrs& a, double index, size_t size) {
  const auto n = static_cast<int64_t>(size);
  const auto i = static_cast<int64_t>(index);
  return static_cast<size_t>(a.mode == PickMode::kClip
                                 ? std::clamp<int64_t>(i, 0, n - 1)
                                 : (i % n + n) % n);
}

std::vector<OpCase> PickCases(const char* label, PickAttrs a, Shape data,
                              Shape index, Shape out, size_t axis,
                              std::vector<Shape> large = {}) {
  // Also out of range; no negative ones, which uint8 lacks.
  const TestInput indices = {
      .shape = index, .values = {1, 0, 5, 2, 4, 3}, .differentiable = false};
  std::vector<Shape> large_backward;
  if (!large.empty()) large_backward = {large[1], large[1], large[0]};
  return {
      {.op = "pick",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = data}, indices},
       .formula =
           [=](Inputs in) {
             TestArray picked{.shape = in[0].shape == data ? out : Shape()};
             ForEachLine(in[0].shape, axis, [&](int64_t l, const auto& line) {
               picked.values.push_back(
                   in[0].values[line[Picked(a, in[1].values[l], line.size())]]);
             });
             return std::vector{picked};
           },
       .large = large},
      {.op = "_backward_pick",
       .label = label,
       .attrs = a,
       .inputs = {{.shape = out}, indices, {.shape = data}},
       .formula =
           [=](Inputs in) {
             TestArray grad{.shape = in[2].shape};
             grad.values.assign(in[2].values.size(), 0.0);
             ForEachLine(in[2].shape, axis, [&](int64_t l, const auto& line) {
               grad.values[line[Picked(a, in[1].values[l], line.size())]] =
                   in[0].values[l];
             });
             return std::vector{grad};
           },
       .large = large_backward}};
}

void Append(std::vector<OpCase> more, std::vector<OpCase>& cases) {
  for (OpCase& c : more) cases.push_back(std::move(c));
}

void AppendProducts(std::vector<OpCase>& cases) {
  const std::vector<Shape> large = {{70, 90}, {90, 130}, {70, 130}};
  const std::vector<Shape> large_ta = {{90, 70}, {90, 130}, {70, 130}};
  const std::vector<Shape> large_tb = {{70, 90}, {130, 90}, {70, 130}};
  Append(DotCases("", {}, {3, 4}, {4, 5}, {3, 5}, large), cases);
  Append(DotCases("lhs transposed", {.transpose_a = true}, {4, 3}, {4, 5},
                  {3, 5}, large_ta),
         cases);
  Append(DotCases("rhs transposed", {.transpose_b = true}, {3, 4}, {5, 4},
                  {3, 5}, large_tb),
         cases);
  Append(DotCases("both transposed", {.transpose_a = true, .transpose_b = true},
                  {4, 3}, {5, 4}, {3, 5}, {}),
         cases);
  Append(DotCases("more axes", {}, {2, 3, 4}, {4, 3, 2}, {2, 3, 3, 2}, {}),
         cases);
  Append(DotCases("more axes, transposed",
                  {.transpose_a = true, .transpose_b = true}, {4, 2, 3},
                  {3, 2, 4}, {2, 3, 3, 2}, {}),
         cases);
  Append(DotCases("vectors", {}, {5}, {5}, {1}, {}), cases);
  Append(DotCases("matrix and vector", {}, {3, 5}, {5}, {3}, {}), cases);
  Append(DotCases("no element", {}, {3, 0}, {0, 2}, {3, 2}, {}), cases);

  cases.push_back(FullyConnectedCase("", {.num_hidden = 4}, {3, 5}, {4, 5},
                                     {{70, 90}, {4, 90}, {4}}));
  cases.push_back(
      FullyConnectedCase("flattens", {.num_hidden = 4}, {2, 3, 2}, {4, 6}));
  cases.push_back(FullyConnectedCase(
      "last axis", {.num_hidden = 4, .flatten = false}, {2, 3, 5}, {4, 5}));
  cases.push_back(FullyConnectedCase(
      "no bias", {.num_hidden = 4, .no_bias = true}, {3, 5}, {4, 5}));
  Append(
      FullyConnectedGradients("", {.num_hidden = 4}, {2, 3, 2}, {4, 6}, {2, 4}),
      cases);
  Append(
      FullyConnectedGradients("last axis", {.num_hidden = 4, .flatten = false},
                              {2, 3, 5}, {4, 5}, {2, 3, 4}),
      cases);
}

void AppendReductions(std::vector<OpCase>& cases) {
  const auto axes = [](std::vector<int64_t> a) { return a; };
  for (const char* op : {"sum", "mean"}) {
    Append(ReduceCases(op, "all", {}, {3, 4}, {1}, {true, true}, {{300, 401}}),
           cases);
    Append(ReduceCases(op, "all, kept", {.keepdims = true}, {3, 4}, {1, 1},
                       {true, true}),
           cases);
    Append(ReduceCases(op, "rows", {.axis = axes({1})}, {3, 70}, {3},
                       {false, true}, {{300, 401}}),
           cases);
    Append(ReduceCases(op, "columns", {.axis = axes({0})}, {5, 3}, {3},
                       {true, false}, {{200, 1100}}),
           cases);
    Append(ReduceCases(op, "both ends", {.axis = axes({0, -1})}, {2, 3, 4}, {3},
                       {true, false, true}, {{60, 20, 70}}),
           cases);
    Append(ReduceCases(op, "middle, kept",
                       {.axis = axes({1}), .keepdims = true}, {2, 3, 4},
                       {2, 1, 4}, {false, true, false}, {{10, 300, 60}}),
           cases);
    Append(ReduceCases(op, "all but one", {.axis = axes({1}), .exclude = true},
                       {2, 3, 4}, {3}, {true, false, true}),
           cases);
    Append(ReduceCases(op, "nothing", {.axis = axes({0, 1}), .exclude = true},
                       {2, 3}, {2, 3}, {false, false}),
           cases);
    Append(ReduceCases(op, "scalar", {}, Shape::Scalar(), {1}, {}), cases);
  }
  Append(ReduceCases("sum", "no element", {.axis = axes({1})}, {3, 0}, {3},
                     {false, true}),
         cases);
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

void AppendPick(std::vector<OpCase>& cases) {
  const std::vector<Shape> large = {{20000, 3}, {20000}};
  Append(PickCases("", {}, {3, 4}, {3}, {3}, 1, large), cases);
  Append(PickCases("wrap", {.axis = 0, .mode = PickMode::kWrap}, {3, 4}, {4},
                   {4}, 0),
         cases);
  Append(PickCases("kept", {.axis = 1, .keepdims = true}, {2, 3, 4}, {2, 4},
                   {2, 1, 4}, 1),
         cases);
  Append(PickCases("index with axis", {.axis = 1}, {2, 3, 4}, {2, 1, 4}, {2, 4},
                   1),
         cases);
  Append(PickCases("vector", {}, {4}, {1}, {1}, 0), cases);
}

}  // namespace

std::vector<OpCase> NnOpCases() {
  std::vector<OpCase> cases;
  AppendProducts(cases);
  AppendReductions(cases);
  AppendSoftmax(cases);
  AppendSoftmaxOutput(cases);
  AppendPick(cases);
  return cases;
}

}  // namespace minnow
