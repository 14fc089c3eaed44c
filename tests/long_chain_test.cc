// A graph that is one long chain goes through every step from MXNet's JSON to
// its result: no step may recurse, or take more than linear time. (Anything
// quadratic takes minutes here.)
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/gradient.h"
#include "minnow/graph/plan.h"
#include "minnow/interop/graph_file.h"
#include "minnow/interop/run.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"
#include "minnow/tests/chain_json.h"
#include "minnow/tests/sanitized.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;

constexpr int kLength = ChainLength(200'000);

TEST(LongChainTest, IsConvertedFromJsonSavedLoadedAndRun) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "minnow_long_chain";
  std::filesystem::create_directories(folder);
  const std::string json_path = (folder / "chain.json").string();
  const std::string pb_path = (folder / "chain.pb").string();
  std::ofstream(json_path) << ChainJson(kLength);
  const auto from_json = LoadGraph(json_path, BuiltinOps());
  ASSERT_TRUE(from_json.ok()) << from_json.status();
  ASSERT_TRUE(SaveGraph(pb_path, *from_json).ok());
  const auto graph = LoadGraph(pb_path, BuiltinOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto results = RunGraph(
      *graph, {{"arg:x", *NDArray::FromValues<float>({1}, {0.5f})}}, {});
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 1u);
  EXPECT_THAT(results->front().array.values<float>(),
              ElementsAre(kLength + 0.5f));
  std::filesystem::remove_all(folder);
}

TEST(LongChainTest, HasAGradient) {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x", {.shape = {1}}), y = x;
  for (int i = 0; i < kLength; ++i) y = b.Add("negative", {y});
  const auto graph = b.Build(Gradient(b, {y}, {}, {x}));
  ASSERT_TRUE(graph.ok()) << graph.status();
  // The chain, ones like its end, and the chain back.
  EXPECT_EQ(graph->nodes.size(), 2u * kLength + 2u);
}

// Pairs of variables that are updated from one another: in each pair one
// cannot be written in its place.
TEST(LongChainTest, ManyConflictsArePlannedInLinearTime) {
  GraphBuilder builder(BuiltinOps());
  constexpr int kPairs = kLength / 8;
  for (int i = 0; i < kPairs; ++i) {
    const VariableAttrs attrs = {.shape = {1}};
    Symbol a = builder.Variable(absl::StrCat("a", i), attrs);
    Symbol b = builder.Variable(absl::StrCat("b", i), attrs);
    op::SgdUpdate(a, b, {.lr = 1.0f}, {.out = a});
    op::SgdUpdate(b, a, {.lr = 1.0f}, {.out = b});
  }
  const auto plan = MakePlan(*builder.Build({}), {}, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  // Two kernels, a copy to work on and a copy back.
  EXPECT_EQ(plan->steps.size(), 4u * kPairs);
}

}  // namespace
}  // namespace minnow
