// dot, and its gradients, where factors are sparse: against dense ones.
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/gradient.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/cast_storage.h"
#include "minnow/ops/dot.h"

namespace minnow {
namespace {

using enum StorageType;

// Some rows and some columns of it are zeros.
NDArray RandomMatrix(std::mt19937& random, Shape shape, DType dtype) {
  std::vector<double> values;
  for (int64_t i = 0; i < shape[0]; ++i) {
    for (int64_t j = 0; j < shape[1]; ++j) {
      const bool zero = i % 4 == 1 || j % 3 == 1 || random() % 3 == 0;
      values.push_back(zero ? 0 : static_cast<double>(random() % 17) / 4 - 2);
    }
  }
  return *NDArray::FromValues<double>(shape, values)->Cast(dtype);
}

struct Results {
  NDArray out, lhs_grad, rhs_grad;
};

// dot, and its gradients for a head of ones, of factors stored like this.
absl::StatusOr<Results> RunDot(const NDArray& lhs, StorageType lhs_storage,
                               const NDArray& rhs, StorageType rhs_storage,
                               const DotAttrs& attrs, int threads,
                               bool strict = false) {
  GraphBuilder b(BuiltinOps());
  const auto stored = [&](const char* name, StorageType storage) {
    const Symbol x = b.Variable(name);
    return storage == kDense ? x : op::CastStorage(x, {.stype = storage});
  };
  const Symbol x = stored("lhs", lhs_storage);
  const Symbol y = stored("rhs", rhs_storage);
  const Symbol out = op::Dot(x, y, attrs, {.name = "product"});
  const Symbol head = b.Variable("head");
  const std::vector<Symbol> grads = Gradient(b, {out}, {head}, {x, y});
  absl::StatusOr<Graph> graph = b.Build({out, grads[0], grads[1]});
  if (!graph.ok()) return graph.status();
  const int64_t m = lhs.shape()[attrs.transpose_a ? 1 : 0];
  const int64_t n = rhs.shape()[attrs.transpose_b ? 0 : 1];
  std::mt19937 random(7);
  absl::StatusOr<Executor> executor = Executor::Bind(
      *graph,
      {.variables = {{"lhs", lhs},
                     {"rhs", rhs},
                     {"head", RandomMatrix(random, {m, n}, lhs.dtype())}},
       .threads = threads,
       .strict_storage = strict});
  if (!executor.ok()) return executor.status();
  // The second run writes over what the first one left.
  for (int run = 0; run < 2; ++run) {
    absl::Status status = executor->Run();
    if (!status.ok()) return status;
  }
  return Results{*executor->Output(0).Copy(), *executor->Output(1).Copy(),
                 *executor->Output(2).Copy()};
}

void ExpectNear(const NDArray& found, const NDArray& expected,
                double tolerance) {
  ASSERT_EQ(found.shape(), expected.shape());
  const NDArray x = *found.Cast(DType::kFloat64);
  const NDArray y = *expected.Cast(DType::kFloat64);
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    const double want = y.values<double>()[i];
    ASSERT_NEAR(x.values<double>()[i], want, tolerance * (1 + std::abs(want)))
        << "element " << i;
  }
}

StorageType ExpectedStorage(StorageType lhs, const DotAttrs& a) {
  if (lhs == kCsr) {
    return a.transpose_a && !a.transpose_b ? kRowSparse : kDense;
  }
  return a.transpose_a || a.transpose_b ? kDense : kCsr;
}

TEST(SparseDotTest, EveryStorageGivesTheDenseProduct) {
  std::mt19937 random(1);
  const std::pair<StorageType, StorageType> storages[] = {
      {kCsr, kDense}, {kCsr, kRowSparse}, {kDense, kCsr}};
  for (DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    const double tolerance = dtype == DType::kBFloat16  ? 1e-2
                             : dtype == DType::kFloat16 ? 2e-3
                                                        : 1e-5;
    for (int64_t n : {1, 5, 45}) {
      for (int flags = 0; flags < 4; ++flags) {
        const DotAttrs a = {.transpose_a = (flags & 1) != 0,
                            .transpose_b = (flags & 2) != 0};
        const int64_t m = 23, k = 19;
        const NDArray lhs = RandomMatrix(
            random, a.transpose_a ? Shape{k, m} : Shape{m, k}, dtype);
        const NDArray rhs = RandomMatrix(
            random, a.transpose_b ? Shape{n, k} : Shape{k, n}, dtype);
        const auto expected = RunDot(lhs, kDense, rhs, kDense, a, 1);
        ASSERT_TRUE(expected.ok()) << expected.status();
        for (const auto& [x, y] : storages) {
          SCOPED_TRACE(absl::StrCat(DTypeName(dtype), " ", StorageTypeName(x),
                                    ",", StorageTypeName(y), " n ", n,
                                    " flags ", flags));
          const auto found = RunDot(lhs, x, rhs, y, a, 2);
          ASSERT_TRUE(found.ok()) << found.status();
          EXPECT_EQ(found->out.storage(), ExpectedStorage(x, a));
          ExpectNear(found->out, expected->out, tolerance);
          ExpectNear(found->lhs_grad, expected->lhs_grad, tolerance);
          ExpectNear(found->rhs_grad, expected->rhs_grad, tolerance);
          if (x == kCsr) {
            EXPECT_EQ(found->rhs_grad.storage(),
                      flags == 0 ? kRowSparse : kDense);
          }
        }
      }
    }
  }
}

TEST(SparseDotTest, ForwardStypeChoosesTheStorageOfTheResult) {
  std::mt19937 random(2);
  for (int flags = 0; flags < 4; ++flags) {
    DotAttrs attrs = {.transpose_a = (flags & 1) != 0,
                      .transpose_b = (flags & 2) != 0};
    const NDArray x = RandomMatrix(
        random, attrs.transpose_a ? Shape{7, 6} : Shape{6, 7}, DType::kFloat32);
    const NDArray y = RandomMatrix(
        random, attrs.transpose_b ? Shape{3, 7} : Shape{7, 3}, DType::kFloat32);
    const auto dense = RunDot(x, kDense, y, kDense, attrs, 1);
    ASSERT_TRUE(dense.ok()) << dense.status();
    for (StorageType lhs : {kDense, kRowSparse, kCsr}) {
      for (StorageType rhs : {kDense, kRowSparse, kCsr}) {
        for (StorageType out : {kDense, kRowSparse, kCsr}) {
          SCOPED_TRACE(absl::StrCat(StorageTypeName(lhs), ",",
                                    StorageTypeName(rhs), " to ",
                                    StorageTypeName(out), " flags ", flags));
          attrs.forward_stype = out;
          const auto found = RunDot(x, lhs, y, rhs, attrs, 2);
          ASSERT_TRUE(found.ok()) << found.status();
          EXPECT_EQ(found->out.storage(), out);
          ExpectNear(*found->out.ToDense(), dense->out, 1e-5);
          ExpectNear(*found->lhs_grad.ToDense(), dense->lhs_grad, 1e-5);
          ExpectNear(*found->rhs_grad.ToDense(), dense->rhs_grad, 1e-5);
        }
      }
    }
  }
}

TEST(SparseDotTest, SomeStoragesOfTheResultNeedNoConversion) {
  std::mt19937 random(2);
  const NDArray x = RandomMatrix(random, {6, 6}, DType::kFloat32);
  const auto is_direct = [&](StorageType lhs, StorageType rhs,
                             const DotAttrs& attrs) {
    return RunDot(x, lhs, x, rhs, attrs, 1, /*strict=*/true).ok();
  };
  for (StorageType out : {kDense, kRowSparse, kCsr}) {
    EXPECT_TRUE(is_direct(kDense, kDense, {.forward_stype = out}));
  }
  for (StorageType out : {kDense, kRowSparse}) {
    EXPECT_TRUE(
        is_direct(kCsr, kDense, {.transpose_a = true, .forward_stype = out}));
  }
  EXPECT_FALSE(is_direct(kCsr, kDense, {.forward_stype = kCsr}));
}

TEST(SparseDotTest, TheSameBitsForAnyNumberOfThreads) {
  std::mt19937 random(3);
  const NDArray lhs = RandomMatrix(random, {900, 300}, DType::kFloat32);
  for (int64_t n : {1, 40}) {
    for (bool transpose : {false, true}) {
      const NDArray rhs =
          RandomMatrix(random, {transpose ? 900 : 300, n}, DType::kFloat32);
      std::string expected;
      for (int threads : {1, 2, 3, 8}) {
        const auto found =
            RunDot(lhs, kCsr, rhs, kDense, {.transpose_a = transpose}, threads);
        ASSERT_TRUE(found.ok()) << found.status();
        std::string bits;
        for (const NDArray* x : {&found->out, &found->rhs_grad}) {
          bits.append(reinterpret_cast<const char*>(x->raw()),
                      static_cast<size_t>(x->num_bytes()));
        }
        if (expected.empty()) expected = bits;
        EXPECT_TRUE(bits == expected) << threads << " threads";
      }
    }
  }
}

TEST(SparseDotTest, RowsOfATransposedProductAreTheColumnsThatOccur) {
  const NDArray lhs =
      *NDArray::Csr({3, 5000}, *NDArray::FromValues<float>({4}, {1, 2, 3, 4}),
                    {0, 2, 2, 4}, {7, 4000, 7, 4999});
  const NDArray rhs = *NDArray::FromValues<float>({3, 1}, {1, 10, 100});
  GraphBuilder b(BuiltinOps());
  const Graph graph = *b.Build(
      {op::Dot(b.Variable("x"), b.Variable("y"), {.transpose_a = true})});
  auto executor =
      Executor::Bind(graph, {.variables = {{"x", lhs}, {"y", rhs}}});
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok());
  EXPECT_EQ(executor->Output(0).ToString(),
            "row_sparse (5000,1) float32 indices [7, 4000, 4999] "
            "[301, 2, 400]");
}

TEST(SparseDotTest, EmptyMatricesHaveProducts) {
  for (bool transpose : {false, true}) {
    for (const Shape& shape : {Shape{0, 4}, Shape{4, 0}, Shape{4, 4}}) {
      const NDArray lhs = *NDArray::Zeros(shape, DType::kFloat32);
      const NDArray rhs =
          *NDArray::Zeros({shape[transpose ? 0 : 1], 3}, DType::kFloat32);
      for (StorageType y : {kDense, kRowSparse}) {
        const auto found =
            RunDot(lhs, kCsr, rhs, y, {.transpose_a = transpose}, 2);
        ASSERT_TRUE(found.ok()) << found.status();
        const NDArray out = *found->out.ToDense();
        for (float x : out.values<float>()) EXPECT_EQ(x, 0);
      }
    }
  }
}

TEST(SparseDotTest, ACsrResultHasTwoDimensions) {
  GraphBuilder b(BuiltinOps());
  const Graph graph = *b.Build(
      {op::Dot(b.Variable("x"), b.Variable("y"), {}, {.name = "product"})});
  const auto executor = Executor::Bind(
      graph,
      {.variables = {{"x", *NDArray::Zeros({2, 3, 4}, DType::kFloat32)},
                     {"y", *NDArray::Zeros({4, 5}, DType::kFloat32, kCsr)}}});
  EXPECT_EQ(executor.status().message(),
            "node 'product' (dot): argument 'lhs': expected two dimensions, "
            "since the result is csr (or forward_stype='default'), found "
            "(2,3,4)");
  GraphBuilder dense(BuiltinOps());
  const Graph wants_csr =
      *dense.Build({op::Dot(dense.Variable("x"), dense.Variable("y"),
                            {.forward_stype = kCsr}, {.name = "product"})});
  EXPECT_EQ(
      Executor::Bind(
          wants_csr,
          {.variables = {{"x", *NDArray::Zeros({2, 3, 4}, DType::kFloat32)},
                         {"y", *NDArray::Zeros({4, 5}, DType::kFloat32)}}})
          .status()
          .message(),
      "node 'product' (dot): attribute 'forward_stype': expected another "
      "storage than csr for a result of shape (2,3,5)");
}

}  // namespace
}  // namespace minnow
