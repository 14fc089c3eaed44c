// Operators that update many weights at once: a kernel for each group.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/plan.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/multi_sgd.h"
#include "minnow/ops/sgd.h"

namespace minnow {
namespace {

using ::testing::HasSubstr;

constexpr size_t kWeights = 5;

// Weights of several shapes; the gradient of the second one is row_sparse.
struct Model {
  std::vector<NDArray> weights, grads, moms;
};

Model MakeModel(int64_t scale) {
  Model model;
  for (size_t i = 0; i < kWeights; ++i) {
    const Shape shape = i == 3 ? Shape{0, 4} : Shape{7 * scale, 3};
    std::vector<float> values;
    for (int64_t k = 0; k < shape.num_elements(); ++k) {
      values.push_back(static_cast<float>((k * 37 + 11 * i) % 64) / 8 - 4);
    }
    model.weights.push_back(*NDArray::FromValues<float>(shape, values));
    for (float& x : values) x = 1 - x / 2;
    model.moms.push_back(*NDArray::FromValues<float>(shape, values));
    if (i == 1) {
      model.grads.push_back(*NDArray::RowSparse(
          shape, *NDArray::FromValues<float>({2, 3}, {1, 2, 3, 4, 5, 6}),
          {1, 4}));
    } else {
      for (float& x : values) x = x * 3 - 1;
      model.grads.push_back(*NDArray::FromValues<float>(shape, values));
    }
  }
  return model;
}

constexpr float kLearningRates[] = {0.5f, 0.1f, 0.3f, 0.7f, 0.2f};
constexpr float kDecays[] = {0, 0.1f, 0.2f, 0, 0.05f};

enum class Form { kSingle, kMulti, kPreloaded };

absl::StatusOr<Graph> Step(Form form) {
  GraphBuilder b(BuiltinOps());
  std::vector<WeightGroup> groups;
  for (size_t i = 0; i < kWeights; ++i) {
    groups.push_back({.weight = b.Variable(absl::StrCat("w", i)),
                      .grad = b.Variable(absl::StrCat("g", i)),
                      .mom = b.Variable(absl::StrCat("m", i))});
  }
  std::vector<Symbol> next;
  switch (form) {
    case Form::kSingle:
      for (size_t i = 0; i < kWeights; ++i) {
        next.push_back(op::SgdMomUpdate(
            groups[i].weight, groups[i].grad, groups[i].mom,
            {.lr = kLearningRates[i], .momentum = 0.75f, .wd = kDecays[i]}));
      }
      break;
    case Form::kMulti:
      next = op::MultiSgdMomUpdate(
          groups,
          {.lrs = std::vector<float>(std::begin(kLearningRates),
                                     std::end(kLearningRates)),
           .wds = std::vector<float>(std::begin(kDecays), std::end(kDecays)),
           .momentum = 0.75f});
      break;
    case Form::kPreloaded:
      next = op::PreloadedMultiSgdMomUpdate(
          groups, b.Variable("lrs"), b.Variable("wds"), {.momentum = 0.75f});
      break;
  }
  for (size_t i = 0; i < kWeights; ++i) b.Update(groups[i].weight, next[i]);
  return b.Build({});
}

BindOptions Bindings(Form form, const Model& model, int threads) {
  BindOptions options = {.threads = threads, .strict_storage = true};
  for (size_t i = 0; i < kWeights; ++i) {
    options.variables[absl::StrCat("w", i)] = model.weights[i];
    options.variables[absl::StrCat("g", i)] = model.grads[i];
    options.variables[absl::StrCat("m", i)] = model.moms[i];
  }
  if (form != Form::kPreloaded) return options;
  options.variables["lrs"] =
      *NDArray::FromValues<float>({kWeights}, kLearningRates);
  options.variables["wds"] = *NDArray::FromValues<float>({kWeights}, kDecays);
  return options;
}

// The bytes of all weights and momentums.
std::string AfterTwoSteps(Form form, int64_t scale, int threads) {
  const Model model = MakeModel(scale);
  const auto graph = Step(form);
  if (!graph.ok()) return graph.status().ToString();
  auto step = Executor::Bind(*graph, Bindings(form, model, threads));
  if (!step.ok()) return step.status().ToString();
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = step->Run();
    if (!status.ok()) return status.ToString();
  }
  std::string text;
  for (const auto& arrays : {model.weights, model.moms}) {
    for (const NDArray& array : arrays) {
      text.append(reinterpret_cast<const char*>(array.raw()),
                  static_cast<size_t>(array.num_elements()) * sizeof(float));
    }
  }
  return text;
}

TEST(MultiUpdateTest, GivesEachWeightWhatItsOwnUpdateWould) {
  for (int64_t scale : {1, 4000}) {
    const std::string expected = AfterTwoSteps(Form::kSingle, scale, 1);
    EXPECT_EQ(expected.size(), scale * 4 * 21 * 2 * sizeof(float));
    for (Form form : {Form::kMulti, Form::kPreloaded}) {
      for (int threads : {1, 2, 3, 8}) {
        EXPECT_TRUE(AfterTwoSteps(form, scale, threads) == expected)
            << threads << " threads";
      }
    }
  }
}

TEST(MultiUpdateTest, ThePlanHasAStepForEachKernel) {
  auto step = Executor::Bind(*Step(Form::kMulti),
                             Bindings(Form::kMulti, MakeModel(1), 1));
  ASSERT_TRUE(step.ok()) << step.status();
  const Plan& plan = step->plan();
  ASSERT_EQ(plan.steps.size(), 2u);
  EXPECT_EQ(plan.steps[0].groups, (std::vector<int32_t>{0, 2, 3, 4}));
  EXPECT_EQ(plan.steps[1].groups, (std::vector<int32_t>{1}));
  EXPECT_EQ(plan.num_fallbacks, 0);
  const std::string text = plan.ToString();
  EXPECT_THAT(text, HasSubstr("dense,dense,dense float32 x4"));
  EXPECT_THAT(text, HasSubstr("dense,row_sparse,dense float32 x1"));
}

TEST(MultiUpdateTest, AFallbackOfOneGroupLeavesTheOthersAlone) {
  const auto graph = Step(Form::kMulti);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Model model = MakeModel(1);
  absl::flat_hash_map<std::string, VariableType> types;
  for (const auto& [name, array] : Bindings(Form::kMulti, model, 1).variables) {
    types[name] = {array.shape(), array.dtype(), array.storage()};
  }
  types["g2"].storage = StorageType::kCsr;
  const auto plan = MakePlan(*graph, types, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->num_fallbacks, 1);
  EXPECT_THAT(plan->ToString(),
              HasSubstr("fallback for multi_sgd_mom_update0.grad_2"));
  EXPECT_THAT(plan->ToString(), HasSubstr("dense,row_sparse,dense float32 x1"));
  EXPECT_EQ(
      MakePlan(*graph, types, {.strict_storage = true}).status().message(),
      "node 'multi_sgd_mom_update0' (multi_sgd_mom_update): argument 'grad_2': "
      "expected a storage that a kernel takes (strict), found csr, which would "
      "be converted to dense");
}

TEST(MultiUpdateTest, RatesChangeBetweenRuns) {
  const Model model = MakeModel(1);
  auto step =
      Executor::Bind(*Step(Form::kMulti), Bindings(Form::kMulti, model, 1));
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->SetAll("lrs", 0).ok());
  ASSERT_TRUE(step->SetAll("momentum", 0).ok());
  const std::string before = model.weights[0].ToString();
  ASSERT_TRUE(step->Run().ok());
  EXPECT_EQ(model.weights[0].ToString(), before);
}

std::string BindError(const MultiSgdUpdateAttrs& attrs) {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w", {.shape = {2}, .dtype = DType::kFloat32});
  const Symbol g = b.Variable("g");
  b.Add("multi_sgd_update", {w, g}, attrs, {.name = "step"});
  const auto graph = b.Build({b.Find("step")});
  if (!graph.ok()) return std::string(graph.status().message());
  return std::string(MakePlan(*graph, {}, {}).status().message());
}

TEST(MultiUpdateTest, ChecksTheNumberOfRates) {
  EXPECT_EQ(
      BindError({.lrs = std::vector{1.0f, 2.0f}, .wds = std::vector{0.0f}}),
      "node 'step' (multi_sgd_update): attribute 'lrs': expected 1 values "
      "(num_weights), found 2");
  EXPECT_EQ(
      BindError({.lrs = {1.0f}, .wds = std::vector<float>{}}),
      "node 'step' (multi_sgd_update): attribute 'wds': expected 1 values "
      "(num_weights), found 0");
}

}  // namespace
}  // namespace minnow
