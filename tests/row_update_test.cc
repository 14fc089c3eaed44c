// Updates of weights by gradients that are row_sparse: each storage combination
// against the dense kernel.
#include <algorithm>
#include <cmath>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"

namespace minnow {
namespace {

constexpr StorageType kStorages[] = {
    StorageType::kDense, StorageType::kRowSparse, StorageType::kCsr};
constexpr int64_t kRows = 40;
constexpr int64_t kColumns = 5;

// An optimizer under test.
struct Rule {
  const char* op;
  std::vector<NamedAttr> attrs;
  size_t num_states;
  // Rows without a gradient are never updated by a row_sparse one.
  bool always_lazy = false;
  // States are float32, and the last one is weight32.
  bool mixed = false;
  // Roots are taken of the states.
  bool positive_states = false;
};

std::ostream& operator<<(std::ostream& os, const Rule& rule) {
  return os << rule.op;
}

std::vector<Rule> Rules() {
  return {
      {.op = "sgd_update",
       .attrs = {{"lr", "0.3"}, {"wd", "0.1"}, {"clip_gradient", "0.7"}},
       .num_states = 0},
      {.op = "sgd_mom_update",
       .attrs = {{"lr", "0.3"}, {"wd", "0.1"}, {"momentum", "0.8"}},
       .num_states = 1},
      {.op = "adam_update",
       .attrs = {{"lr", "0.3"}, {"wd", "0.1"}, {"clip_gradient", "0.7"}},
       .num_states = 2,
       .positive_states = true},
      {.op = "ftrl_update",
       .attrs = {{"lr", "0.3"}, {"wd", "0.1"}, {"lamda1", "0.5"}},
       .num_states = 2,
       .always_lazy = true,
       .positive_states = true},
      {.op = "_sparse_adagrad_update",
       .attrs = {{"lr", "0.3"}, {"wd", "0.1"}},
       .num_states = 1,
       .always_lazy = true,
       .positive_states = true},
      {.op = "mp_sgd_update",
       .attrs = {{"lr", "0.3"}, {"wd", "0.1"}, {"clip_gradient", "0.7"}},
       .num_states = 1,
       .mixed = true},
      {.op = "mp_sgd_mom_update",
       .attrs = {{"lr", "0.3"}, {"wd", "0.1"}, {"momentum", "0.8"}},
       .num_states = 2,
       .mixed = true},
      {.op = "multi_sgd_update",
       .attrs = {{"lrs", "(0.3,)"}, {"wds", "(0.1,)"}},
       .num_states = 0,
       .always_lazy = true},
      {.op = "multi_sgd_mom_update",
       .attrs = {{"lrs", "(0.3,)"}, {"wds", "(0.1,)"}, {"momentum", "0.8"}},
       .num_states = 1,
       .always_lazy = true},
      {.op = "multi_mp_sgd_update",
       .attrs = {{"lrs", "(0.3,)"}, {"wds", "(0.1,)"}},
       .num_states = 1,
       .always_lazy = true,
       .mixed = true},
      {.op = "multi_mp_sgd_mom_update",
       .attrs = {{"lrs", "(0.3,)"}, {"wds", "(0.1,)"}, {"momentum", "0.8"}},
       .num_states = 2,
       .always_lazy = true,
       .mixed = true},
  };
}

// A matrix of which half of the rows are zeros, stored like this.
NDArray RandomArray(std::mt19937& random, DType dtype, StorageType storage,
                    bool positive = false) {
  std::vector<double> values;
  std::vector<double> stored;
  std::vector<int64_t> rows, columns, indptr = {0};
  for (int64_t row = 0; row < kRows; ++row) {
    if (random() % 2 == 0) rows.push_back(row);
    for (int64_t column = 0; column < kColumns; ++column) {
      const bool empty = rows.empty() || rows.back() != row;
      values.push_back(empty ? 0 : static_cast<double>(random() % 64) / 8 - 4);
      if (positive) values.back() = std::abs(values.back());
      if (!empty) {
        stored.push_back(values.back());
        columns.push_back(column);
      }
    }
    indptr.push_back(static_cast<int64_t>(columns.size()));
  }
  const auto cast = [&](const Shape& shape, absl::Span<const double> from) {
    return *NDArray::FromValues<double>(shape, from)->Cast(dtype);
  };
  const auto num_rows = static_cast<int64_t>(rows.size());
  switch (storage) {
    case StorageType::kRowSparse:
      return *NDArray::RowSparse({kRows, kColumns},
                                 cast({num_rows, kColumns}, stored), rows);
    case StorageType::kCsr:
      return *NDArray::Csr({kRows, kColumns},
                           cast({num_rows * kColumns}, stored), indptr,
                           columns);
    case StorageType::kDense:
      break;
  }
  return cast({kRows, kColumns}, values);
}

// All of a dense array.
std::string BytesOf(const NDArray& array) {
  return {reinterpret_cast<const char*>(array.raw()),
          static_cast<size_t>(array.num_elements()) * DTypeSize(array.dtype())};
}

// Weight, gradient and states.
using Arrays = std::vector<NDArray>;

std::string InputName(size_t i) { return absl::StrCat("x", i); }

// The arrays after an update: all but the gradient change.
absl::Status Update(const Rule& rule, bool lazy, const Arrays& arrays,
                    int threads) {
  GraphBuilder b(BuiltinOps());
  std::vector<Symbol> inputs;
  BindOptions options = {.threads = threads};
  for (size_t i = 0; i < arrays.size(); ++i) {
    inputs.push_back(b.Variable(InputName(i)));
    options.variables[InputName(i)] = arrays[i];
  }
  std::vector<NamedAttr> attrs = rule.attrs;
  if (!rule.always_lazy) attrs.push_back({"lazy_update", lazy ? "1" : "0"});
  b.AddParsed(rule.op, inputs, attrs, {.out = inputs[0]});
  absl::StatusOr<Graph> graph = b.Build({});
  if (!graph.ok()) return graph.status();
  absl::StatusOr<Executor> executor = Executor::Bind(*graph, options);
  return executor.ok() ? executor->Run() : executor.status();
}

// The dense kernel's result; if lazy, only in the rows that the gradient has.
absl::Status UpdateDense(const Rule& rule, bool lazy,
                         absl::Span<const int64_t> rows, Arrays& arrays) {
  Arrays updated;
  for (const NDArray& array : arrays) updated.push_back(*array.Copy());
  absl::Status status = Update(rule, lazy, updated, 1);
  if (!status.ok()) return status;
  for (size_t i = 0; i < arrays.size(); ++i) {
    for (int64_t row = 0; row < kRows; ++row) {
      if (lazy && !std::binary_search(rows.begin(), rows.end(), row)) continue;
      absl::Status copied = arrays[i]
                                .Rows(row, row + 1)
                                ->CopyFrom(*updated[i].Rows(row, row + 1));
      if (!copied.ok()) return copied;
    }
  }
  return absl::OkStatus();
}

class RowUpdateTest : public testing::TestWithParam<Rule> {};

TEST_P(RowUpdateTest, EveryStorageGivesTheBitsOfTheDenseUpdate) {
  const Rule& rule = GetParam();
  std::mt19937 random(1);
  for (DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    for (StorageType weight : kStorages) {
      for (StorageType grad : kStorages) {
        for (StorageType state : kStorages) {
          if (rule.num_states == 0 && state != StorageType::kDense) continue;
          for (bool lazy : {true, false}) {
            SCOPED_TRACE(absl::StrCat(
                DTypeName(dtype), " ", StorageTypeName(weight), ",",
                StorageTypeName(grad), ",", StorageTypeName(state),
                lazy ? " lazy" : " standard"));
            Arrays arrays = {RandomArray(random, dtype, weight),
                             RandomArray(random, dtype, grad)};
            for (size_t i = 0; i < rule.num_states; ++i) {
              arrays.push_back(RandomArray(random,
                                           rule.mixed ? DType::kFloat32 : dtype,
                                           state, rule.positive_states));
            }
            Arrays expected;
            for (const NDArray& array : arrays) {
              expected.push_back(*array.ToDense());
            }
            const bool by_rows = grad == StorageType::kRowSparse &&
                                 weight != StorageType::kCsr &&
                                 (rule.num_states == 0 || weight == state) &&
                                 (lazy || rule.always_lazy);
            // Several, since rows that the first one adds are in no order.
            for (int threads : {1, 2, 3, 8}) {
              arrays[1] = RandomArray(random, dtype, grad);
              expected[1] = *arrays[1].ToDense();
              ASSERT_EQ(Update(rule, lazy, arrays, threads), absl::OkStatus());
              ASSERT_EQ(
                  UpdateDense(rule, by_rows, arrays[1].indices(), expected),
                  absl::OkStatus());
              for (size_t i = 0; i < arrays.size(); ++i) {
                ASSERT_EQ(BytesOf(*arrays[i].ToDense()), BytesOf(expected[i]))
                    << "array " << i;
              }
            }
            EXPECT_EQ(arrays[0].storage(), weight);
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, RowUpdateTest, testing::ValuesIn(Rules()),
                         [](const auto& test_info) {
                           return std::string(test_info.param.op);
                         });

TEST(RowUpdateTest, AnEmptyGradientChangesNothingIfLazy) {
  const Rule rule = Rules()[1];
  std::mt19937 random(1);
  const Arrays arrays = {
      RandomArray(random, DType::kFloat32, StorageType::kDense),
      *NDArray::Zeros({kRows, kColumns}, DType::kFloat32,
                      StorageType::kRowSparse),
      RandomArray(random, DType::kFloat32, StorageType::kDense)};
  const auto bytes = [&] {
    return absl::StrCat(BytesOf(arrays[0]), BytesOf(arrays[2]));
  };
  const std::string before = bytes();
  ASSERT_EQ(Update(rule, /*lazy=*/true, arrays, 2), absl::OkStatus());
  EXPECT_EQ(bytes(), before);
  ASSERT_EQ(Update(rule, /*lazy=*/false, arrays, 2), absl::OkStatus());
  EXPECT_NE(bytes(), before);
}

// A cell of the table of storages: what runs, and what comes out.
struct Cell {
  StorageType weight, grad, mom;
  StorageType out;   // Where out is no array of the caller's.
  size_t num_casts;  // Fallbacks.
};

// All of them. Four have kernels of their own; elsewhere weight and momentum
// are converted to dense, and so is a csr gradient.
std::vector<Cell> Cells() {
  constexpr StorageType kDense = StorageType::kDense,
                        kRows = StorageType::kRowSparse;
  std::vector<Cell> cells;
  for (StorageType w : kStorages) {
    for (StorageType g : kStorages) {
      for (StorageType m : kStorages) {
        const bool of_rows =
            w == kRows && g == kRows && (m == kRows || m == kDense);
        const size_t num_casts =
            of_rows ? 0
                    : (w != kDense) + (g == StorageType::kCsr) + (m != kDense);
        cells.push_back({w, g, m, of_rows ? kRows : kDense, num_casts});
      }
    }
  }
  return cells;
}

TEST(RowUpdateTest, EachCellOfTheTableRunsWhatItSays) {
  std::mt19937 random(3);
  for (const Cell& cell : Cells()) {
    for (bool lazy : {true, false}) {
      SCOPED_TRACE(absl::StrCat(
          StorageTypeName(cell.weight), ",", StorageTypeName(cell.grad), ",",
          StorageTypeName(cell.mom), lazy ? " lazy" : " standard"));
      GraphBuilder b(BuiltinOps());
      const Symbol w = b.Variable("w"), g = b.Variable("g"),
                   m = b.Variable("m");
      const Graph graph = *b.Build({op::SgdMomUpdate(
          w, g, m, {.lr = 0.5f, .momentum = 0.5f, .lazy_update = lazy},
          {.name = "step"})});
      const NDArray mom = RandomArray(random, DType::kFloat32, cell.mom);
      BindOptions options = {
          .variables = {
              {"w", RandomArray(random, DType::kFloat32, cell.weight)},
              {"g", RandomArray(random, DType::kFloat32, cell.grad)},
              {"m", mom}}};
      auto executor = Executor::Bind(graph, options);
      ASSERT_TRUE(executor.ok()) << executor.status();
      ASSERT_TRUE(executor->Run().ok());
      EXPECT_EQ(executor->Output(0).storage(), cell.out);
      EXPECT_EQ(executor->Variable("m")->storage(), cell.mom);
      EXPECT_EQ(mom.ToString(), executor->Variable("m")->ToString());
      const std::string plan = executor->plan().ToString();
      size_t casts = 0;
      for (size_t at = plan.find("fallback for step"); at != std::string::npos;
           at = plan.find("fallback for step", at + 1)) {
        ++casts;
      }
      EXPECT_EQ(casts, cell.num_casts) << plan;
      options.strict_storage = true;
      const absl::Status strict = Executor::Bind(graph, options).status();
      EXPECT_EQ(strict.ok(), cell.num_casts == 0) << strict;
      if (cell.num_casts > 0) {
        EXPECT_TRUE(
            absl::StrContains(strict.message(), "node 'step' (sgd_mom_update)"))
            << strict;
      }
    }
  }
}

}  // namespace
}  // namespace minnow
