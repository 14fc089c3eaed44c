// Rows of the operators that take indices.
#include <algorithm>
#include <string>
#include <utility>

#include "minnow/ops/gather_nd.h"
#include "minnow/ops/one_hot.h"
#include "minnow/ops/where.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

size_t Size(const Shape& shape, size_t begin) {
  return static_cast<size_t>(shape.num_elements(begin, shape.rank()));
}

// The first element of the block of `array` that tuple `n` of the indices
// names.
size_t BlockAt(const Shape& array, const TestArray& indices, size_t n) {
  const size_t num_tuples = Size(indices.shape, 1);
  size_t block = 0;
  const auto num_axes = static_cast<size_t>(indices.shape[0]);
  for (size_t axis = 0; axis < num_axes; ++axis) {
    double index = indices.values[axis * num_tuples + n];
    if (index < 0) index += static_cast<double>(array[axis]);
    block =
        block * static_cast<size_t>(array[axis]) + static_cast<size_t>(index);
  }
  return block * Size(array, num_axes);
}

// Calls f(i, j) for the elements i of the array and j of the blocks.
template <typename F>
void ForBlocks(const Shape& array, const TestArray& indices, const F& f) {
  const size_t size = Size(array, static_cast<size_t>(indices.shape[0]));
  for (size_t n = 0; n < Size(indices.shape, 1); ++n) {
    for (size_t i = 0; i < size; ++i) {
      f(BlockAt(array, indices, n) + i, n * size + i);
    }
  }
}

std::vector<TestArray> Gather(absl::Span<const TestArray> in) {
  TestArray out;
  ForBlocks(in[0].shape, in[1],
            [&](size_t i, size_t) { out.values.push_back(in[0].values[i]); });
  return {out};
}

// Of the shape, with what `put` does to an element.
template <typename F>
std::vector<TestArray> Scatter(const Shape& shape,
                               absl::Span<const TestArray> in, const F& put) {
  TestArray out{.shape = shape, .values = std::vector<double>(Size(shape, 0))};
  ForBlocks(shape, in[1],
            [&](size_t i, size_t j) { put(out.values[i], in[0].values[j]); });
  return {out};
}

OpCase GatherCase(const char* label, Shape data, Shape indices,
                  std::vector<double> values) {
  return {.op = "gather_nd",
          .label = label,
          .inputs = {{.shape = std::move(data)},
                     {.shape = std::move(indices),
                      .values = std::move(values),
                      .differentiable = false}},
          .formula = Gather};
}

OpCase ScatterCase(const char* label, std::vector<int64_t> shape, Shape data,
                   Shape indices, std::vector<double> values) {
  const Shape out((absl::MakeConstSpan(shape)));
  return {.op = "scatter_nd",
          .label = label,
          .attrs = ScatterNdAttrs{.shape = std::move(shape)},
          .inputs = {{.shape = std::move(data)},
                     {.shape = std::move(indices),
                      .values = std::move(values),
                      .differentiable = false}},
          .formula =
              [out](absl::Span<const TestArray> in) {
                return Scatter(out, in, [](double& x, double y) { x = y; });
              },
          // All tuples count for the gradient, as in MXNet.
          .gradient =
              [](absl::Span<const TestArray> in,
                 absl::Span<const TestArray> heads) {
                std::vector<TestArray> grads = {in[0], in[1]};
                grads[0] = Gather(std::vector{heads[0], in[1]})[0];
                return grads;
              }};
}

OpCase GatherBackwardCase(Shape shape) {
  OpCase c = {
      .op = "_backward_gather_nd",
      .label = shape.known_rank() ? "shape" : "like",
      .attrs = BackwardGatherNdAttrs{.shape = shape},
      .inputs = {{.shape = {5, 2}},
                 {.shape = {1, 5},
                  .values = {0, 2, 0, 1, 2},
                  .differentiable = false}},
      .formula =
          [](absl::Span<const TestArray> in) {
            const Shape out = in.size() == 3 ? in[2].shape : Shape{4, 2};
            return Scatter(out, in, [](double& x, double y) { x += y; });
          },
      .magnitude = 1000};
  if (!shape.known_rank()) {
    c.inputs.push_back({.shape = {4, 2}, .differentiable = false});
    c.large = {{30001, 2}, {1, 30001}, {4, 2}};
  }
  return c;
}

OpCase OneHotCase(DType dtype) {
  const OneHotAttrs attrs = {
      .depth = 3, .on_value = 7, .off_value = -1, .dtype = dtype};
  return {.op = "one_hot",
          .label = std::string(DTypeName(dtype)),
          .attrs = attrs,
          .inputs = {{.shape = {2, 3},
                      .values = {0, 2, 1, 2, 3, 9},
                      .differentiable = false}},
          .formula =
              [dtype](absl::Span<const TestArray> in) {
                TestArray out;
                // As the type has them.
                const double off = dtype == DType::kUInt8  ? 0
                                   : dtype == DType::kBool ? 1
                                                           : -1;
                const double on = dtype == DType::kBool ? 1 : 7;
                for (double index : in[0].values) {
                  for (double j : {0, 1, 2}) {
                    out.values.push_back(index == j ? on : off);
                  }
                }
                return std::vector{out};
              },
          .large = {{30000}}};
}

OpCase WhereCase(const char* label, Shape condition, Shape shape) {
  return {.op = "where",
          .label = label,
          .inputs = {{.shape = std::move(condition),
                      .values = {0, 1, 1, 0, 0},
                      .differentiable = false},
                     {.shape = shape},
                     {.shape = shape}},
          .formula = [](absl::Span<const TestArray> in) {
            TestArray out = in[1];
            const size_t row =
                in[1].values.size() / std::max<size_t>(1, in[0].values.size());
            for (size_t i = 0; i < out.values.size(); ++i) {
              if (in[0].values[i / row] == 0) out.values[i] = in[2].values[i];
            }
            return std::vector{out};
          }};
}

}  // namespace

std::vector<OpCase> IndexingOpCases() {
  OpCase large = GatherCase("many", {3, 2}, {2, 3}, {1, 0, 1, 0, 0, 1, 1});
  large.large = {{3, 2}, {2, 30000}};
  OpCase large_scatter =
      ScatterCase("many", {3, 2}, {3}, {2, 3}, {1, 0, 1, 0, 0, 1, 1});
  large_scatter.large = {{30000}, {2, 30000}};
  OpCase where = WhereCase("elements", {3, 4}, {3, 4});
  where.elementwise = true;
  OpCase where_rows = WhereCase("rows", {3}, {3, 4});
  where_rows.large = {{9001}, {9001, 9}, {9001, 9}};
  std::vector<OpCase> cases = {
      where,
      where_rows,
      WhereCase("scalar", Shape::Scalar(), Shape::Scalar()),
      WhereCase("nothing", {3}, {3, 0}),
      large,
      large_scatter,
      GatherCase("elements", {3, 4}, {2, 3}, {0, 2, 2, 3, 0, 1}),
      GatherCase("rows", {3, 4}, {1, 2, 2}, {2, 0, 0, 2}),
      GatherCase("blocks", {2, 3, 2, 2}, {2, 3}, {1, 0, 1, 2, 2, 2}),
      GatherCase("nothing", {3, 4}, {1, 0}, {}),
      GatherCase("no axis", {3, 4}, {0, 2}, {}),
      ScatterCase("elements", {3, 4}, {3}, {2, 3}, {0, 2, 1, 3, 0, 1}),
      ScatterCase("rows", {3, 4}, {2, 4}, {1, 2}, {2, 0}),
      ScatterCase("blocks", {2, 3, 2, 2}, {3, 2, 2}, {2, 3},
                  {1, 0, 1, 2, 2, 0}),
      ScatterCase("nothing", {3, 4}, {0, 4}, {1, 0}, {}),
      GatherBackwardCase({4, 2}),
      GatherBackwardCase({}),
  };
  for (DType dtype : kAllDTypes) cases.push_back(OneHotCase(dtype));
  return cases;
}

}  // namespace minnow
