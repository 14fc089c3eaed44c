#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/add_n.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> NamesOf(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.push_back(node.name);
  return names;
}

class GraphBuilderTest : public ::testing::Test {
 protected:
  std::string Error() { return std::string(b_.Build({}).status().message()); }

  GraphBuilder b_{BuiltinOps()};
};

TEST_F(GraphBuilderTest, KeepsTheFirstErrorAndFailsWhatIsBuiltFromIt) {
  Symbol x = b_.Variable("x");
  Symbol y = b_.Add("sqare", {x});
  EXPECT_TRUE(y.failed());
  EXPECT_TRUE(b_.Add("square", {y}).failed());
  EXPECT_TRUE(b_.Variable("").failed());
  b_.Update(x, y);
  EXPECT_THAT(Error(), HasSubstr("there is no operator 'sqare'"));
  EXPECT_THAT(Error(), HasSubstr("did you mean 'square'?"));
}

TEST_F(GraphBuilderTest, RefusesMoreInputsThanTheOperatorHas) {
  Symbol x = b_.Variable("x");
  b_.Add("square", {x, x}, {}, {.name = "y"});
  EXPECT_EQ(Error(), "node 'y' (square): expected 1 inputs, found 2");
}

TEST_F(GraphBuilderTest, RefusesASymbolOfAnotherBuilder) {
  GraphBuilder other(BuiltinOps());
  b_.Add("square", {other.Variable("x")});
  EXPECT_EQ(Error(),
            "node 'square0' (square): argument 'data': expected a symbol of "
            "this builder, found one of another");
}

TEST_F(GraphBuilderTest, RefusesASecondNodeOfTheSameName) {
  b_.Add("square", {b_.Variable("x")}, {}, {.name = "y"});
  b_.Variable("y");
  EXPECT_EQ(Error(), "variable 'y': the name is that of node 'y' (square)");
}

TEST_F(GraphBuilderTest, RefusesAVariableWithoutAName) {
  b_.Variable("");
  EXPECT_EQ(Error(), "a variable needs a name");
}

TEST_F(GraphBuilderTest, RefusesToMutateWhatIsNoVariable) {
  Symbol x = b_.Variable("x");
  op::SgdMomUpdate(x, x, b_.Add("square", {x}), {.lr = 1.0f});
  EXPECT_EQ(Error(),
            "node 'sgd_mom_update0' (sgd_mom_update): argument 'mom': it is "
            "mutated: expected a variable or its latest value, found node "
            "'square0' (square)");
}

TEST_F(GraphBuilderTest, RefusesTwoIndependentUpdatesOfAVariable) {
  Symbol w = b_.Variable("w"), g = b_.Variable("g");
  op::SgdUpdate(w, g, {.lr = 1.0f}, {.out = w});
  op::SgdUpdate(w, g, {.lr = 2.0f}, {.out = w});
  EXPECT_EQ(Error(),
            "node 'sgd_update1' (sgd_update): variable 'w' is updated by node "
            "'sgd_update0' (sgd_update) already; a second update must be "
            "computed from the first");
}

TEST_F(GraphBuilderTest, RefusesToMutateAStateTwiceIndependently) {
  Symbol w = b_.Variable("w"), g = b_.Variable("g"), m = b_.Variable("m");
  op::SgdMomUpdate(w, g, m, {.lr = 1.0f});
  op::SgdMomUpdate(w, g, m, {.lr = 1.0f}, {.name = "again"});
  EXPECT_THAT(Error(), HasSubstr("node 'again' (sgd_mom_update): argument "
                                 "'mom': variable 'm' is updated by"));
}

TEST_F(GraphBuilderTest, AnUpdateComputedFromTheFirstReplacesIt) {
  Symbol w = b_.Variable("w"), g = b_.Variable("g");
  EXPECT_EQ(b_.Latest(w).at, w.at);
  Symbol first = op::SgdUpdate(w, g, {.lr = 1.0f}, {.out = w});
  EXPECT_EQ(b_.Latest(w).at, first.at);
  Symbol second = b_.Add("square", {first}, {}, {.out = w});
  EXPECT_EQ(b_.Latest(w).at, second.at);
  EXPECT_THAT(b_.updates(), ElementsAre(Update{w.at.node, second.at}));
}

TEST_F(GraphBuilderTest, AStateIsMutatedAgainThroughItsNewValue) {
  Symbol w = b_.Variable("w"), g = b_.Variable("g"), m = b_.Variable("m");
  Symbol once = op::SgdMomUpdate(w, g, m, {.lr = 1.0f});
  Symbol twice = op::SgdMomUpdate(once, g, b_.NewValue(once, 2), {.lr = 1.0f});
  ASSERT_TRUE(b_.status().ok()) << b_.status();
  EXPECT_THAT(b_.updates(),
              ElementsAre(Update{m.at.node, b_.NewValue(twice, 2).at}));
}

TEST_F(GraphBuilderTest, UpdatesOnlyVariables) {
  Symbol x = b_.Variable("x");
  b_.Update(b_.Add("square", {x}), x);
  EXPECT_EQ(Error(),
            "update: expected a variable, found node 'square0' (square)");
}

TEST_F(GraphBuilderTest, OmittedInputsBecomeVariables) {
  Symbol g = b_.Variable("g");
  Symbol next =
      b_.Add("sgd_mom_update", {Symbol{}, g}, SgdMomUpdateAttrs{.lr = 1.0f});
  EXPECT_THAT(NamesOf(*b_.Build({next})),
              ElementsAre("g", "sgd_mom_update0_weight", "sgd_mom_update0_mom",
                          "sgd_mom_update0"));
}

TEST_F(GraphBuilderTest, NamesNodesByOperatorAndNumberPastNamesThatAreTaken) {
  Symbol x = b_.Variable("square1");
  Symbol y = b_.Add("square", {x});
  Symbol z = b_.Add("exp", {b_.Add("square", {y})});
  EXPECT_THAT(NamesOf(*b_.Build({z})),
              ElementsAre("square1", "square0", "square2", "exp0"));
}

TEST_F(GraphBuilderTest, TakesInputsByName) {
  Symbol w = b_.Variable("w"), g = b_.Variable("g");
  Symbol next = b_.AddByName("sgd_update", {{"grad", g}, {"weight", w}},
                             SgdUpdateAttrs{.lr = 1.0f});
  ASSERT_TRUE(b_.status().ok()) << b_.status();
  EXPECT_THAT(b_.node(next.at.node).inputs, ElementsAre(w.at, g.at));
}

TEST_F(GraphBuilderTest, RefusesAnUnknownArgument) {
  b_.AddByName("square", {{"weight", b_.Variable("w")}});
  EXPECT_EQ(Error(), "operator 'square': argument 'weight' is unknown");
}

TEST_F(GraphBuilderTest, RefusesAnArgumentThatIsGivenTwice) {
  Symbol x = b_.Variable("x");
  b_.AddByName("square", {{"data", x}, {"data", x}});
  EXPECT_EQ(Error(), "operator 'square': argument 'data' is given twice");
}

TEST_F(GraphBuilderTest, ChecksAttributesBeforeTheyDecideTheInputs) {
  b_.AddByName("add_n", {{"arg0", b_.Variable("x")}},
               SgdUpdateAttrs{.lr = 1.0f});
  EXPECT_EQ(Error(),
            "operator 'add_n': the attributes are of another operator's type");
}

TEST_F(GraphBuilderTest, NamesARequiredAttributeThatIsMissing) {
  b_.Add("sgd_update", {b_.Variable("w")});
  EXPECT_THAT(Error(), HasSubstr("operator 'sgd_update'"));
  EXPECT_THAT(Error(), HasSubstr("'lr'"));
}

TEST_F(GraphBuilderTest, BuildsAgainWithAndWithoutUpdates) {
  Symbol x = b_.Variable("x"), w = b_.Variable("w");
  Symbol y = b_.Add("elemwise_mul", {x, w});
  op::SgdUpdate(w, y, {.lr = 1.0f}, {.out = w});
  b_.Add("exp", {y}, {}, {.name = "unused"});
  const Graph step = *b_.Build({y});
  EXPECT_THAT(NamesOf(step),
              ElementsAre("x", "w", "elemwise_mul0", "sgd_update0"));
  EXPECT_THAT(step.updates, ElementsAre(Update{1, {3, 0}}));
  const Graph infer = *b_.Build({y}, {.updates = false});
  EXPECT_THAT(NamesOf(infer), ElementsAre("x", "w", "elemwise_mul0"));
  EXPECT_THAT(infer.updates, IsEmpty());
}

TEST_F(GraphBuilderTest, NumbersNodesAnewWhereDeadOnesAreRemoved) {
  Symbol dead = b_.Variable("dead");
  b_.Add("exp", {dead});
  Symbol x = b_.Variable("x");
  const Graph graph = *b_.Build({b_.Add("square", {x})});
  EXPECT_THAT(NamesOf(graph), ElementsAre("x", "square0"));
  EXPECT_THAT(graph.nodes[1].inputs, ElementsAre(NodeOutput{0, 0}));
  EXPECT_THAT(graph.outputs, ElementsAre(NodeOutput{1, 0}));
  EXPECT_TRUE(ValidateGraph(graph).ok());
}

TEST_F(GraphBuilderTest, BuildRefusesAnOmittedOutput) {
  EXPECT_THAT(std::string(b_.Build({Symbol{}}).status().message()),
              HasSubstr("output 0: expected a symbol of this builder"));
}

TEST_F(GraphBuilderTest, ReturnsAsManyOutputsAfterAnErrorAsWithoutOne) {
  Symbol x = b_.Variable("x");
  EXPECT_EQ(b_.Outputs(x, 1).size(), 1u);
  Symbol failed = b_.Fail(absl::InternalError("broken"));
  const std::vector<Symbol> outputs = b_.Outputs(failed, 3);
  ASSERT_EQ(outputs.size(), 3u);
  for (Symbol output : outputs) EXPECT_TRUE(output.failed());
  EXPECT_TRUE(b_.NewValue(failed, 0).failed());
  EXPECT_EQ(Error(), "broken");
}

TEST_F(GraphBuilderTest, RefusesAnOutputThatANodeLacks) {
  b_.Output(b_.Variable("x"), 1);
  EXPECT_EQ(Error(), "there is no output 1 of node 0");
}

Graph SavedStep() {
  GraphBuilder b(BuiltinOps());
  Symbol x = b.Variable("x"), w = b.Variable("w");
  Symbol h = b.Add("elemwise_mul", {x, w}, {}, {.name = "hidden"});
  op::SgdUpdate(w, h, {.lr = 1.0f}, {.name = "step", .out = w});
  return *b.Build({b.Add("exp", {h}, {}, {.name = "result"})});
}

TEST_F(GraphBuilderTest, ContinuesAnImportedGraph) {
  Symbol before = b_.Variable("before");
  const ImportedGraph saved = b_.Import(SavedStep());
  ASSERT_EQ(saved.outputs().size(), 1u);
  Symbol sum = b_.Add("elemwise_add", {saved["hidden"], before});
  op::SgdUpdate(b_.Latest(saved["w"]), sum, {.lr = 1.0f}, {.out = saved["w"]});
  const absl::StatusOr<Graph> graph = b_.Build({saved.outputs()[0]});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(ValidateGraph(*graph).ok());
  EXPECT_THAT(NamesOf(*graph),
              ElementsAre("before", "x", "w", "hidden", "step", "result",
                          "elemwise_add0", "sgd_update0"));
  ASSERT_EQ(graph->updates.size(), 1u);
  EXPECT_EQ(graph->nodes[graph->updates[0].value.node].name, "sgd_update0");
}

TEST_F(GraphBuilderTest, RefusesToImportANameThatIsTaken) {
  b_.Variable("hidden");
  const ImportedGraph saved = b_.Import(SavedStep());
  EXPECT_EQ(saved.outputs().size(), 1u);
  EXPECT_TRUE(saved.outputs()[0].failed());
  EXPECT_EQ(Error(),
            "node 'hidden' (elemwise_mul): the name is that of variable "
            "'hidden'");
}

TEST_F(GraphBuilderTest, NamesWhatAnImportedGraphLacks) {
  const ImportedGraph saved = b_.Import(SavedStep());
  EXPECT_TRUE(saved["hiden"].failed());
  EXPECT_EQ(Error(), "the imported graph has no node 'hiden'");
}

TEST_F(GraphBuilderTest, RefusesToImportOperatorsOfAnotherRegistry) {
  GraphBuilder other(std::make_shared<OpRegistry>(*MakeBuiltinOps()));
  other.Import(SavedStep());
  EXPECT_THAT(std::string(other.status().message()),
              HasSubstr("node 'hidden' (elemwise_mul): expected an operator of "
                        "this builder's registry"));
}

TEST_F(GraphBuilderTest, FindsNodesByName) {
  Symbol x = b_.Variable("x");
  EXPECT_EQ(b_.Find("x").at, x.at);
  EXPECT_TRUE(b_.Find("y").failed());
  EXPECT_EQ(Error(), "the graph has no node 'y'");
}

}  // namespace
}  // namespace minnow
