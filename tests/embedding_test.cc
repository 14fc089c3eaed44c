// Operators that take rows by number: what the table of operator tests does not
// see. Sparse weights and gradients, sums of these, and bad ids.
#include "minnow/ops/embedding.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/gradient.h"
#include "minnow/ops/add_n.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/init.h"
#include "minnow/ops/take.h"
#include "minnow/tests/arrays.h"

namespace minnow {
namespace {

using ::testing::HasSubstr;

using Arrays = absl::flat_hash_map<std::string, NDArray>;

NDArray Table(const std::vector<int64_t>& rows,
              const std::vector<float>& values, int64_t num_rows = 6) {
  const auto n = static_cast<int64_t>(rows.size());
  const auto columns = static_cast<int64_t>(values.size()) / n;
  return *NDArray::RowSparse({num_rows, columns}, Floats({n, columns}, values),
                             rows);
}

// The first output, without a fallback to dense.
absl::StatusOr<NDArray> RunGraph(GraphBuilder& b, Symbol output,
                                 const Arrays& arrays, bool strict = true) {
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({output}));
  MINNOW_ASSIGN_OR_RETURN(
      Executor executor,
      Executor::Bind(graph, {.variables = arrays, .strict_storage = strict}));
  MINNOW_RETURN_IF_ERROR(executor.Run());
  return executor.Output(0).Copy();
}

EmbeddingAttrs TableAttrs(bool sparse_grad = true) {
  return {.input_dim = 6, .output_dim = 2, .sparse_grad = sparse_grad};
}

absl::StatusOr<NDArray> Embed(const NDArray& ids, const NDArray& weight) {
  GraphBuilder b(BuiltinOps());
  return RunGraph(
      b, op::Embedding(b.Variable("ids"), b.Variable("w"), TableAttrs()),
      {{"ids", ids}, {"w", weight}});
}

// The gradient of the weight where 1, 2, 3, ... flow back.
absl::StatusOr<NDArray> WeightGradient(const NDArray& ids, bool sparse_grad,
                                       const char* op = "Embedding") {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w", {.shape = {6, 2}, .dtype = DType::kFloat32});
  const Symbol out = b.Add(op, {b.Variable("ids"), w}, TableAttrs(sparse_grad));
  const Symbol head = b.Variable("head");
  std::vector<float> values(static_cast<size_t>(2 * ids.num_elements()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = float(i + 1);
  return RunGraph(
      b, Gradient(b, {out}, {head}, {w})[0],
      {{"ids", ids}, {"head", Floats({ids.shape()[0], 2}, values)}});
}

TEST(EmbeddingTest, ReadsTheRowsOfATableAndZerosForTheOthers) {
  const NDArray weight = Table({1, 4}, {1, 2, 3, 4});
  EXPECT_EQ(Embed(Floats({4}, {4, 0, 1, 4}), weight)->ToString(),
            "dense (4,2) float32 [3, 4, 0, 0, 1, 2, 3, 4]");
  const NDArray none =
      *NDArray::Zeros({6, 2}, DType::kFloat32, StorageType::kRowSparse);
  EXPECT_EQ(Embed(Floats({1}, {5}), none)->ToString(),
            "dense (1,2) float32 [0, 0]");
}

TEST(EmbeddingTest, IdsAreCutOffAndClipped) {
  const NDArray weight = Floats({6, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  EXPECT_EQ(Embed(Floats({5}, {-0.5f, -7, 1.9f, 6, 1e30f}), weight)->ToString(),
            "dense (5,2) float32 [0, 1, 0, 1, 2, 3, 10, 11, 10, 11]");
  EXPECT_EQ(
      Embed(*NDArray::FromValues<int8_t>({2}, {-128, 2}), weight)->ToString(),
      "dense (2,2) float32 [0, 1, 4, 5]");
}

TEST(EmbeddingTest, TheGradientHasTheRowsOfTheBatch) {
  const NDArray ids = *NDArray::FromValues<int32_t>({4}, {5, 1, 5, 5});
  EXPECT_EQ(WeightGradient(ids, true)->ToString(),
            "row_sparse (6,2) float32 indices [1, 5] [3, 4, 13, 16]");
  EXPECT_EQ(WeightGradient(ids, false)->ToString(),
            "dense (6,2) float32 [0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 13, 16]");
  EXPECT_EQ(WeightGradient(ids, false, "_contrib_SparseEmbedding")->ToString(),
            "row_sparse (6,2) float32 indices [1, 5] [3, 4, 13, 16]");
  EXPECT_EQ(
      WeightGradient(*NDArray::Zeros({0}, DType::kInt64), true)->ToString(),
      "row_sparse (6,2) float32 indices [] []");
}

TEST(EmbeddingTest, UsesOfOneTableMergeToOneRowSparseGradient) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable(
      "w",
      {.shape = {6, 2}, .dtype = DType::kFloat32, .init = Initializer::Zero()});
  const Symbol x = op::Embedding(b.Variable("i"), w, TableAttrs());
  const Symbol y = op::Embedding(b.Variable("j"), w, TableAttrs());
  EXPECT_EQ(
      RunGraph(b, Gradient(b, {x, y}, {}, {w})[0],
               {{"i", Floats({3}, {4, 0, 4})}, {"j", Floats({2}, {1, 4})}})
          ->ToString(),
      "row_sparse (6,2) float32 indices [0, 1, 4] [1, 1, 1, 1, 3, 3]");
}

TEST(EmbeddingTest, TheTypeOfTheWeightIsItsOwnOrThatOfTheAttribute) {
  GraphBuilder b(BuiltinOps());
  EmbeddingAttrs attrs = TableAttrs();
  attrs.dtype = DType::kFloat64;
  const Symbol w = b.Variable("w", {.init = Initializer::One()});
  const Symbol x = op::Embedding(b.Variable("ids"), w, attrs);
  EXPECT_EQ(RunGraph(b, x, {{"ids", Floats({1}, {0})}})->dtype(),
            DType::kFloat64);
  EXPECT_EQ(Embed(Floats({1}, {0}), *NDArray::Zeros({6, 2}, DType::kFloat16))
                ->dtype(),
            DType::kFloat16);
}

TEST(EmbeddingTest, BadIdsAreErrors) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const NDArray dense = *NDArray::Zeros({6, 2}, DType::kFloat32);
  const NDArray table = Table({1, 4}, {1, 2, 3, 4});
  EXPECT_EQ(Embed(Floats({2}, {0, kNan}), dense).status().message(),
            "node 'Embedding0' (Embedding): data[1]: expected a number, found "
            "nan");
  EXPECT_EQ(Embed(Floats({2}, {0, kNan}), table).status().message(),
            "node 'Embedding0' (Embedding): data[1]: expected a row in [0,6), "
            "found nan");
  EXPECT_THAT(Embed(Floats({2}, {0, 6}), table).status().message(),
              HasSubstr("data[1]: expected a row in [0,6), found 6"));
  EXPECT_THAT(
      Embed(*NDArray::FromValues<int64_t>({1}, {-3}), table).status().message(),
      HasSubstr("data[0]: expected a row in [0,6), found -3"));
  EXPECT_THAT(WeightGradient(Floats({2}, {0, 6}), true).status().message(),
              HasSubstr("data[1]: expected a row in [0,6), found 6"));
  EXPECT_TRUE(WeightGradient(Floats({2}, {0, 6}), false).ok());
  EXPECT_THAT(WeightGradient(Floats({1}, {kNan}), false).status().message(),
              HasSubstr("data[0]: expected a number, found nan"));
}

TEST(EmbeddingTest, BadAttributesAndShapesAreErrors) {
  const auto error = [](int64_t input_dim, int64_t output_dim) {
    GraphBuilder b(BuiltinOps());
    const Symbol x =
        op::Embedding(b.Variable("ids"), b.Variable("w"),
                      {.input_dim = input_dim, .output_dim = output_dim});
    return std::string(
        RunGraph(b, x,
                 {{"ids", Floats({1}, {0})},
                  {"w", *NDArray::Zeros({6, 2}, DType::kFloat32)}})
            .status()
            .message());
  };
  EXPECT_THAT(error(0, 2),
              HasSubstr("attribute 'input_dim': expected 1 or more, found 0"));
  EXPECT_THAT(
      error(6, -2),
      HasSubstr("attribute 'output_dim': expected 1 or more, found -2"));
  EXPECT_THAT(
      error(7, 2),
      HasSubstr("argument 'weight': expected shape (7,2), found (6,2)"));
}

TEST(EmbeddingTest, IdsHaveNoGradient) {
  GraphBuilder b(BuiltinOps());
  const Symbol ids = b.Variable("ids");
  Gradient(b, {op::Embedding(ids, b.Variable("w"), TableAttrs())}, {}, {ids});
  EXPECT_THAT(
      b.status().message(),
      HasSubstr("argument 'data': expected ids, which have no gradient"));
}

absl::StatusOr<NDArray> TakeRows(const NDArray& indices, TakeMode mode) {
  GraphBuilder b(BuiltinOps());
  return RunGraph(b, op::Take(b.Variable("a"), b.Variable("i"), {.mode = mode}),
                  {{"a", Floats({3, 1}, {10, 11, 12})}, {"i", indices}});
}

TEST(TakeTest, NegativeIndicesByMode) {
  const NDArray indices = *NDArray::FromValues<int64_t>({4}, {-1, -4, 2, 7});
  EXPECT_EQ(TakeRows(indices, TakeMode::kClip)->ToString(),
            "dense (4,1) float32 [10, 10, 12, 12]");
  EXPECT_EQ(TakeRows(indices, TakeMode::kWrap)->ToString(),
            "dense (4,1) float32 [12, 12, 12, 11]");
  EXPECT_EQ(TakeRows(indices, TakeMode::kRaise).status().message(),
            "node 'take0' (take): indices[0]: expected a row in [0,3), found "
            "-1");
}

TEST(TakeTest, ANanIsAnErrorInEachMode) {
  const NDArray indices = Floats({2}, {1, std::nanf("")});
  for (TakeMode mode : {TakeMode::kClip, TakeMode::kWrap, TakeMode::kRaise}) {
    EXPECT_THAT(TakeRows(indices, mode).status().message(),
                HasSubstr("indices[1]: expected a"));
  }
  GraphBuilder b(BuiltinOps());
  EXPECT_THAT(RunGraph(b, op::BatchTake(b.Variable("a"), b.Variable("i")),
                       {{"a", Floats({2, 1}, {0, 1})}, {"i", indices}})
                  .status()
                  .message(),
              HasSubstr("indices[1]: expected a number, found nan"));
}

TEST(TakeTest, BadShapesAreErrors) {
  const auto error = [](const Shape& a, const Shape& i, int64_t axis,
                        bool batch) {
    GraphBuilder b(BuiltinOps());
    const Symbol x = b.Variable("a"), y = b.Variable("i");
    return std::string(
        RunGraph(b,
                 batch ? op::BatchTake(x, y) : op::Take(x, y, {.axis = axis}),
                 {{"a", *NDArray::Zeros(a, DType::kFloat32)},
                  {"i", *NDArray::Zeros(i, DType::kInt32)}})
            .status()
            .message());
  };
  EXPECT_THAT(error({2, 3}, {1}, 2, false),
              HasSubstr("attribute 'axis': expected"));
  EXPECT_THAT(error({0, 3}, {1}, 0, false),
              HasSubstr("expected an axis with elements to take from"));
  EXPECT_EQ(error({0, 3}, {0}, 0, false), "");
  EXPECT_THAT(error(Shape::Scalar(), {1}, 0, false),
              HasSubstr("expected one dimension or more"));
  EXPECT_THAT(error({2, 3}, {3}, 0, true),
              HasSubstr("expected an index for each of 2 lines of 'a'"));
  EXPECT_THAT(error({2}, {2}, 0, true),
              HasSubstr("expected two dimensions or more"));
}

TEST(AddNTest, RowSparseSumsHaveTheRowsOfAll) {
  GraphBuilder b(BuiltinOps());
  std::vector<Symbol> args;
  Arrays arrays;
  const std::vector<NDArray> tables = {
      Table({1, 4}, {1, 2, 3, 4}), Table({0, 4, 5}, {5, 6, 7, 8, 9, 10}),
      *NDArray::Zeros({6, 2}, DType::kFloat32, StorageType::kRowSparse)};
  for (size_t i = 0; i < tables.size(); ++i) {
    args.push_back(b.Variable(absl::StrCat("x", i)));
    arrays[absl::StrCat("x", i)] = tables[i];
  }
  EXPECT_EQ(
      RunGraph(b, op::AddN(args), arrays)->ToString(),
      "row_sparse (6,2) float32 indices [0, 1, 4, 5] [5, 6, 1, 2, 10, 12, "
      "9, 10]");
  arrays["x2"] = Floats({6, 2}, std::vector<float>(12, 1));
  EXPECT_THAT(RunGraph(b, op::AddN(args), arrays).status().message(),
              HasSubstr("add_n"));
  EXPECT_EQ(RunGraph(b, op::AddN(args), arrays, /*strict=*/false)->ToString(),
            "dense (6,2) float32 [6, 7, 2, 3, 1, 1, 1, 1, 11, 13, 10, 11]");
}

}  // namespace
}  // namespace minnow
