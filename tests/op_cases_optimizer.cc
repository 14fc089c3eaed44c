// Rows of the operators that update weights.
#include <algorithm>
#include <cmath>
#include <utility>

#include "minnow/ops/deferred.h"
#include "minnow/ops/ensure_rows.h"
#include "minnow/ops/sgd.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

// As float attributes are, before they are widened.
double Clip(double g, float rescale, float clip) {
  g *= rescale;
  return clip > 0 ? std::min<double>(std::max<double>(g, -clip), clip) : g;
}

OpCase SgdCase(const char* label, SgdUpdateAttrs a) {
  return {.op = "sgd_update",
          .label = label,
          .attrs = a,
          .inputs = {{.shape = {3, 4}}, {.shape = {3, 4}}},
          .formula = Elementwise([a](double w, double g) {
            return (1.0 - double{a.lr} * a.wd) * w -
                   double{a.lr} * Clip(g, a.rescale_grad, a.clip_gradient);
          }),
          .magnitude = 4,
          .elementwise = true};
}

OpCase SgdMomCase(const char* label, SgdMomUpdateAttrs a) {
  return {.op = "sgd_mom_update",
          .label = label,
          .attrs = a,
          .inputs = {{.shape = {3, 4}}, {.shape = {3, 4}}, {.shape = {3, 4}}},
          .formula =
              [a](absl::Span<const TestArray> in) {
                TestArray out{.shape = in[0].shape};
                TestArray mom{.shape = in[0].shape};
                for (size_t i = 0; i < in[0].values.size(); ++i) {
                  const double w = in[0].values[i];
                  const double g =
                      Clip(in[1].values[i], a.rescale_grad, a.clip_gradient);
                  mom.values.push_back(double{a.momentum} * in[2].values[i] -
                                       double{a.lr} * a.wd * w -
                                       double{a.lr} * g);
                  out.values.push_back(w + mom.values.back());
                }
                return std::vector{out, mom};
              },
          .magnitude = 4,
          .elementwise = true};
}

// All rows of a dense weight are there.
OpCase EnsureRowsCase() {
  return {.op = "_ensure_rows",
          .attrs = EnsureRowsAttrs{.init = Initializer::One(),
                                   .variable = std::string("w")},
          .inputs = {{.shape = {3, 4}},
                     {.shape = {5},
                      .values = {2, 0, 1, 2, 1},
                      .differentiable = false}},
          .formula = [](absl::Span<const TestArray> in) {
            return std::vector{in[0]};
          }};
}

// Rows that have missed nothing; deferred_test.cc has the others.
std::vector<OpCase> DeferredCases() {
  const TestInput weight = {.shape = {3, 4}, .differentiable = false};
  const TestInput last = {.shape = {3}, .values = {1}, .differentiable = false};
  const TestInput history = {.shape = {257, 4}, .differentiable = false};
  const TestInput step = {.shape = {1}, .values = {1}, .differentiable = false};
  const TestInput ids = {
      .shape = {2, 2}, .values = {2, 0, 1, 2}, .differentiable = false};
  return {
      {.op = "deferred_rows",
       .inputs = {weight, weight, last, history, step, ids},
       .formula =
           [](absl::Span<const TestArray> in) {
             TestArray out{.shape = {2, 2, 4}};
             for (double id : in[5].values) {
               const auto row = in[0].values.begin() + 4 * int64_t(id);
               out.values.insert(out.values.end(), row, row + 4);
             }
             return std::vector{out};
           }},
      // Row_sparse alone.
      {.op = "_backward_deferred_rows",
       .inputs = {{.shape = {2, 2, 4}}, ids, weight},
       .run = false},
      {.op = "deferred_flush",
       .inputs = {weight, weight, last, history, step},
       .formula =
           [](absl::Span<const TestArray> in) {
             return std::vector{in[0], in[1], in[2]};
           }},
      {.op = "deferred_sgd_mom_update",
       .attrs = DeferredSgdMomUpdateAttrs{.lr = 0.5f},
       .inputs = {weight, weight, weight, last, history, step},
       .run = false},
  };
}

}  // namespace

std::vector<OpCase> OptimizerOpCases() {
  std::vector<OpCase> cases = {
      SgdCase("plain", {.lr = 0.5f}),
      SgdCase(
          "all",
          {.lr = 0.5f, .wd = 0.25f, .rescale_grad = 2, .clip_gradient = 1.5f}),
      SgdCase("clip 0 is off", {.lr = 0.5f, .clip_gradient = 0}),
      SgdMomCase("plain", {.lr = 0.5f}),
      SgdMomCase("all", {.lr = 0.5f,
                         .momentum = 0.75f,
                         .wd = 0.25f,
                         .rescale_grad = 2,
                         .clip_gradient = 1.5f}),
      SgdMomCase("clip 0 is off",
                 {.lr = 0.5f, .momentum = 0.75f, .clip_gradient = 0}),
      EnsureRowsCase(),
  };
  for (OpCase& c : DeferredCases()) cases.push_back(std::move(c));
  return cases;
}

}  // namespace minnow
