// Rows of batch_dot.
#include <utility>

#include "minnow/ops/dot.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

OpCase BatchDotCase(const char* label, DotAttrs a, Shape lhs, Shape rhs) {
  const auto formula = [a](absl::Span<const TestArray> in) {
    const Shape &x = in[0].shape, &y = in[1].shape;
    const size_t rank = x.rank();
    const int64_t m = x[rank - (a.transpose_a ? 1 : 2)];
    const int64_t k = x[rank - (a.transpose_a ? 2 : 1)];
    const int64_t n = y[rank - (a.transpose_b ? 2 : 1)];
    TestArray out{.shape = x};
    out.shape.set(rank - 2, m);
    out.shape.set(rank - 1, n);
    for (int64_t b = 0; b < x.num_elements(0, rank - 2); ++b) {
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          double sum = 0;
          for (int64_t l = 0; l < k; ++l) {
            sum += in[0].values[b * m * k +
                                (a.transpose_a ? l * m + i : i * k + l)] *
                   in[1].values[b * k * n +
                                (a.transpose_b ? j * k + l : l * n + j)];
          }
          out.values.push_back(sum);
        }
      }
    }
    return std::vector{std::move(out)};
  };
  const double terms = static_cast<double>(lhs.num_elements());
  return {.op = "batch_dot",
          .label = label,
          .attrs = a,
          .inputs = {{.shape = std::move(lhs)}, {.shape = std::move(rhs)}},
          .formula = formula,
          .magnitude = terms};
}

}  // namespace

std::vector<OpCase> ProductOpCases() {
  std::vector<OpCase> cases = {
      BatchDotCase("plain", {}, {3, 2, 4}, {3, 4, 5}),
      BatchDotCase("a transposed", {.transpose_a = true}, {2, 4, 3}, {2, 4, 1}),
      BatchDotCase("b transposed", {.transpose_b = true}, {3, 2, 4}, {3, 5, 4}),
      BatchDotCase("both", {.transpose_a = true, .transpose_b = true},
                   {2, 4, 3}, {2, 5, 4}),
      BatchDotCase("four axes", {}, {2, 3, 1, 4}, {2, 3, 4, 2}),
      BatchDotCase("no batch", {}, {0, 2, 4}, {0, 4, 5}),
      BatchDotCase("empty sums", {}, {2, 3, 0}, {2, 0, 2}),
      BatchDotCase("wide", {}, {2, 3, 4}, {2, 4, 67}),
  };
  cases[0].large = {{600, 12, 10}, {600, 10, 40}};
  cases[3].large = {{3, 70, 90}, {3, 80, 70}};
  return cases;
}

}  // namespace minnow
