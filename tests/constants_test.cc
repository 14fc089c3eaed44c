// Variables that keep their values: what depends on them alone is computed at
// bind, and products keep them in the layout that they compute with. Results
// are the same.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/convolution.h"
#include "minnow/ops/deconvolution.h"
#include "minnow/ops/dot.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/unary.h"
#include "minnow/tests/arrays.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;

// x and w: of this type, with values that are the same in each call.
NDArray Numbers(const Shape& shape, DType dtype, uint64_t seed) {
  NDArray array = *NDArray::Zeros(shape, dtype);
  EXPECT_TRUE(Initializer::Uniform(1).Fill(seed, "numbers", array).ok());
  return array;
}

std::string Bytes(const NDArray& array) {
  return {reinterpret_cast<const char*>(array.raw()),
          static_cast<size_t>(array.num_bytes())};
}

// An operator of x and w, with shapes for which it copies w to another layout.
struct Product {
  std::string name;
  Shape x, w;
  Symbol (*compose)(Symbol x, Symbol w);
  // The types for which it does.
  std::vector<DType> copies;
};

std::vector<Product> Products() {
  const std::vector<DType> own_loops = {DType::kFloat64, DType::kFloat16,
                                        DType::kBFloat16};
  return {
      {"FullyConnected",
       {5, 33},
       {40, 33},
       [](Symbol x, Symbol w) {
         return op::FullyConnected(x, w, {},
                                   {.num_hidden = 40, .no_bias = true});
       },
       own_loops},
      // Rows that compete for lines of a cache.
      {"dot",
       {64, 7},
       {7, 512},
       [](Symbol x, Symbol w) { return op::Dot(x, w); },
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}},
      {"Convolution",
       {2, 16, 9, 8},
       {24, 16, 3, 3},
       [](Symbol x, Symbol w) {
         return op::Convolution(
             x, w, {}, {.kernel = {3, 3}, .num_filter = 24, .no_bias = true});
       },
       {DType::kFloat32, DType::kFloat16, DType::kBFloat16}},
      {"Deconvolution",
       {2, 16, 5, 6},
       {16, 8, 3, 3},
       [](Symbol x, Symbol w) {
         return op::Deconvolution(x, w, {},
                                  {.kernel = {3, 3}, .num_filter = 8});
       },
       {DType::kFloat32, DType::kFloat16, DType::kBFloat16}}};
}

absl::StatusOr<Executor> Bind(const Product& product, const NDArray& x,
                              const NDArray& w,
                              std::vector<std::string> constants) {
  GraphBuilder b(BuiltinOps());
  const auto graph =
      b.Build({product.compose(b.Variable("x"), b.Variable("w"))});
  if (!graph.ok()) return graph.status();
  return Executor::Bind(*graph, {.variables = {{"x", x}, {"w", w}},
                                 .constants = std::move(constants)});
}

// What a run makes of w, and what the next one makes of it when w has become
// zeros, which nobody may do to a constant: that shows what was kept.
struct TwoRuns {
  std::string before, after;
};

TwoRuns RunTwice(const Product& product, DType dtype,
                 std::vector<std::string> constants) {
  const NDArray x = Numbers(product.x, dtype, 1);
  NDArray w = Numbers(product.w, dtype, 2);
  auto executor = Bind(product, x, w, std::move(constants));
  EXPECT_TRUE(executor.ok()) << executor.status();
  if (!executor.ok()) return {};
  TwoRuns runs;
  EXPECT_TRUE(executor->Run().ok());
  runs.before = Bytes(executor->Output(0));
  std::fill_n(w.raw(), w.num_bytes(), std::byte{0});
  EXPECT_TRUE(executor->Run().ok());
  runs.after = Bytes(executor->Output(0));
  return runs;
}

TEST(ConstantsTest, ProductsKeepThemAndGiveTheSameBits) {
  for (const Product& product : Products()) {
    for (const DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16,
                              DType::kBFloat16}) {
      SCOPED_TRACE(product.name + " " + std::string(DTypeName(dtype)));
      const TwoRuns plain = RunTwice(product, dtype, {});
      const TwoRuns kept = RunTwice(product, dtype, {"w"});
      EXPECT_EQ(kept.before, plain.before);
      EXPECT_NE(plain.after, plain.before);
      const bool copies =
          std::find(product.copies.begin(), product.copies.end(), dtype) !=
          product.copies.end();
      EXPECT_EQ(kept.after, copies ? kept.before : plain.after);
    }
  }
}

TEST(ConstantsTest, WhatDependsOnThemAloneIsComputedAtBind) {
  GraphBuilder b(BuiltinOps());
  const Symbol scale = op::Exp(op::Square(b.Variable("s")));
  const auto graph = b.Build({b.Variable("x") * scale});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto once = [&](std::vector<std::string> constants) {
    const auto executor = Executor::Bind(
        *graph,
        {.variables = {{"x", Floats({2}, {1, 2})}, {"s", Floats({2}, {0, 0})}},
         .constants = std::move(constants)});
    EXPECT_TRUE(executor.ok()) << executor.status();
    return executor.ok() ? executor->plan().num_constant_steps : 99;
  };
  EXPECT_EQ(once({}), 0);
  EXPECT_EQ(once({"x"}), 0);
  EXPECT_EQ(once({"s"}), 2);
}

// x * exp(s): for s a constant.
absl::StatusOr<Executor> ScaledByConstant() {
  GraphBuilder b(BuiltinOps());
  const auto graph =
      b.Build({op::BroadcastMul(b.Variable("x"), op::Exp(b.Variable("s")))});
  if (!graph.ok()) return graph.status();
  return Executor::Bind(*graph, {.variables = {{"x", Floats({2}, {1, 2})},
                                               {"s", Floats({1}, {0})}},
                                 .constants = {"s"}});
}

TEST(ConstantsTest, StayInAnExecutorForOtherShapes) {
  const auto executor = ScaledByConstant();
  ASSERT_TRUE(executor.ok()) << executor.status();
  auto reshaped = executor->Reshape({{"x", {3}}});
  ASSERT_TRUE(reshaped.ok()) << reshaped.status();
  EXPECT_EQ(reshaped->plan().num_constant_steps, 1);
  ASSERT_TRUE(reshaped->SetInput("x", Floats({3}, {3, 4, 5})).ok());
  ASSERT_TRUE(reshaped->Run().ok());
  EXPECT_THAT(ValuesOf(reshaped->Output(0)), ElementsAre(3, 4, 5));
}

TEST(ConstantsTest, CannotBeReplaced) {
  auto executor = ScaledByConstant();
  ASSERT_TRUE(executor.ok()) << executor.status();
  const char kError[] =
      "variable 's': it is a constant of this executor; bind again to change "
      "it";
  EXPECT_EQ(executor->SetInput("s", Floats({1}, {1})).message(), kError);
  EXPECT_EQ(executor->Reshape({{"s", {2}}}).status().message(), kError);
  EXPECT_TRUE(executor->SetInput("x", Floats({2}, {5, 6})).ok());
}

TEST(ConstantsTest, AreVariablesThatNothingUpdates) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("weight", {.shape = {2}});
  const Symbol next = op::Square(w);
  b.Update(w, next);
  const auto graph = b.Build({next});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto error = [&](const std::string& name) {
    const auto executor = Executor::Bind(
        *graph,
        {.variables = {{"weight", Floats({2}, {1, 2})}}, .constants = {name}});
    return std::string(executor.status().message());
  };
  EXPECT_EQ(error("weight"),
            "variable 'weight': expected no update, as it is to be constant, "
            "found one by node 'square0' (square)");
  EXPECT_EQ(error("weigth"),
            "the graph has no variable 'weigth'; did you mean 'weight'?");
  // Without the update it may be one.
  const auto inference =
      Executor::Bind(*graph, {.variables = {{"weight", Floats({2}, {1, 2})}},
                              .updates = std::vector<std::string>{},
                              .constants = {"weight"}});
  EXPECT_TRUE(inference.ok()) << inference.status();
}

}  // namespace
}  // namespace minnow
