// Elementwise operators on sparse arrays: the values of the dense ones, and the
// storage that MXNet gives.
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/cast.h"
#include "minnow/ops/cast_storage.h"
#include "minnow/ops/piecewise.h"

namespace minnow {
namespace {

constexpr StorageType kDense = StorageType::kDense;
constexpr StorageType kRowSparse = StorageType::kRowSparse;
constexpr StorageType kCsr = StorageType::kCsr;
constexpr StorageType kAll[] = {kDense, kRowSparse, kCsr};

// Many zeros, and rows of them; values within [-1, 1].
NDArray RandomMatrix(std::mt19937& random, int64_t rows, int64_t columns) {
  std::vector<float> values;
  for (int64_t i = 0; i < rows; ++i) {
    const bool empty = random() % 2 == 0;
    for (int64_t j = 0; j < columns; ++j) {
      values.push_back(empty || random() % 2 == 0
                           ? 0.0f
                           : static_cast<float>(random() % 65) / 32 - 1);
    }
  }
  return *NDArray::FromValues<float>({rows, columns}, values);
}

// The result of `op` on the matrices, stored and typed like this.
NDArray Evaluate(const std::string& op, const Attrs& attrs,
                 const std::vector<NDArray>& matrices,
                 const std::vector<StorageType>& storages, DType dtype) {
  GraphBuilder b(BuiltinOps());
  std::vector<Symbol> inputs;
  absl::flat_hash_map<std::string, NDArray> variables;
  for (size_t i = 0; i < matrices.size(); ++i) {
    const std::string name = absl::StrCat("x", i);
    variables[name] = matrices[i];
    inputs.push_back(op::CastStorage(
        op::Cast(b.Variable(name), {.dtype = dtype}), {.stype = storages[i]}));
  }
  const auto graph = b.Build({b.Add(op, inputs, attrs)});
  EXPECT_TRUE(graph.ok()) << graph.status();
  auto executor = Executor::Bind(*graph, {.variables = variables});
  EXPECT_TRUE(executor.ok()) << executor.status();
  // Twice: the buffers of the first run serve the second.
  EXPECT_TRUE(executor->Run().ok());
  EXPECT_TRUE(executor->Run().ok());
  return *executor->Output(0).Copy();
}

struct KeepingOp {
  std::string name;
  Attrs attrs = {};
};

std::vector<KeepingOp> KeepingOps() {
  std::vector<KeepingOp> ops;
  for (const char* name :
       {"abs",     "sign",    "sqrt",      "square",   "negative", "tanh",
        "relu",    "sin",     "tan",       "arcsin",   "arctan",   "sinh",
        "arcsinh", "arctanh", "expm1",     "log1p",    "rint",     "ceil",
        "floor",   "trunc",   "fix",       "round",    "cbrt",     "degrees",
        "radians", "_copy",   "BlockGrad", "make_loss"}) {
    ops.push_back({name});
  }
  ops.push_back({"_mul_scalar", ScalarAttrs{.scalar = 3}});
  ops.push_back({"_div_scalar", ScalarAttrs{.scalar = 0.5, .is_int = false}});
  ops.push_back({"clip", ClipAttrs{.a_min = -0.5f, .a_max = 0.5f}});
  ops.push_back({"Cast", CastAttrs{.dtype = DType::kFloat16}});
  ops.push_back({"Cast", CastAttrs{.dtype = DType::kFloat64}});
  return ops;
}

TEST(SparseElementwiseTest, FunctionsThatKeepZeroKeepTheStorage) {
  std::mt19937 random(1);
  for (const KeepingOp& op : KeepingOps()) {
    for (DType dtype : {DType::kFloat32, DType::kFloat16, DType::kInt32}) {
      const NDArray x = RandomMatrix(random, random() % 9, random() % 9);
      SCOPED_TRACE(op.name);
      const NDArray dense = Evaluate(op.name, op.attrs, {x}, {kDense}, dtype);
      for (StorageType storage : {kRowSparse, kCsr}) {
        const NDArray out = Evaluate(op.name, op.attrs, {x}, {storage}, dtype);
        EXPECT_EQ(out.storage(), storage);
        EXPECT_EQ(out.dtype(), dense.dtype());
        // 0 in place of -0, which dense arrays have.
        const auto no_sign = [](const NDArray& array) {
          return Evaluate("_plus_scalar", ScalarAttrs{.scalar = 0}, {array},
                          {kDense}, array.dtype())
              .ToString();
        };
        EXPECT_EQ(no_sign(*out.ToDense()), no_sign(dense));
      }
    }
  }
}

TEST(SparseElementwiseTest, ZerosLikeStoresNothing) {
  std::mt19937 random(2);
  const NDArray x = RandomMatrix(random, 4, 3);
  EXPECT_EQ(
      Evaluate("zeros_like", {}, {x}, {kRowSparse}, DType::kFloat32).ToString(),
      "row_sparse (4,3) float32 indices [] []");
  EXPECT_EQ(Evaluate("zeros_like", {}, {x}, {kCsr}, DType::kFloat32).ToString(),
            "csr (4,3) float32 indptr [0, 0, 0, 0, 0] indices [] []");
}

TEST(SparseElementwiseTest, AClipWithoutZeroGivesDense) {
  std::mt19937 random(3);
  const NDArray x = RandomMatrix(random, 4, 3);
  const ClipAttrs attrs{.a_min = 0.25f, .a_max = 0.5f};
  const NDArray out = Evaluate("clip", attrs, {x}, {kCsr}, DType::kFloat32);
  EXPECT_EQ(out.storage(), kDense);
  EXPECT_EQ(out.ToString(),
            Evaluate("clip", attrs, {x}, {kDense}, DType::kFloat32).ToString());
}

// As MXNet stores sums and differences, or products.
StorageType ExpectedStorage(bool product, StorageType lhs, StorageType rhs) {
  if (lhs == rhs) return lhs;
  if (!product) return kDense;
  return lhs == kDense ? rhs : rhs == kDense ? lhs : kDense;
}

TEST(SparseElementwiseTest, SumsAndProductsAgreeWithDenseOnes) {
  std::mt19937 random(4);
  for (int trial = 0; trial < 12; ++trial) {
    const int64_t rows = random() % 9;
    const int64_t columns = trial % 2 == 0 ? random() % 9 : 16 + random() % 9;
    const std::vector<NDArray> x = {RandomMatrix(random, rows, columns),
                                    RandomMatrix(random, rows, columns)};
    const DType dtype = trial % 3 == 0 ? DType::kFloat16 : DType::kFloat32;
    for (const std::string op :
         {"elemwise_add", "elemwise_sub", "elemwise_mul"}) {
      const NDArray dense = Evaluate(op, {}, x, {kDense, kDense}, dtype);
      for (StorageType lhs : kAll) {
        for (StorageType rhs : kAll) {
          const NDArray out = Evaluate(op, {}, x, {lhs, rhs}, dtype);
          EXPECT_EQ(out.storage(),
                    ExpectedStorage(op == "elemwise_mul", lhs, rhs));
          const auto no_sign = [&](const NDArray& array) {
            return Evaluate("_plus_scalar", ScalarAttrs{.scalar = 0}, {array},
                            {kDense}, dtype)
                .ToString();
          };
          EXPECT_EQ(no_sign(*out.ToDense()), no_sign(dense));
        }
      }
    }
  }
}

}  // namespace
}  // namespace minnow
