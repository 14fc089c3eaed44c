// Sparse training that cannot be: the error says which array and what is wrong
// with it, and nothing is written.
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"

namespace minnow {
namespace {

using enum StorageType;

constexpr int64_t kHuge = int64_t{1} << 44;
const Shape kHugeShape = {kHuge, 64};

// A step of sgd_mom_update.
absl::StatusOr<Executor> BindStep(const VariableAttrs& table, NDArray weight,
                                  const NDArray& grad, bool strict = true) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("table", table);
  op::SgdMomUpdate(w, b.Variable("grad"), b.Variable("mom"),
                   {.lr = 1, .momentum = 0.5f}, {.name = "step", .out = w});
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({}));
  BindOptions options = {.variables = {{"grad", grad}},
                         .strict_storage = strict};
  if (weight.shape().known_rank()) options.variables["table"] = weight;
  return Executor::Bind(graph, options);
}

std::string ErrorOf(const absl::StatusOr<Executor>& executor) {
  return std::string(executor.status().message());
}

TEST(SparseBadInputTest, ATableLargerThanMemoryIsNamed) {
  const NDArray grad = *NDArray::Zeros(kHugeShape, DType::kFloat32, kRowSparse);
  EXPECT_EQ(ErrorOf(BindStep({.shape = kHugeShape,
                              .dtype = DType::kFloat32,
                              .init = Initializer::Zero()},
                             {}, grad)),
            "variable 'table': no memory for 4503599627370496 bytes");
  // A table of few rows would fit, but a dense momentum does not.
  const NDArray table =
      *NDArray::Zeros(kHugeShape, DType::kFloat32, kRowSparse);
  EXPECT_EQ(ErrorOf(BindStep({}, table, grad)),
            "variable 'mom': no memory for 4503599627370496 bytes");
}

TEST(SparseBadInputTest, AFallbackLargerThanMemoryIsNamed) {
  const NDArray table =
      *NDArray::Zeros({1 << 10, int64_t{1} << 42}, DType::kFloat32, kCsr);
  GraphBuilder b(BuiltinOps());
  const Graph graph = *b.Build({b.Add("cos", {b.Variable("table")})});
  const absl::Status status =
      Executor::Bind(graph, {.variables = {{"table", table}}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "the plan: no memory for 18014398509481984 bytes, "
            "18014398509481984 of them at node 'cast_storage0' "
            "(cast_storage), fallback for cos0.data");
}

TEST(SparseBadInputTest, AGradientOfAnotherTypeIsNamed) {
  const NDArray table = *NDArray::Zeros({4, 2}, DType::kFloat32);
  const auto zeros = [](const Shape& shape, StorageType storage) {
    return *NDArray::Zeros(shape, DType::kFloat32, storage);
  };
  EXPECT_EQ(ErrorOf(BindStep({}, table, zeros({5, 2}, kRowSparse))),
            "node 'step' (sgd_mom_update): argument 'grad': expected shape "
            "(4,2), found (5,2)");
  EXPECT_EQ(ErrorOf(BindStep({}, table, zeros({4, 3}, kRowSparse))),
            "node 'step' (sgd_mom_update): argument 'grad': expected shape "
            "(4,2), found (4,3)");
  auto step = BindStep({}, table, zeros({4, 2}, kRowSparse));
  ASSERT_TRUE(step.ok()) << step.status();
  const auto set_grad = [&](const NDArray& grad) {
    return std::string(step->SetInput("grad", grad).message());
  };
  EXPECT_EQ(set_grad(zeros({5, 2}, kRowSparse)),
            "variable 'grad': expected row_sparse (4,2) float32, found "
            "row_sparse (5,2) float32");
  EXPECT_EQ(set_grad(zeros({4, 2}, kDense)),
            "variable 'grad': expected row_sparse (4,2) float32, found dense "
            "(4,2) float32");
  EXPECT_EQ(set_grad(zeros({4, 2}, kRowSparse)), "");
}

TEST(SparseBadInputTest, StrictModeNamesTheArrayThatAKernelWantsDense) {
  const NDArray table = *NDArray::Zeros({4, 2}, DType::kFloat32);
  const NDArray grad = *NDArray::Zeros({4, 2}, DType::kFloat32, kCsr);
  EXPECT_EQ(ErrorOf(BindStep({}, table, grad)),
            "node 'step' (sgd_mom_update): argument 'grad': expected a storage "
            "that a kernel takes (strict), found csr, which would be converted "
            "to dense");
  EXPECT_TRUE(BindStep({}, table, grad, /*strict=*/false).ok());
}

TEST(SparseBadInputTest, ANanOfAGradientStaysInItsElement) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const NDArray grad = *NDArray::RowSparse(
      {4, 2}, *NDArray::FromValues<float>({2, 2}, {1, nan, 2, 3}), {1, 3});
  auto step = BindStep({}, *NDArray::Zeros({4, 2}, DType::kFloat32), grad);
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_EQ(step->Run(), absl::OkStatus());
  EXPECT_EQ(step->Variable("table")->ToString(),
            "dense (4,2) float32 [0, 0, -1, nan, 0, 0, -2, -3]");
}

}  // namespace
}  // namespace minnow
