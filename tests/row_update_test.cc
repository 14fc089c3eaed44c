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
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"

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
  // The last inputs are the learning rates and the weight decays.
  bool preloaded = false;
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
      {.op = "preloaded_multi_sgd_update",
       .attrs = {{"clip_gradient", "0.7"}},
       .num_states = 0,
       .always_lazy = true,
       .preloaded = true},
      {.op = "preloaded_multi_sgd_mom_update",
       .attrs = {{"momentum", "0.8"}},
       .num_states = 1,
       .always_lazy = true,
       .preloaded = true},
      {.op = "preloaded_multi_mp_sgd_update",
       .attrs = {{"clip_gradient", "0.7"}},
       .num_states = 1,
       .always_lazy = true,
       .mixed = true,
       .preloaded = true},
      {.op = "preloaded_multi_mp_sgd_mom_update",
       .attrs = {{"momentum", "0.8"}},
       .num_states = 2,
       .always_lazy = true,
       .mixed = true,
       .preloaded = true},
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

Arrays RandomArrays(std::mt19937& random, const Rule& rule, DType dtype,
                    StorageType weight, StorageType grad, StorageType state) {
  Arrays arrays = {RandomArray(random, dtype, weight),
                   RandomArray(random, dtype, grad)};
  for (size_t i = 0; i < rule.num_states; ++i) {
    arrays.push_back(RandomArray(random, rule.mixed ? DType::kFloat32 : dtype,
                                 state, rule.positive_states));
  }
  return arrays;
}

std::string InputName(size_t i) { return absl::StrCat("x", i); }

// A graph of one update, `step`, and its inputs.
struct Step {
  Graph graph;
  BindOptions options;
};

absl::StatusOr<Step> MakeStep(const Rule& rule, bool lazy, const Arrays& arrays,
                              bool in_place) {
  Step step;
  GraphBuilder b(BuiltinOps());
  std::vector<Symbol> inputs;
  const auto add_input = [&](const std::string& name, const NDArray& array) {
    inputs.push_back(b.Variable(name));
    step.options.variables[name] = array;
  };
  for (size_t i = 0; i < arrays.size(); ++i) add_input(InputName(i), arrays[i]);
  if (rule.preloaded) {
    add_input("lrs", *NDArray::FromValues<float>({1}, {0.3f}));
    add_input("wds", *NDArray::FromValues<float>({1}, {0.1f}));
  }
  std::vector<NamedAttr> attrs = rule.attrs;
  if (!rule.always_lazy) attrs.push_back({"lazy_update", lazy ? "1" : "0"});
  NodeOptions options = {.name = "step"};
  if (in_place) options.out = inputs[0];
  const Symbol out = b.AddParsed(rule.op, inputs, attrs, options);
  MINNOW_ASSIGN_OR_RETURN(
      step.graph,
      b.Build(in_place ? std::vector<Symbol>{} : std::vector<Symbol>{out}));
  return step;
}

// The arrays after an update: all but the gradient change.
absl::Status Update(const Rule& rule, bool lazy, const Arrays& arrays,
                    int threads) {
  MINNOW_ASSIGN_OR_RETURN(Step step,
                          MakeStep(rule, lazy, arrays, /*in_place=*/true));
  step.options.threads = threads;
  MINNOW_ASSIGN_OR_RETURN(Executor executor,
                          Executor::Bind(step.graph, step.options));
  return executor.Run();
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
            Arrays arrays =
                RandomArrays(random, rule, dtype, weight, grad, state);
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

TEST(LazyUpdateTest, AnEmptyGradientChangesNothing) {
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
  StorageType weight, grad, state;
  StorageType out;   // Where out is no array of the caller's.
  size_t num_casts;  // Fallbacks.
};

// All of them. Elsewhere than in the cells that have kernels of their own,
// weight and states are converted to dense. So is a csr gradient, and a
// row_sparse one if it always updates its rows alone.
std::vector<Cell> CellsOf(const Rule& rule) {
  using enum StorageType;
  std::vector<Cell> cells;
  for (StorageType w : kStorages) {
    for (StorageType g : kStorages) {
      for (StorageType s : kStorages) {
        const bool all_rows = s == kDense && !rule.mixed && !rule.always_lazy;
        const bool of_table =
            w == kRowSparse && g == kRowSparse && (s == w || all_rows);
        const bool of_rows = w == kDense && g == kRowSparse && s == kDense;
        const bool casts_grad = g == kCsr || (g != kDense && rule.always_lazy);
        cells.push_back({w, g, s, of_table ? kRowSparse : kDense,
                         of_table || of_rows
                             ? 0
                             : (w != kDense) + casts_grad +
                                   rule.num_states * (s != kDense)});
      }
    }
  }
  return cells;
}

size_t CountFallbacks(const Plan& plan) {
  const std::string text = plan.ToString();
  const std::string fallback = "fallback for step";
  size_t count = 0;
  for (size_t at = text.find(fallback); at != std::string::npos;
       at = text.find(fallback, at + 1)) {
    ++count;
  }
  return count;
}

TEST_P(RowUpdateTest, EachCellOfTheTableRunsWhatItSays) {
  const Rule& rule = GetParam();
  if (rule.num_states == 0) return;
  const DType dtype = rule.mixed ? DType::kFloat16 : DType::kFloat32;
  std::mt19937 random(3);
  for (const Cell& cell : CellsOf(rule)) {
    for (bool lazy : {true, false}) {
      SCOPED_TRACE(absl::StrCat(
          StorageTypeName(cell.weight), ",", StorageTypeName(cell.grad), ",",
          StorageTypeName(cell.state), lazy ? " lazy" : " standard"));
      const Arrays arrays =
          RandomArrays(random, rule, dtype, cell.weight, cell.grad, cell.state);
      auto step = MakeStep(rule, lazy, arrays, /*in_place=*/false);
      ASSERT_TRUE(step.ok()) << step.status();
      auto executor = Executor::Bind(step->graph, step->options);
      ASSERT_TRUE(executor.ok()) << executor.status();
      ASSERT_TRUE(executor->Run().ok());
      EXPECT_EQ(executor->Output(0).storage(), cell.out);
      for (size_t i = 2; i < arrays.size(); ++i) {
        const NDArray state = *executor->Variable(InputName(i));
        EXPECT_EQ(state.storage(), cell.state);
        EXPECT_EQ(state.ToString(), arrays[i].ToString());
      }
      EXPECT_EQ(CountFallbacks(executor->plan()), cell.num_casts)
          << executor->plan().ToString();
      step->options.strict_storage = true;
      const absl::Status strict =
          Executor::Bind(step->graph, step->options).status();
      EXPECT_EQ(strict.ok(), cell.num_casts == 0) << strict;
      if (cell.num_casts > 0) {
        EXPECT_TRUE(absl::StrContains(
            strict.message(), absl::StrCat("node 'step' (", rule.op, ")")))
            << strict;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, RowUpdateTest, testing::ValuesIn(Rules()),
                         [](const auto& test_info) {
                           return std::string(test_info.param.op);
                         });

}  // namespace
}  // namespace minnow
