// Rows of dot and FullyConnected.
#include <string>
#include <utility>

#include "minnow/ops/dot.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/tests/op_movement.h"

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

}  // namespace

std::vector<OpCase> DotOpCases() {
  std::vector<OpCase> cases;
  AppendProducts(cases);
  return cases;
}

}  // namespace minnow
