// Pointwise fusion: which steps run together, and that it changes no bit.
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/sgd.h"
#include "minnow/tests/arrays.h"
#include "minnow/train/mlp.h"

namespace minnow {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using enum Fusion;

// How each step of the plan runs together with the one before it.
std::vector<Fusion> Fused(const Graph& graph,
                          const absl::flat_hash_map<std::string, Shape>& shapes,
                          bool fuse = true) {
  absl::flat_hash_map<std::string, VariableType> types;
  for (const auto& [name, shape] : shapes) types[name] = {.shape = shape};
  auto plan = MakePlan(graph, types, {.rewrites = {.fuse = fuse}});
  EXPECT_TRUE(plan.ok()) << plan.status();
  std::vector<Fusion> fused;
  for (const PlanStep& step : plan->steps) fused.push_back(step.fusion);
  return fused;
}

TEST(FusionTest, ElementwiseStepsRunTogether) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x"), y = b.Variable("y");
  const Symbol z = b.Add("tanh", {x * 2.0f + y});
  EXPECT_THAT(Fused(*b.Build({z}), {{"x", {5, 3}}, {"y", {5, 3}}}),
              ElementsAre(kNone, kChain, kChain));
}

TEST(FusionTest, CanBeSwitchedOff) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x");
  EXPECT_THAT(Fused(*b.Build({x * 2.0f + 1.0f}), {{"x", {5}}}, false),
              ElementsAre(kNone, kNone));
}

TEST(FusionTest, OneElementCountsForAll) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x"), scale = b.Variable("scale");
  const Symbol y = b.Add("broadcast_mul", {b.Add("tanh", {x}), scale});
  EXPECT_THAT(Fused(*b.Build({y}), {{"x", {5, 3}}, {"scale", {1}}}),
              ElementsAre(kNone, kChain));
}

TEST(FusionTest, OtherSizesAndOtherOperatorsRunApart) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x"), row = b.Variable("row");
  // A row that is repeated is no single element.
  const Symbol y = b.Add("broadcast_add", {b.Add("tanh", {x}), row});
  const Symbol z = b.Add("dot", {b.Add("tanh", {-y}), x});
  EXPECT_THAT(
      Fused(*b.Build({b.Add("tanh", {z})}), {{"x", {3, 3}}, {"row", {1, 3}}}),
      ElementsAre(kNone, kNone, kNone, kChain, kNone, kNone));
}

TEST(FusionTest, AReductionReadsWhatAChainMakes) {
  using Axes = std::vector<int64_t>;
  const auto last_of = [](std::optional<Axes> axes) {
    GraphBuilder b(BuiltinOps());
    const Symbol difference = b.Variable("x") - b.Variable("y");
    const Symbol sum =
        op::Sum(difference * difference, {.axis = std::move(axes)});
    return Fused(*b.Build({sum}), {{"x", {5, 3, 4}}, {"y", {5, 3, 4}}}).back();
  };
  for (const Axes& axes : {Axes{}, {0}, {1}, {2}, {0, 1}, {1, 2}}) {
    EXPECT_EQ(last_of(axes), kReader) << absl::StrJoin(axes, ",");
  }
  EXPECT_EQ(last_of(std::nullopt), kReader);
  // Its elements do not follow one another.
  EXPECT_EQ(last_of(Axes{0, 2}), kNone);
}

// Of lines and of columns, in one block or in many, with some left over.
TEST(FusionTest, AReductionOfAChainHasTheSameBits) {
  using Axes = std::vector<int64_t>;
  std::mt19937 random(5);
  for (const Shape& shape : {Shape{5, 3, 4}, Shape{3, 70, 1001},
                             Shape{2, 40'001, 3}, Shape{1, 1, 70'001}}) {
    NDArray x = *NDArray::Zeros(shape, DType::kFloat32);
    for (float& value : x.values<float>()) {
      value = static_cast<float>(random() % 1000) / 999;
    }
    for (const Axes& axes : {Axes{}, {0}, {1}, {2}, {0, 1}, {1, 2}, {0, 2}}) {
      GraphBuilder b(BuiltinOps());
      const Symbol difference = b.Variable("x") - 0.5f;
      const Graph graph = *b.Build(
          {op::Sum(difference * difference, {.axis = axes}), difference});
      std::vector<Executor> steps;
      for (const bool fuse : {false, true}) {
        steps.push_back(*Executor::Bind(
            graph, {.variables = {{"x", x}}, .rewrites = {.fuse = fuse}}));
        ASSERT_TRUE(steps.back().Run().ok());
      }
      for (size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(steps[0].Output(i).values<float>(),
                  steps[1].Output(i).values<float>())
            << shape.ToString() << " over " << absl::StrJoin(axes, ",");
      }
    }
  }
}

TEST(FusionTest, NothingJoinsBehindAReader) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x");
  const Symbol y = b.Add("tanh", {x});
  const Symbol z = b.Add("negative", {b.Add("broadcast_sub", {y, op::Sum(y)})});
  EXPECT_THAT(Fused(*b.Build({z}), {{"x", {5, 3}}}),
              ElementsAre(kNone, kReader, kNone, kChain));
}

absl::StatusOr<int64_t> PrepareSize(const Attrs&,
                                    absl::Span<const Shape> shapes) {
  return shapes[0].num_elements();
}

// Has all elements made, and fails.
absl::Status ReadAndFail(const RunContext& context, const NoAttrs&,
                         const int64_t& size, Dense<const float>,
                         Dense<float>) {
  if (!context.produce.is_set()) return absl::InternalError("no producer");
  context.produce(0, size);
  return absl::ResourceExhaustedError("no memory");
}

TEST(FusionTest, AReaderThatFailsNamesItselfAndWhatHasChanged) {
  Kernel kernel = KernelOf<ReadAndFail, PrepareSize>();
  kernel.reads_blocks = [](const void*) { return true; };
  OpDef reader;
  reader.name = "reader";
  reader.inputs = {"x"};
  reader.shape = SameShape;
  reader.kernels = {kernel};
  auto ops = std::make_shared<OpRegistry>(*BuiltinOps());
  ASSERT_TRUE(ops->Add(std::move(reader)).ok());
  GraphBuilder b(ops);
  const VariableAttrs numbers = {.shape = {4}, .init = Initializer::One()};
  const Symbol w = b.Variable("w", numbers);
  const Symbol next =
      op::SgdUpdate(w, b.Variable("g", numbers), {.lr = 0.5f}, {.out = w});
  const Symbol read = b.Add("reader", {next}, {}, {.name = "last"});
  Executor step = *Executor::Bind(*b.Build({read}), {});
  EXPECT_EQ(std::string(step.Run().message()),
            "node 'last' (reader): no memory; the run had changed 'w', the "
            "executor is broken");
  EXPECT_FALSE(step.Run().ok());
  EXPECT_THAT(step.Variable("w")->values<float>(), Each(0.5f));
}

// What is no longer needed may have given its memory to what the reduction
// writes, while the chain has still to read it.
TEST(FusionTest, AReductionDoesNotWriteToWhatTheChainReads) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x");
  const Symbol a = b.Add("dot", {x, x}), c = b.Add("dot", {a, x});
  const Symbol sum = op::Sum(b.Add("broadcast_add", {a, c}), {.axis = {{0}}});
  const Graph graph = *b.Build({sum});
  const NDArray ones = *NDArray::FromValues<float>(
      {300, 300}, std::vector<float>(90000, 0.125f));
  std::vector<NDArray> results;
  for (const bool fuse : {false, true}) {
    auto step = *Executor::Bind(
        graph, {.variables = {{"x", ones}}, .rewrites = {.fuse = fuse}});
    ASSERT_TRUE(step.Run().ok());
    results.push_back(step.Output(0));
  }
  EXPECT_EQ(results[0].values<float>(), results[1].values<float>());
}

// Updates of `sizes.size()` weights.
Graph ManyUpdates(const std::vector<int64_t>& sizes) {
  GraphBuilder b(BuiltinOps());
  std::vector<Symbol> outputs;
  for (const int64_t size : sizes) {
    const std::string i = absl::StrCat(outputs.size());
    const VariableAttrs numbers = {.shape = {size},
                                   .dtype = DType::kFloat32,
                                   .init = Initializer::Normal(1)};
    const Symbol w = b.Variable("w" + i, numbers);
    outputs.push_back(op::SgdMomUpdate(
        w, b.Variable("g" + i, numbers), b.Variable("m" + i),
        {.lr = 0.1f, .momentum = 0.5f, .wd = 0.01f}, {.out = w}));
  }
  return *b.Build(outputs);
}

TEST(FusionTest, UpdatesRunSideBySide) {
  EXPECT_THAT(Fused(ManyUpdates({3, 70000, 1}), {}),
              ElementsAre(kNone, kBeside, kBeside));
}

TEST(FusionTest, UpdatesThatNeedOneAnotherDoNotRunSideBySide) {
  GraphBuilder b(BuiltinOps());
  const VariableAttrs numbers = {.shape = {4}, .init = Initializer::One()};
  const Symbol v = b.Variable("v", numbers), w = b.Variable("w", numbers);
  const Symbol next =
      op::SgdUpdate(v, b.Variable("g", numbers), {.lr = 0.1f}, {.out = v});
  op::SgdUpdate(w, next, {.lr = 0.1f}, {.out = w});
  EXPECT_THAT(Fused(*b.Build({}), {}), ElementsAre(kNone, kChain));
}

TEST(FusionTest, SideBySideChangesNoBitOnAnyNumberOfThreads) {
  std::vector<int64_t> sizes = {0, 100000, 1, 32768, 32769};
  for (int64_t i = 0; i < 300; ++i) sizes.push_back(1 + i * 7);
  const Graph graph = ManyUpdates(sizes);
  auto apart =
      *Executor::Bind(graph, {.threads = 1, .rewrites = {.fuse = false}});
  for (int run = 0; run < 3; ++run) ASSERT_TRUE(apart.Run().ok());
  for (int threads : {1, 2, 3}) {
    auto beside = *Executor::Bind(graph, {.threads = threads});
    for (int run = 0; run < 3; ++run) ASSERT_TRUE(beside.Run().ok());
    for (const std::string& name : apart.VariableNames()) {
      ASSERT_TRUE(SameBits(*beside.Variable(name), *apart.Variable(name)))
          << name << ", threads " << threads;
    }
  }
}

// A few steps of training fully connected layers of these widths.
absl::StatusOr<Executor> TrainedMlp(const std::vector<int64_t>& layers,
                                    BindOptions options) {
  constexpr int64_t kBatch = 24;
  MINNOW_ASSIGN_OR_RETURN(
      const Graph graph,
      BuildMlp({.features = layers[0],
                .hidden = {layers[1], layers[2]},
                .classes = layers[3]},
               SgdOptimizer({.lr = 0.1f, .momentum = 0.9f})));
  NDArray data = *NDArray::Zeros({kBatch, layers[0]}, DType::kFloat32);
  NDArray label = *NDArray::Zeros({kBatch}, DType::kFloat32);
  std::mt19937 random(1);
  for (float& x : data.values<float>()) {
    x = static_cast<float>(random() % 1000) / 1000;
  }
  for (float& x : label.values<float>()) {
    x = static_cast<float>(random() % static_cast<uint32_t>(layers[3]));
  }
  options.variables = {{"data", data}, {"label", label}};
  options.training = true;
  MINNOW_ASSIGN_OR_RETURN(Executor step,
                          Executor::Bind(graph, std::move(options)));
  for (int run = 0; run < 3; ++run) MINNOW_RETURN_IF_ERROR(step.Run());
  return step;
}

TEST(FusionTest, TrainingChangesNoBitOnAnyNumberOfThreads) {
  for (const std::vector<int64_t>& layers :
       {std::vector<int64_t>{5, 3, 2, 2}, {784, 256, 128, 10}}) {
    const auto apart =
        TrainedMlp(layers, {.threads = 1, .rewrites = {.fuse = false}});
    ASSERT_TRUE(apart.ok()) << apart.status();
    for (int threads : {1, 2, 3}) {
      const auto fused = TrainedMlp(layers, {.threads = threads});
      ASSERT_TRUE(fused.ok()) << fused.status();
      for (const std::string& name : apart->VariableNames()) {
        ASSERT_TRUE(SameBits(*fused->Variable(name), *apart->Variable(name)))
            << name << ", threads " << threads;
      }
    }
  }
}

TEST(FusionTest, ThePlanShowsIt) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x", {.shape = {4}});
  auto plan = MakePlan(*b.Build({x * 2.0f + 1.0f}), {}, {});
  EXPECT_THAT(plan->ToString(), HasSubstr("fused with step 0"));
  plan =
      MakePlan(*b.Build({x * 2.0f + 1.0f}), {}, {.rewrites = {.fuse = false}});
  EXPECT_THAT(plan->ToString(), Not(HasSubstr("fused")));
}

TEST(FusionTest, FusedStepsAreOneInTheProfile) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x", {.shape = {4}, .init = Initializer::One()});
  const Symbol y = b.Add("tanh", {x}, {}, {.name = "first"});
  const Symbol z = b.Add("negative", {y}, {}, {.name = "last"});
  auto step = *Executor::Bind(*b.Build({z}), {.profile = true});
  ASSERT_TRUE(step.Run().ok());
  const std::string table = step.profile()->ToTable(step.plan(), {1e9, 1e9});
  EXPECT_THAT(table, HasSubstr("first .. last"));
  EXPECT_THAT(table, HasSubstr("2 fused"));
}

// Random trees of elementwise operators in several types on arrays of one
// shape, on single elements and, so that not all is fused, on rows.
class RandomTrees {
 public:
  explicit RandomTrees(uint32_t seed, Shape shape)
      : random_(seed), b_(BuiltinOps()) {
    for (const DType dtype : kTypes) {
      Family& family = families_.emplace_back();
      for (int i = 0; i < 2; ++i) {
        family.push_back(Variable(dtype, shape));
      }
      family.push_back(Variable(dtype, {1}));
      family.push_back(Variable(dtype, {shape[1]}));
      // So that all have the full shape.
      for (Symbol& x : family) x = b_.Add("broadcast_add", {family[0], x});
    }
    const size_t nodes = 5 + Below(30);
    for (size_t i = 0; i < nodes; ++i) AddNode();
  }

  absl::StatusOr<Graph> Build() {
    std::vector<Symbol> outputs = reductions_;
    for (Family& family : families_) {
      outputs.push_back(family.back());
      outputs.push_back(Any(family));
    }
    return b_.Build(outputs);
  }

  // Of the variables that the graph needs.
  absl::flat_hash_map<std::string, NDArray> ArraysFor(const Graph& graph) {
    absl::flat_hash_map<std::string, NDArray> arrays;
    for (const auto& [name, array] : arrays_) {
      if (graph.Find(name) >= 0) arrays[name] = array;
    }
    return arrays;
  }

 private:
  using Family = std::vector<Symbol>;
  static constexpr DType kTypes[] = {DType::kFloat32, DType::kFloat64,
                                     DType::kFloat16, DType::kInt8};

  size_t Below(size_t n) { return random_() % n; }
  Symbol Any(const Family& family) { return family[Below(family.size())]; }

  Symbol Variable(DType dtype, const Shape& shape) {
    const std::string name = absl::StrCat("v", arrays_.size());
    NDArray array = *NDArray::Zeros(shape, dtype);
    VisitDType(dtype, [&]<typename T>() {
      for (T& value : array.values<T>()) {
        value = static_cast<T>(static_cast<float>(Below(17)) / 4 - 2);
      }
    });
    arrays_[name] = array;
    return b_.Variable(name);
  }

  void AddNode() {
    static constexpr const char* kUnary[] = {"negative", "abs", "square",
                                             "sign", "_copy"};
    static constexpr const char* kBinary[] = {"broadcast_add", "elemwise_sub",
                                              "broadcast_maximum",
                                              "elemwise_mul", "_lesser"};
    Family& family = families_[Below(families_.size())];
    switch (Below(5)) {
      case 0:
        family.push_back(b_.Add(kUnary[Below(5)], {Any(family)}));
        break;
      case 1:
        family.push_back(b_.Add(kBinary[Below(5)], {Any(family), Any(family)}));
        break;
      case 2:
        // Of int8 it is float64.
        family.push_back(b_.Add("_cast_like", {Any(family) * 2.0f, family[0]}));
        break;
      case 3: {
        const Symbol from = Any(families_[Below(families_.size())]);
        family.push_back(b_.Add("_cast_like", {from, Any(family)}));
        break;
      }
      case 4:
        AddReduction(family.back());
        break;
    }
  }

  // Over all axes, or over one; what comes behind the chain.
  void AddReduction(const Symbol& x) {
    static constexpr const char* kReductions[] = {"sum", "max", "mean", "prod"};
    ReduceAttrs attrs;
    if (const size_t axis = Below(3); axis < 2) {
      attrs.axis = {static_cast<int64_t>(axis)};
    }
    reductions_.push_back(b_.Add(kReductions[Below(4)], {x}, attrs));
  }

  std::mt19937 random_;
  GraphBuilder b_;
  std::vector<Family> families_;
  std::vector<Symbol> reductions_;
  absl::flat_hash_map<std::string, NDArray> arrays_;
};

TEST(FusionTest, ChangesNoBitOnAnyNumberOfThreads) {
  size_t num_fused = 0, num_readers = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    // Of one piece, of some, and of many blocks.
    const Shape shape = {1 + seed % 3 * 400, 97};
    RandomTrees trees(seed, shape);
    const absl::StatusOr<Graph> graph = trees.Build();
    ASSERT_TRUE(graph.ok()) << graph.status();
    const auto arrays = trees.ArraysFor(*graph);
    auto apart = Executor::Bind(
        *graph,
        {.variables = arrays, .threads = 1, .rewrites = {.fuse = false}});
    ASSERT_TRUE(apart.ok()) << apart.status();
    ASSERT_TRUE(apart->Run().ok());
    for (int threads : {1, 2, 3}) {
      auto fused =
          *Executor::Bind(*graph, {.variables = arrays, .threads = threads});
      ASSERT_TRUE(fused.Run().ok());
      for (size_t i = 0; i < fused.num_outputs(); ++i) {
        ASSERT_TRUE(SameBits(fused.Output(i), apart->Output(i)))
            << "seed " << seed << ", output " << i << "\n"
            << fused.plan().ToString();
      }
      for (const PlanStep& step : fused.plan().steps) {
        num_fused += step.fusion == kChain;
        num_readers += step.fusion == kReader;
      }
    }
  }
  EXPECT_GT(num_fused, 1000);
  EXPECT_GT(num_readers, 100);
}

// Arithmetic in place, with numbers, arrays and one element that counts for
// all, on either side.
absl::StatusOr<Graph> RandomArithmetic(uint32_t seed, const Shape& shape,
                                       DType dtype) {
  static constexpr const char* kScalar[] = {"_plus_scalar",   "_minus_scalar",
                                            "_rminus_scalar", "_mul_scalar",
                                            "_div_scalar",    "_rdiv_scalar"};
  static constexpr const char* kBinary[] = {"broadcast_add", "broadcast_sub",
                                            "broadcast_mul", "broadcast_div"};
  std::mt19937 random(seed);
  GraphBuilder b(BuiltinOps());
  const Symbol z = b.Variable("z", {.shape = shape, .dtype = dtype});
  const Symbol one = b.Variable("one", {.shape = {1}, .dtype = dtype});
  Symbol x = b.Variable("x", {.shape = shape, .dtype = dtype});
  Symbol kept = z;
  for (int i = 0; i < 150; ++i) {
    const Symbol others[] = {z, one, kept, x};
    const size_t choice = random() % 16;
    if (choice < 10) {
      const double number = 0.5 + static_cast<double>(random() % 100) / 100;
      x = b.Add(kScalar[random() % 6], {x}, ScalarAttrs{.scalar = number});
    } else if (choice < 15) {
      const Symbol other = others[random() % 4];
      const bool reversed = random() % 2 == 0;
      x = b.Add(kBinary[random() % 4], {reversed ? other : x,  //
                                        reversed ? x : other});
    } else {
      kept = x;
    }
  }
  return b.Build({x});
}

TEST(FusionTest, ArithmeticInRegistersChangesNoBit) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const DType dtype = seed % 2 == 0 ? DType::kFloat32 : DType::kFloat64;
    const Shape shape = {1 + seed % 4 * 300, seed % 4 == 0 ? 1 : 97};
    const absl::StatusOr<Graph> graph = RandomArithmetic(seed, shape, dtype);
    ASSERT_TRUE(graph.ok()) << graph.status();
    absl::flat_hash_map<std::string, NDArray> arrays;
    std::mt19937 random(seed);
    for (const auto& [name, size] :
         {std::pair{"x", shape}, {"z", shape}, {"one", Shape{1}}}) {
      NDArray array = *NDArray::Zeros(size, dtype);
      VisitDType(dtype, [&]<typename T>() {
        for (T& value : array.values<T>()) {
          value = static_cast<T>(0.5f + static_cast<float>(random() % 64) / 64);
        }
      });
      if (graph->Find(name) >= 0) arrays[name] = array;
    }
    auto apart = *Executor::Bind(
        *graph, {.variables = arrays, .rewrites = {.fuse = false}});
    auto fused = *Executor::Bind(*graph, {.variables = arrays});
    ASSERT_TRUE(apart.Run().ok() && fused.Run().ok());
    EXPECT_TRUE(SameBits(fused.Output(0), apart.Output(0))) << "seed " << seed;
  }
}

}  // namespace
}  // namespace minnow
