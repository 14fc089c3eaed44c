#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/gradient.h"
#include "minnow/graph/op_registry.h"
#include "minnow/ops/builtin.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename T>
absl::Status Cube(const RunContext&, const NoAttrs&, Dense<const T> x,
                  Dense<T> out) {
  for (size_t i = 0; i < x.values.size(); ++i) {
    out.values[i] = x.values[i] * x.values[i] * x.values[i];
  }
  return absl::OkStatus();
}

absl::Status Clear(const RunContext&, const NoAttrs&, Dense<float> x) {
  std::fill(x.values.begin(), x.values.end(), 0.0f);
  return absl::OkStatus();
}

// An operator of one's own: a formula, its inference, gradient and kernels.
OpDef CubeOp() {
  return {.name = "cube",
          .aliases = {"third_power"},
          .doc = "out = data^3",
          .inputs = {"data"},
          .shape = SameShape,
          .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
            GraphBuilder& b = node.builder();
            Symbol slope =
                b.AddParsed("_mul_scalar", {b.Add("square", {node.input(0)})},
                            {NamedAttr{"scalar", 3.0}});
            return {b.Add("elemwise_mul", {slope, node.head(0)})};
          },
          .inplace = {{0, 0}},
          .kernels = {KernelOf<Cube<float>>(), KernelOf<Cube<double>>()}};
}

TEST(OpRegistryTest, AnOperatorOfOnesOwnRunsAndHasAGradient) {
  auto ops = std::make_shared<OpRegistry>(*BuiltinOps());
  ASSERT_TRUE(ops->Add(CubeOp()).ok());
  EXPECT_EQ(BuiltinOps()->Find("cube"), nullptr) << "the original is as it was";
  GraphBuilder b(ops);
  Symbol x = b.Variable("x");
  Symbol y = b.Add("third_power", {x});
  const auto graph = b.Build({y, Gradient(b, {y}, {}, {x})[0]});
  ASSERT_TRUE(graph.ok()) << graph.status();
  auto executor = Executor::Bind(
      *graph,
      {.variables = {{"x", *NDArray::FromValues<float>({2}, {2.0f, -3.0f})}}});
  ASSERT_TRUE(executor.ok()) << executor.status();
  ASSERT_TRUE(executor->Run().ok());
  EXPECT_THAT(executor->Output(0).values<float>(), ElementsAre(8, -27));
  EXPECT_THAT(executor->Output(1).values<float>(), ElementsAre(12, 27));
}

TEST(OpRegistryTest, RefusesANameThatIsTaken) {
  OpRegistry ops;
  ASSERT_TRUE(ops.Add(CubeOp()).ok());
  OpDef other = CubeOp();
  other.name = "other";
  const absl::Status status = ops.Add(std::move(other));
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(), "there is an operator 'third_power' already");
  EXPECT_EQ(ops.Find("other"), nullptr);
}

TEST(OpRegistryTest, RefusesOneNameTwiceInOneOperator) {
  OpRegistry ops;
  OpDef op = CubeOp();
  op.aliases = {"cube"};
  EXPECT_EQ(ops.Add(std::move(op)).code(), absl::StatusCode::kAlreadyExists);
}

TEST(OpRegistryTest, SuggestsTheNearestNameOrAlias) {
  OpRegistry ops;
  ASSERT_TRUE(ops.Add(CubeOp()).ok());
  EXPECT_THAT(std::string(ops.Get("third_powr").status().message()),
              HasSubstr("did you mean 'third_power'?"));
}

TEST(OpRegistryTest, RefusesAnOperatorWithoutNameOrShapeInference) {
  OpRegistry ops;
  OpDef nameless = CubeOp();
  nameless.name = "";
  EXPECT_EQ(ops.Add(std::move(nameless)).message(), "an operator needs a name");
  OpDef shapeless = CubeOp();
  shapeless.shape = nullptr;
  EXPECT_EQ(ops.Add(std::move(shapeless)).message(),
            "operator 'cube' has no shape inference");
}

TEST(OpRegistryTest, RefusesAKernelThatContradictsTheInputs) {
  OpRegistry ops;
  OpDef op = CubeOp();
  op.inputs = {"lhs", "rhs"};
  EXPECT_EQ(ops.Add(std::move(op)).message(),
            "operator 'cube': expected kernels of 3 arguments, found 2");
  op = CubeOp();
  op.inputs = {{"data", Access::kMutate}};
  EXPECT_EQ(ops.Add(std::move(op)).message(),
            "operator 'cube': argument 'data' is changed, but not by every "
            "kernel");
  op = CubeOp();
  op.outputs = OutputDefs(size_t{0});
  op.kernels = {KernelOf<Clear>()};
  EXPECT_EQ(ops.Add(std::move(op)).message(),
            "operator 'cube': argument 'data' is written by a kernel, but read "
            "only");
}

TEST(OpRegistryTest, RefusesAKernelThatDoesNotWriteAnOutput) {
  OpRegistry ops;
  OpDef op = CubeOp();
  op.inputs = {{"data", Access::kUpdate}};
  op.outputs = {"out", "other"};
  op.kernels = {KernelOf<Cube<float>>()};
  op.kernels[0].args[0].writes = true;
  op.kernels[0].args[1].writes = false;
  EXPECT_EQ(ops.Add(std::move(op)).message(),
            "operator 'cube': output 'other' is not written by every kernel");
}

TEST(OpRegistryTest, RefusesToWriteOverAnInputThatIsNotThereOrIsChanged) {
  OpRegistry ops;
  OpDef op = CubeOp();
  op.inplace = {{1, 0}};
  EXPECT_EQ(
      ops.Add(std::move(op)).message(),
      "operator 'cube': expected pairs of an input that is not written and "
      "an output of its own, found (1, 0)");
}

}  // namespace
}  // namespace minnow
