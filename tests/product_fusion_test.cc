// Products that give each block of their result to the update behind them: when
// they do, and that it changes no bit.
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/executor/profile.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/adam.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/dot.h"
#include "minnow/ops/sgd.h"
#include "minnow/tests/arrays.h"
#include "minnow/train/mlp.h"

namespace minnow {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using enum Fusion;

// A batch whose product is larger than a cache, and ends with smaller blocks.
constexpr int64_t kBatch = 9, kRows = 2051, kColumns = 1100;

VariableAttrs Numbers(const Shape& shape, DType dtype = DType::kFloat32) {
  return {.shape = shape, .dtype = dtype, .init = Initializer::Normal(1)};
}

// The gradient of a weight of `rows` x `columns`, from a batch.
struct Layer {
  explicit Layer(GraphBuilder& b, int64_t batch = kBatch, int64_t rows = kRows,
                 int64_t columns = kColumns, DType dtype = DType::kFloat32)
      : weight(b.Variable("weight", Numbers({rows, columns}, dtype))),
        head(b.Variable("head", Numbers({batch, rows}, dtype))),
        data(b.Variable("data", Numbers({batch, columns}, dtype))),
        grad(op::Dot(head, data, {.transpose_a = true})) {}

  Symbol weight, head, data, grad;
};

void AddUpdate(GraphBuilder& b, Symbol weight, Symbol grad) {
  op::SgdMomUpdate(weight, grad, b.Variable("mom"),
                   {.lr = 0.1f, .momentum = 0.9f, .wd = 0.01f},
                   {.out = weight});
}

std::vector<Fusion> FusionsOf(const Plan& plan) {
  std::vector<Fusion> fusions;
  for (const PlanStep& step : plan.steps) fusions.push_back(step.fusion);
  return fusions;
}

std::vector<Fusion> FusionsOf(const Graph& graph) {
  auto plan = MakePlan(graph, {}, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  return FusionsOf(*plan);
}

// Runs with fusion, on any number of threads, leave the same bits as without.
void ExpectSameBits(const Graph& graph, const BindOptions& options = {}) {
  const auto run = [&](int threads, bool fuse) {
    BindOptions with = options;
    with.threads = threads;
    with.rewrites.fuse = fuse;
    Executor step = *Executor::Bind(graph, std::move(with));
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(step.Run().ok());
    return step;
  };
  const Executor apart = run(1, false);
  for (int threads : {1, 3}) {
    const Executor fused = run(threads, true);
    for (size_t i = 0; i < apart.num_outputs(); ++i) {
      EXPECT_TRUE(SameBits(fused.Output(i), apart.Output(i)))
          << "output " << i << ", threads " << threads;
    }
    for (const std::string& name : apart.VariableNames()) {
      EXPECT_TRUE(SameBits(*fused.Variable(name), *apart.Variable(name)))
          << name << ", threads " << threads;
    }
  }
}

TEST(ProductFusionTest, AnUpdateConsumesALargeGradientOnAnyNumberOfThreads) {
  GraphBuilder b(BuiltinOps());
  const Layer layer(b);
  AddUpdate(b, layer.weight, layer.grad);
  const Graph graph = *b.Build({});
  EXPECT_THAT(FusionsOf(graph), ElementsAre(kNone, kConsumer));
  EXPECT_THAT(MakePlan(graph, {}, {})->ToString(),
              HasSubstr("consumes blocks of step 0"));
  ExpectSameBits(graph);
}

TEST(ProductFusionTest, AnyUpdateAndTypeWillDo) {
  for (const DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    GraphBuilder b(BuiltinOps());
    const Layer layer(b, 3, 2051, 2100, dtype);
    op::AdamUpdate(layer.weight, layer.grad, b.Variable("mean"),
                   b.Variable("var"), {.lr = 0.1f}, {.out = layer.weight});
    const Graph graph = *b.Build({});
    EXPECT_THAT(FusionsOf(graph), ElementsAre(kNone, kConsumer))
        << DTypeName(dtype);
    ExpectSameBits(graph);
  }
}

TEST(ProductFusionTest, MoreStepsMayFollowTheOneThatConsumes) {
  GraphBuilder b(BuiltinOps());
  const Layer layer(b);
  const Symbol other = b.Variable("other", Numbers({kRows, kColumns}));
  AddUpdate(b, layer.weight, layer.grad);
  op::SgdUpdate(other, layer.weight, {.lr = 0.1f}, {.out = other});
  const Graph graph = *b.Build({});
  EXPECT_THAT(FusionsOf(graph), Contains(kConsumer));
  ExpectSameBits(graph);
}

TEST(ProductFusionTest, AFactorThatIsKeptIsUsed) {
  GraphBuilder b(BuiltinOps());
  const Layer layer(b, kBatch, kRows, kColumns, DType::kFloat64);
  AddUpdate(b, layer.weight, layer.grad);
  const Graph graph = *b.Build({});
  ExpectSameBits(graph, {.constants = {"data"}});
}

TEST(ProductFusionTest, SmallResultsAndLongSumsStayApart) {
  for (const auto& [batch, rows] :
       {std::pair<int64_t, int64_t>{kBatch, 1000}, {500, kRows}, {0, kRows}}) {
    GraphBuilder b(BuiltinOps());
    const Layer layer(b, batch, rows);
    AddUpdate(b, layer.weight, layer.grad);
    EXPECT_THAT(FusionsOf(*b.Build({})), Each(kNone)) << batch << ", " << rows;
  }
}

TEST(ProductFusionTest, AGradientThatOthersWantIsMadeAsAWhole) {
  {  // An output.
    GraphBuilder b(BuiltinOps());
    const Layer layer(b);
    AddUpdate(b, layer.weight, layer.grad);
    EXPECT_THAT(FusionsOf(*b.Build({layer.grad})), Each(kNone));
  }
  {  // Two updates.
    GraphBuilder b(BuiltinOps());
    const Layer layer(b);
    AddUpdate(b, layer.weight, layer.grad);
    const Symbol other = b.Variable("other", Numbers({kRows, kColumns}));
    op::SgdUpdate(other, layer.grad, {.lr = 0.1f}, {.out = other});
    const Graph graph = *b.Build({});
    EXPECT_THAT(FusionsOf(graph), ElementsAre(kNone, kNone, kBeside));
    ExpectSameBits(graph);
  }
  {  // A node that changes it, and so has no argument for the old value.
    GraphBuilder b(BuiltinOps());
    const Layer layer(b);
    const Symbol other = b.Variable("other", Numbers({kRows, kColumns}));
    const Symbol next = op::SgdUpdate(layer.grad, other, {.lr = 0.1f});
    const Graph graph = *b.Build({layer.grad * 0.5f, next});
    EXPECT_THAT(FusionsOf(graph), Not(Contains(kConsumer)));
    ExpectSameBits(graph);
  }
  {  // One that reads it twice.
    GraphBuilder b(BuiltinOps());
    const Layer layer(b);
    const Graph graph = *b.Build({layer.grad * layer.grad});
    EXPECT_THAT(FusionsOf(graph), Each(kNone));
  }
}

// What takes the memory of the product would write to where its blocks lie.
TEST(ProductFusionTest, AResultInTheMemoryOfTheProductIsMadeApart) {
  GraphBuilder b(BuiltinOps());
  const Layer layer(b);
  AddUpdate(b, layer.weight, layer.grad * 0.5f);
  const Graph graph = *b.Build({});
  EXPECT_THAT(FusionsOf(graph), Not(Contains(kConsumer)));
  ExpectSameBits(graph);
}

TEST(ProductFusionTest, ArraysMayBeReplaced) {
  GraphBuilder b(BuiltinOps());
  const Layer layer(b);
  AddUpdate(b, layer.weight, layer.grad);
  const Graph graph = *b.Build({});
  std::vector<NDArray> weights;
  for (const bool fuse : {false, true}) {
    Executor step = *Executor::Bind(graph, {.rewrites = {.fuse = fuse}});
    ASSERT_TRUE(step.Run().ok());
    for (const auto& [name, rows] :
         {std::pair{"weight", kRows}, {"data", kBatch}}) {
      NDArray ones = *NDArray::Zeros({rows, kColumns}, DType::kFloat32);
      for (float& x : ones.values<float>()) x = 1;
      ASSERT_TRUE(step.SetInput(name, ones).ok());
    }
    ASSERT_TRUE(step.Run().ok());
    weights.push_back(*step.Variable("weight"));
  }
  EXPECT_EQ(weights[0].values<float>(), weights[1].values<float>());
}

TEST(ProductFusionTest, TheUpdateOfALayerFollowsItsGradient) {
  const Graph graph = *BuildMlp(
      {.features = kColumns, .hidden = {kRows, kColumns}, .classes = 3},
      SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}));
  NDArray data = *NDArray::Zeros({kBatch, kColumns}, DType::kFloat32);
  std::mt19937 random(1);
  for (float& x : data.values<float>()) {
    x = static_cast<float>(random() % 1000) / 1000;
  }
  const NDArray label = *NDArray::Zeros({kBatch}, DType::kFloat32);
  const BindOptions options = {.variables = {{"data", data}, {"label", label}},
                               .training = true};
  const Executor step = *Executor::Bind(graph, options);
  const std::vector<Fusion> fusions = FusionsOf(step.plan());
  EXPECT_EQ(std::count(fusions.begin(), fusions.end(), kConsumer), 2)
      << step.plan().ToString();
  ExpectSameBits(graph, options);
}

TEST(ProductFusionTest, TheProfileDoesNotCountWhatStaysInTheCache) {
  GraphBuilder b(BuiltinOps());
  const Layer layer(b);
  AddUpdate(b, layer.weight, layer.grad);
  const Plan plan = *MakePlan(*b.Build({}), {}, {});
  Profile profile;
  profile.Add(/*step=*/0, /*begin=*/0, /*end=*/1'000'000, /*regions=*/1);
  // Weight and momentum of 9.02 MB each, and 0.11 MB of factors, in 1 ms.
  EXPECT_THAT(profile.ToTable(plan, {1e9, 1e9}), HasSubstr(" 18.2 "));
}

absl::StatusOr<int64_t> PrepareHalf(const Attrs&,
                                    absl::Span<const Shape> shapes) {
  return shapes[0].num_elements() / 2;
}

// Gives its first half to the consumer, and fails.
absl::Status MakeHalf(const RunContext& context, const NoAttrs&,
                      const int64_t& half, Dense<const float> x, Dense<float>) {
  if (!context.consume.is_set()) return absl::InternalError("no consumer");
  context.consume(0, half, x.data());
  return absl::ResourceExhaustedError("no memory for the second half");
}

TEST(ProductFusionTest, AProducerThatFailsNamesWhatHasChanged) {
  Kernel kernel = KernelOf<MakeHalf, PrepareHalf>();
  kernel.writes_blocks = [](const void*) { return true; };
  auto ops = std::make_shared<OpRegistry>(*BuiltinOps());
  OpDef half;
  half.name = "half";
  half.inputs = {"x"};
  half.shape = SameShape;
  half.kernels = {kernel};
  ASSERT_TRUE(ops->Add(std::move(half)).ok());
  GraphBuilder b(ops);
  const Symbol weight = b.Variable("weight", Numbers({4}));
  const Symbol grad =
      b.Add("half", {b.Variable("x", Numbers({4}))}, {}, {.name = "first"});
  op::SgdUpdate(weight, grad, {.lr = 1.0f}, {.out = weight});
  Executor step = *Executor::Bind(*b.Build({}), {});
  const std::vector<float> old(step.Variable("weight")->values<float>().begin(),
                               step.Variable("weight")->values<float>().end());
  EXPECT_EQ(std::string(step.Run().message()),
            "node 'first' (half): no memory for the second half; the run "
            "had changed 'weight', the executor is broken");
  const NDArray changed = *step.Variable("weight");
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(changed.values<float>()[i] != old[i], i < 2) << i;
  }
}

}  // namespace
}  // namespace minnow
