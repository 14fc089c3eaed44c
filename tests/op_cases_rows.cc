// Rows of the operators that take rows by number: take, batch_take, Embedding.
#include <algorithm>
#include <utility>

#include "minnow/core/shape.h"
#include "minnow/ops/embedding.h"
#include "minnow/ops/take.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

int64_t RowOf(TakeMode mode, double id, int64_t n) {
  const auto i = static_cast<int64_t>(id);
  return mode == TakeMode::kWrap ? (i % n + n) % n
                                 : std::clamp<int64_t>(i, 0, n - 1);
}

// Calls f(element of `a`, element of the output) for each one that is taken.
template <typename F>
void ForEachTaken(const Shape& a, const TestArray& indices, TakeMode mode,
                  size_t axis, const F& f) {
  const int64_t inner = a.num_elements(axis + 1, a.rank());
  int64_t to = 0;
  for (int64_t outer = 0; outer < a.num_elements(0, axis); ++outer) {
    for (double id : indices.values) {
      const int64_t row = RowOf(mode, id, a[axis]);
      for (int64_t k = 0; k < inner; ++k) {
        f((outer * a[axis] + row) * inner + k, to++);
      }
    }
  }
}

Shape TakenShape(const Shape& a, const Shape& indices, size_t axis) {
  Shape out = Shape::Scalar();
  for (size_t i = 0; i < axis; ++i) out.push_back(a[i]);
  for (size_t i = 0; i < indices.rank(); ++i) out.push_back(indices[i]);
  for (size_t i = axis + 1; i < a.rank(); ++i) out.push_back(a[i]);
  return out;
}

// Also out of range, and fractions; no negative ones, which uint8 lacks.
TestInput Indices(const Shape& shape) {
  return {.shape = shape,
          .values = {1, 0, 5, 2.75, 4, 3, 2},
          .differentiable = false};
}

// `op` and its gradient; the inputs of the one are (a, indices), swapped or
// not, those of the other (head, indices) and perhaps a.
std::vector<OpCase> TakeCases(const char* label, const TakeAttrs& attrs,
                              const Shape& a, const Shape& indices, size_t axis,
                              std::vector<Shape> large = {}) {
  const Shape out = TakenShape(a, indices, axis);
  std::vector<Shape> large_backward;
  if (!large.empty()) {
    large_backward = {TakenShape(large[0], large[1], axis), large[1], large[0]};
  }
  return {{.op = "take",
           .label = label,
           .attrs = attrs,
           .inputs = {{.shape = a}, Indices(indices)},
           .formula =
               [=](Inputs in) {
                 TestArray taken{
                     .shape = TakenShape(in[0].shape, in[1].shape, axis)};
                 ForEachTaken(in[0].shape, in[1], attrs.mode, axis,
                              [&](int64_t from, int64_t) {
                                taken.values.push_back(in[0].values[from]);
                              });
                 return std::vector{taken};
               },
           .large = std::move(large)},
          {.op = "_backward_take",
           .label = label,
           .attrs = attrs,
           .inputs = {{.shape = out}, Indices(indices), {.shape = a}},
           .formula =
               [=](Inputs in) {
                 TestArray grad{.shape = in[2].shape};
                 grad.values.assign(in[2].values.size(), 0.0);
                 ForEachTaken(in[2].shape, in[1], attrs.mode, axis,
                              [&](int64_t to, int64_t from) {
                                grad.values[to] += in[0].values[from];
                              });
                 return std::vector{grad};
               },
           .tolerance = 64,
           .magnitude = 32,
           .large = std::move(large_backward)}};
}

std::vector<OpCase> EmbeddingCases() {
  constexpr int64_t kRows = 4, kColumns = 3;
  const EmbeddingAttrs attrs = {.input_dim = kRows, .output_dim = kColumns};
  const Shape table = {kRows, kColumns};
  const Shape many = {9000};
  const auto forward = [=](Inputs in) {
    TestArray out;
    for (double id : in[0].values) {
      const auto row =
          in[1].values.begin() + RowOf(TakeMode::kClip, id, kRows) * kColumns;
      out.values.insert(out.values.end(), row, row + kColumns);
    }
    return std::vector{out};
  };
  const auto backward = [=](Inputs in) {
    TestArray grad{.shape = table};
    grad.values.assign(kRows * kColumns, 0.0);
    ForEachTaken(table, in[1], TakeMode::kClip, 0,
                 [&](int64_t to, int64_t from) {
                   grad.values[to] += in[0].values[from];
                 });
    return std::vector{grad};
  };
  // Its gradient is row_sparse, and so refuses ids that are out of range.
  const TestInput in_range = {
      .shape = {2, 3}, .values = {1, 3, 3, 0}, .differentiable = false};
  return {{.op = "Embedding",
           .attrs = attrs,
           .inputs = {Indices({2, 3}), {.shape = table}},
           .formula = forward,
           .large = {many, table}},
          {.op = "Embedding",
           .label = "row_sparse gradient",
           .attrs = EmbeddingAttrs{.input_dim = kRows,
                                   .output_dim = kColumns,
                                   .sparse_grad = true},
           .inputs = {in_range, {.shape = table}},
           .formula = forward},
          {.op = "_contrib_SparseEmbedding",
           .attrs = attrs,
           .inputs = {in_range, {.shape = table}},
           .formula = forward},
          {.op = "_backward_Embedding",
           .attrs = attrs,
           .inputs = {{.shape = {2, 3, kColumns}}, Indices({2, 3})},
           .formula = backward,
           .tolerance = 64,
           .magnitude = 8192,
           .large = {{many[0], kColumns}, many}}};
}

std::vector<OpCase> BatchTakeCases() {
  const auto formula = [](Inputs in) {
    const int64_t size = in[0].shape[in[0].shape.rank() - 1];
    TestArray out{.shape = in[1].shape};
    for (size_t i = 0; i < in[1].values.size(); ++i) {
      out.values.push_back(
          in[0].values[static_cast<int64_t>(i) * size +
                       RowOf(TakeMode::kClip, in[1].values[i], size)]);
    }
    return std::vector{out};
  };
  return {{.op = "batch_take",
           .inputs = {{.shape = {6, 4}}, Indices({6})},
           .formula = formula,
           .large = {{30000, 3}, {30000}}},
          {.op = "batch_take",
           .label = "three dimensions",
           .inputs = {{.shape = {2, 3, 4}}, Indices({2, 3})},
           .formula = formula}};
}

}  // namespace

std::vector<OpCase> RowsOpCases() {
  using enum TakeMode;
  std::vector<OpCase> cases;
  const auto append = [&](std::vector<OpCase> more) {
    for (OpCase& c : more) cases.push_back(std::move(c));
  };
  append(TakeCases("", {}, {5, 3}, {2, 3}, 0, {{50, 7}, {5000}}));
  append(TakeCases("wrap", {.mode = kWrap}, {4, 3}, {6}, 0));
  append(TakeCases("raise", {.mode = kRaise}, {6, 2}, {7}, 0));
  append(TakeCases("inner axis", {.axis = 1}, {2, 4, 3}, {2, 3}, 1,
                   {{30, 9, 5}, {700}}));
  append(
      TakeCases("last axis", {.axis = -1}, {3, 4}, {5}, 1, {{5000, 4}, {10}}));
  append(TakeCases("vector", {}, {4}, {7}, 0));
  append(TakeCases("scalar index", {}, {4, 2}, Shape::Scalar(), 0));
  append(TakeCases("no index", {}, {4, 2}, {0}, 0));
  append(TakeCases("empty rows", {}, {4, 0}, {3}, 0));
  append(BatchTakeCases());
  append(EmbeddingCases());
  return cases;
}

}  // namespace minnow
