// A run makes no allocation: all memory is there when a graph is bound. This is
// a program of its own, for it replaces the global operator new.
#include <atomic>
#include <cstdlib>
#include <new>

#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/batch_norm.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/convolution.h"
#include "minnow/ops/dot.h"
#include "minnow/ops/pooling.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/sgd.h"
#include "minnow/ops/slice.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/transpose.h"
#include "minnow/ops/unary.h"
#include "minnow/train/mlp.h"
#include "minnow/train/training_step.h"

namespace {

std::atomic<int64_t> num_allocations = 0;

void* Allocate(std::size_t size, std::size_t alignment) {
  num_allocations.fetch_add(1, std::memory_order_relaxed);
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace minnow {
namespace {

// Allocations of three runs, after a first one.
int64_t AllocationsOfRuns(Executor executor) {
  EXPECT_TRUE(executor.Run().ok());
  const int64_t before = num_allocations;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(executor.Run().ok());
  return num_allocations - before;
}

TEST(AllocationTest, TheCounterCounts) {
  const int64_t before = num_allocations;
  delete new int(1);
  EXPECT_EQ(num_allocations - before, 1);
}

TEST(AllocationTest, AStepOfAnMlpMakesNone) {
  const auto graph =
      BuildMlp({.features = 784, .hidden = {128, 64}, .classes = 10},
               SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}));
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (int64_t batch : {1, 64}) {
    for (int threads : {1, 2}) {
      auto step = Executor::Bind(
          *graph,
          {.variables = {{"data",
                          *NDArray::Zeros({batch, 784}, DType::kFloat32)},
                         {"label", *NDArray::Zeros({batch}, DType::kFloat32)}},
           .training = true,
           .threads = threads});
      ASSERT_TRUE(step.ok()) << step.status();
      EXPECT_EQ(AllocationsOfRuns(*std::move(step)), 0)
          << "batch " << batch << ", " << threads << " threads";
    }
  }
}

TEST(AllocationTest, DenseOperatorsMakeNone) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x", {.shape = {300, 500},
                                    .dtype = DType::kFloat32,
                                    .init = Initializer::Normal(1)});
  const Symbol y = op::Tanh(op::Transpose(x) * 2.0f);
  const auto graph = b.Build(
      {op::Softmax(y), op::Sum(y, {.axis = {{0}}}), op::Mean(y),
       b.Add("sort", {y}),
       op::SliceAxis(y, {.axis = 1, .begin = 3, .end = {40}}), y / 3.0f});
  ASSERT_TRUE(graph.ok()) << graph.status();
  auto executor = Executor::Bind(*graph, {.threads = 2});
  ASSERT_TRUE(executor.ok()) << executor.status();
  EXPECT_EQ(AllocationsOfRuns(*std::move(executor)), 0);
}

TEST(AllocationTest, AnUpdateThatConsumesAProductMakesNone) {
  GraphBuilder b(BuiltinOps());
  const auto variable = [&](absl::string_view name, const Shape& shape) {
    return b.Variable(name, {.shape = shape,
                             .dtype = DType::kFloat32,
                             .init = Initializer::Normal(1)});
  };
  const Symbol weight = variable("weight", {2051, 1100});
  const Symbol grad =
      op::Dot(variable("head", {5, 2051}), variable("data", {5, 1100}),
              {.transpose_a = true});
  op::SgdMomUpdate(weight, grad, b.Variable("mom"), {.lr = 0.1f},
                   {.out = weight});
  auto executor = Executor::Bind(*b.Build({}), {.threads = 2});
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_EQ(executor->plan().steps.back().fusion, Fusion::kConsumer);
  EXPECT_EQ(AllocationsOfRuns(*std::move(executor)), 0);
}

// A training step of BatchNorm and Pooling, and perhaps of a convolution.
absl::StatusOr<Executor> BindImageStep(bool convolution) {
  GraphBuilder b(BuiltinOps());
  const VariableAttrs random = {.init = Initializer::Normal(1)};
  Symbol x = b.Variable("data", {.shape = {4, 8, 12, 12},
                                 .dtype = DType::kFloat32,
                                 .init = Initializer::Normal(1)});
  if (convolution) {
    x = op::Convolution(x, b.Variable("weight", random), {},
                        {.kernel = {3, 3}, .num_filter = 8, .no_bias = true});
  }
  x = op::BatchNorm(x, b.Variable("gamma", random), b.Variable("beta", random),
                    {}, {}, {.fix_gamma = false});
  x = op::Pooling(x, {.kernel = {2, 2}, .stride = {2, 2}});
  const Symbol loss = op::Mean(op::Square(x));
  TrainingStep(b, loss, SgdOptimizer({.lr = 0.1f, .momentum = 0.9f}));
  const auto graph = b.Build({loss});
  if (!graph.ok()) return graph.status();
  return Executor::Bind(*graph, {.training = true, .threads = 2});
}

TEST(AllocationTest, AStepWithBatchNormAndPoolingMakesNone) {
  auto executor = BindImageStep(/*convolution=*/false);
  ASSERT_TRUE(executor.ok()) << executor.status();
  EXPECT_EQ(AllocationsOfRuns(*std::move(executor)), 0);
}

// oneDNN makes a map of the arguments for each primitive that it runs: the
// convolution, its two gradients, and three copies to other layouts for each.
// Such a map has at most four elements.
TEST(AllocationTest, AConvolutionMakesMapsOfArgumentsAlone) {
  auto executor = BindImageStep(/*convolution=*/true);
  ASSERT_TRUE(executor.ok()) << executor.status();
  EXPECT_LE(AllocationsOfRuns(*std::move(executor)), 3 * 12 * (4 + 2));
}

}  // namespace
}  // namespace minnow
