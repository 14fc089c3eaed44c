#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/plan.h"
#include "minnow/graph/storage.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <template <typename> class View>
absl::Status SumOfStored(const RunContext&, const NoAttrs&, View<const float> x,
                         Dense<float> out) {
  out.values[0] = 0;
  for (float value : x.values) out.values[0] += value;
  return absl::OkStatus();
}

// Takes a csr array beside a dense one, or two dense ones.
template <template <typename> class View>
absl::Status First(const RunContext&, const NoAttrs&, View<const float> x,
                   Dense<const float>, Dense<float> out) {
  out.values[0] = x.values.empty() ? 0 : x.values[0];
  return absl::OkStatus();
}

absl::Status InferOne(ShapeInference& node) {
  return node.MergeOutput(0, Shape{1});
}

class StorageTest : public ::testing::Test {
 protected:
  StorageTest() {
    auto ops = std::make_shared<OpRegistry>(*BuiltinOps());
    for (OpDef& op : std::vector<OpDef>{
             {.name = "sum_of_stored",
     .doc = "out = sum(data)",
     .inputs = {"data"},
     .shape = InferOne,
     .kernels = {KernelOf<SumOfStored<Dense>>(),
                 KernelOf<SumOfStored<RowSparse>>(),
                 KernelOf<SumOfStored<Csr>>()}},
             {.name = "first",
             .doc = "out = the first stored value of lhs",
             .inputs = {"lhs", "rhs"},
             .shape = InferOne,
             .kernels = {KernelOf<First<Dense>>(), KernelOf<First<Csr>>()}}}) {
      EXPECT_TRUE(ops->Add(std::move(op)).ok());
    }
    ops_ = std::move(ops);
  }

  // A step whose gradient is csr, which no kernel takes.
  Graph Step() {
    GraphBuilder b(ops_);
    Symbol w = b.Variable("weight");
    return *b.Build({op::SgdMomUpdate(w, b.Variable("grad"), b.Variable("mom"),
                                      {.lr = 1.0f}, {.out = w})});
  }

  std::shared_ptr<const OpRegistry> ops_;
  const absl::flat_hash_map<std::string, VariableType> csr_grad_ = {
      {"weight", {.shape = {4, 3}}}, {"grad", {.storage = StorageType::kCsr}}};
};

TEST_F(StorageTest, RunsTheKernelOfTheStorage) {
  GraphBuilder b(ops_);
  const Graph graph =
      *b.Build({b.Add("sum_of_stored", {b.Variable("x", {.shape = {4, 3}})})});
  for (StorageType storage :
       {StorageType::kDense, StorageType::kRowSparse, StorageType::kCsr}) {
    const auto plan = MakePlan(graph, {{"x", {.storage = storage}}}, {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    ASSERT_EQ(plan->steps.size(), 1u);
    EXPECT_EQ(plan->steps[0].kernel->args[0].storage, storage);
    EXPECT_EQ(plan->num_fallbacks, 0);
  }
}

TEST_F(StorageTest, ConvertsTheFewestInputs) {
  GraphBuilder b(ops_);
  Symbol x = b.Variable("x", {.shape = {4, 3}, .stype = StorageType::kCsr});
  Symbol y = b.Variable("y", {.shape = {4, 3}, .stype = StorageType::kCsr});
  const Graph graph = *b.Build({b.Add("first", {x, y})});
  const ValueIndex index(graph);
  const ValueTypes types = *InferTypes(graph, index, {});
  const auto choice = ChooseKernels(graph, index, types, {});
  ASSERT_TRUE(choice.ok()) << choice.status();
  ASSERT_EQ(choice->fallbacks.size(), 1u);
  EXPECT_EQ(choice->fallbacks[0].node, 2);
  EXPECT_EQ(choice->fallbacks[0].input, 1);
  EXPECT_EQ(KernelText(*choice->kernels[2][0]), "csr,dense,dense float32");
  EXPECT_TRUE(NeedsCasts(graph, index, *choice));

  std::vector<bool> inserted;
  const auto with_casts = InsertCasts(graph, index, *choice, inserted);
  ASSERT_TRUE(with_casts.ok()) << with_casts.status();
  EXPECT_TRUE(ValidateGraph(*with_casts).ok());
  ASSERT_EQ(with_casts->nodes.size(), 4u);
  EXPECT_EQ(with_casts->nodes[2].name, "cast_storage0");
  EXPECT_THAT(with_casts->nodes[2].inputs, ElementsAre(NodeOutput{1, 0}));
  EXPECT_THAT(with_casts->nodes[3].inputs,
              ElementsAre(NodeOutput{0, 0}, NodeOutput{2, 0}));
}

TEST_F(StorageTest, ThePlanShowsWhatAFallbackCosts) {
  const auto plan = MakePlan(Step(), csr_grad_, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->num_fallbacks, 1);
  EXPECT_EQ(plan->fallback_bytes, 48);
  const std::string text = plan->ToString();
  EXPECT_THAT(text, HasSubstr("cast_storage csr->dense"));
  EXPECT_THAT(text, HasSubstr("fallback for sgd_mom_update0.grad"));
  EXPECT_THAT(text, HasSubstr("; 1 fallback, 48 bytes\n"));
}

TEST_F(StorageTest, AFallbackComputesWhatTheDenseKernelWould) {
  const NDArray values = *NDArray::FromValues<float>({2}, {3.0f, 5.0f});
  NDArray weight = *NDArray::Zeros({4, 3}, DType::kFloat32);
  auto step = Executor::Bind(
      Step(),
      {.variables = {
           {"weight", weight},
           {"grad", *NDArray::Csr({4, 3}, values, {0, 1, 1, 2, 2}, {2, 0})}}});
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(step->Run().ok());
  EXPECT_THAT(weight.values<float>(),
              ElementsAre(0, 0, -3, 0, 0, 0, -5, 0, 0, 0, 0, 0));
}

TEST_F(StorageTest, StrictModeRefusesAFallback) {
  EXPECT_EQ(
      MakePlan(Step(), csr_grad_, {.strict_storage = true}).status().message(),
      "node 'sgd_mom_update0' (sgd_mom_update): argument 'grad': expected a "
      "storage that a kernel takes (strict), found csr, which would be "
      "converted to dense");
}

TEST_F(StorageTest, ListsTheKernelsWhereNoneFits) {
  GraphBuilder b(ops_);
  Symbol x = b.Variable("x", {.shape = {2}, .dtype = DType::kInt32});
  EXPECT_EQ(
      MakePlan(*b.Build({b.Add("first", {x, x})}), {}, {}).status().message(),
      "node 'first0' (first): expected arguments that a kernel takes "
      "(dense,dense,dense float32; csr,dense,dense float32), found dense "
      "int32, dense int32, -> int32");
}

}  // namespace
}  // namespace minnow
