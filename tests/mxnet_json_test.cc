#include "minnow/interop/mxnet_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "minnow/core/file.h"
#include "minnow/graph/builder.h"
#include "minnow/tests/sanitized.h"

namespace minnow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

struct DenseAttrs {
  Required<int64_t> num_hidden;
  bool no_bias = false;
  static auto Fields() {
    return std::tuple(Field("num_hidden", &DenseAttrs::num_hidden, ""),
                      Field("no_bias", &DenseAttrs::no_bias, ""));
  }
};

struct ArgmaxAttrs {
  std::optional<int64_t> axis = {};
  static auto Fields() {
    return std::tuple(Field("axis", &ArgmaxAttrs::axis, ""));
  }
};

struct ScalarAttrs {
  Required<float> scalar;
  static auto Fields() {
    return std::tuple(Field("scalar", &ScalarAttrs::scalar, ""));
  }
};

struct ZerosAttrs {
  Shape shape = {};
  static auto Fields() {
    return std::tuple(Field("shape", &ZerosAttrs::shape, ""));
  }
};

// A few operators like MXNet's, so that this test depends on graphs alone.
std::shared_ptr<const OpRegistry> TestOps() {
  static const auto* const ops = [] {
    auto registry = std::make_shared<OpRegistry>();
    const InputDefs::Function dense_inputs = [](const Attrs& attrs) {
      std::vector<InputDef> inputs = {"data", "weight"};
      if (!attrs.As<DenseAttrs>().no_bias) inputs.push_back("bias");
      return inputs;
    };
    for (OpDef op : {
             OpDef{.name = "FullyConnected",
            .doc = "Like MXNet.",
            .attrs = AttrsTypeOf<DenseAttrs>(),
            .inputs = dense_inputs,
            .shape = SameShape},
             OpDef{.name = "BatchNorm",
             .doc = "Like MXNet.",
             .inputs = {"data",
                        "gamma",
                        "beta",
                        {"moving_mean", Access::kRead, Role::kState},
                        {"moving_var", Access::kRead, Role::kState}},
             .shape = SameShape},
             OpDef{.name = "sgd_mom_update",
             .doc = "Like MXNet.",
             .attrs = AttrsTypeOf<ScalarAttrs>(),
             .inputs = {{"weight", Access::kUpdate},
                        "grad",
                        {"mom", Access::kMutate}},
             .shape = SameShape},
             OpDef{.name = "argmax",
             .doc = "Like MXNet.",
             .attrs = AttrsTypeOf<ArgmaxAttrs>(),
             .inputs = {"data"},
             .shape = SameShape},
             OpDef{.name = "_zeros",
             .doc = "Like MXNet.",
             .attrs = AttrsTypeOf<ZerosAttrs>(),
             .inputs = {},
             .shape = SameShape},
             OpDef{.name = "elemwise_add",
             .aliases = {"_plus"},
             .doc = "Like MXNet.",
             .inputs = {"lhs", "rhs"},
             .shape = SameShape},
             OpDef{.name = "SliceChannel",
             .doc = "Like MXNet.",
             .inputs = {"data"},
             .outputs = {"a", "b"},
             .shape = SameShape},
             OpDef{.name = "_minnow_relu_gradient",
             .doc = "Like MXNet.",
             .inputs = {"head", "data"},
             .shape = SameShape},
         }) {
      EXPECT_TRUE(registry->Add(std::move(op)).ok());
    }
    return new std::shared_ptr<const OpRegistry>(std::move(registry));
  }();
  return *ops;
}

Graph MustParse(absl::string_view json) {
  absl::StatusOr<Graph> graph = ParseMxnetJson(std::string(json), TestOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

std::string ErrorOf(absl::string_view json) {
  return std::string(
      ParseMxnetJson(std::string(json), TestOps()).status().message());
}

std::string MustSerialize(const Graph& graph) {
  absl::StatusOr<std::string> json = SerializeMxnetJson(graph);
  EXPECT_TRUE(json.ok()) << json.status();
  return json.value_or("");
}

// A graph as one line a node, for comparison.
std::string Dump(const Graph& graph) {
  std::string text;
  for (const Node& node : graph.nodes) {
    absl::StrAppend(&text, node.Describe());
    for (const NamedAttr& attr : node.attrs.non_default()) {
      absl::StrAppend(&text, " ", attr.name, "=", AttrText(attr.value));
    }
    for (const auto& [key, value] : node.annotations) {
      absl::StrAppend(&text, " @", key, "=", value);
    }
    for (NodeOutput x : node.inputs) {
      absl::StrAppend(&text, " ", graph.nodes[x.node].name, ":", x.output);
    }
    text += "\n";
  }
  for (NodeOutput x : graph.outputs) {
    absl::StrAppend(&text, graph.nodes[x.node].name, ":", x.output, " ");
  }
  for (const Update& update : graph.updates) {
    absl::StrAppend(&text, graph.nodes[update.variable].name, "<-",
                    graph.nodes[update.value.node].name, ":",
                    update.value.output, " ");
  }
  return text;
}

// JSON, written with other quotes for the sake of reading.
std::string Quoted(absl::string_view json) {
  return absl::StrReplaceAll(json, {{"'", "\""}});
}

// A file of these nodes and heads.
std::string File(absl::string_view nodes, absl::string_view heads,
                 absl::string_view attrs = "'mxnet_version': ['int', 10901]") {
  return Quoted(absl::StrCat("{'nodes': [", nodes,
                             "], 'arg_nodes': [], 'heads': ", heads,
                             ", 'attrs': {", attrs, "}}"));
}

std::string Variable(absl::string_view name, absl::string_view attrs = "") {
  return absl::StrCat("{'op': 'null', 'name': '", name, "', 'attrs': {", attrs,
                      "}, 'inputs': []},");
}

constexpr absl::string_view kOldVersion = "'mxnet_version': ['int', 800]";

TEST(MxnetJsonTest, ReadsNodesAttributesAndAnnotations) {
  const Graph graph = MustParse(
      File(Variable("x",
                    "'__shape__': '(2, 3)', '__dtype__': '1', "
                    "'__storage_type__': '2', '__lr_mult__': '0.1'") +
               Variable("w", "'__init__': 'ones', 'num_hidden': '4'") +
               "{'op': 'FullyConnected', 'name': 'fc', 'inputs': [[0, 0], [1, "
               "0, 7]], 'attrs': {'num_hidden': '4', 'no_bias': 'True', "
               "'__tag__': 'a'}}",
           "[[2, 0, 0]]"));
  EXPECT_EQ(Dump(graph),
            "variable 'x' shape=(2, 3) dtype=float64 stype=csr "
            "@__lr_mult__=0.1\n"
            "variable 'w' init=[\"one\", {}] @num_hidden=4\n"
            "node 'fc' (FullyConnected) num_hidden=4 no_bias=True @__tag__=a "
            "x:0 w:0\n"
            "fc:0 ");
}

TEST(MxnetJsonTest, WritesWhatItReads) {
  const Graph graph = MustParse(File(
      Variable("x", "'__shape__': '(2, 0)', '__wd_mult__': '\\\"\\u00e9\\\\'") +
          Variable("m") +
          "{'op': 'sgd_mom_update', 'name': 'u', 'attrs': {'scalar': '0.1'}, "
          "'inputs': [[0, 0], [0, 0], [1, 0]]}, {'op': 'Crop', 'name': 'c', "
          "'attrs': {'h': '1', '__t__': ''}, 'inputs': [[0, 0], [2, 0]]}, "
          "{'op': 'SliceChannel', 'name': 's', 'inputs': [[3, 1]]}",
      "[[4, 1], [4, 0], [1, 0]]"));
  const std::string json = MustSerialize(graph);
  EXPECT_EQ(Dump(MustParse(json)), Dump(graph));
  EXPECT_EQ(MustSerialize(MustParse(json)), json);
  EXPECT_THAT(json, AllOf(HasSubstr("\"inputs\": [[0, 0, 0], [0, 0, 0], "
                                    "[1, 0, 1]]"),
                          HasSubstr("\"heads\": [[4, 1, 0], [4, 0, 0], "
                                    "[1, 0, 1]]"),
                          HasSubstr("\"__shape__\": \"(2, 0)\""),
                          HasSubstr("\"op\": \"Crop\"")));
}

TEST(MxnetJsonTest, AliasesBecomeCanonical) {
  const Graph graph = MustParse(
      File(Variable("x") +
               "{'op': '_plus', 'name': 'a', 'inputs': [[0, 0], [0, 0]]}",
           "[[1, 0]]"));
  EXPECT_EQ(graph.nodes[1].op->name, "elemwise_add");
}

TEST(MxnetJsonTest, VariablesOfOneNameAreOne) {
  const Graph graph = MustParse(
      File(Variable("x", "'__shape__': '(2, 0)', '__a__': '1'") +
               Variable("x",
                        "'__shape__': '(0, 3)', '__dtype__': '0', '__a__': "
                        "'2', '__b__': '3'") +
               "{'op': '_plus', 'name': 'a', 'inputs': [[0, 0], [1, 0]]}",
           "[[2, 0]]"));
  EXPECT_EQ(Dump(graph),
            "variable 'x' shape=(2, 3) dtype=float32 @__a__=1 @__b__=3\n"
            "node 'a' (elemwise_add) x:0 x:0\n"
            "a:0 ");
  EXPECT_EQ(ErrorOf(File(
                Variable("x", "'__shape__': '(2, 3)'") +
                    Variable("x", "'__shape__': '(2, 4)'") +
                    "{'op': '_plus', 'name': 'a', 'inputs': [[0, 0], [1, 0]]}",
                "[[2, 0]]")),
            "variable 'x': expected shape (2,3), found (2,4)");
}

TEST(MxnetJsonTest, NodesOfOneNameAreToldApart) {
  const std::string sum =
      "{'op': '_plus', 'name': 'x', 'inputs': [[0, 0], [0, 0]]}";
  const Graph graph = MustParse(File(
      absl::StrCat(Variable("x"), sum, ",", sum, ",", Variable("x_2"), sum),
      "[[1, 0], [2, 0], [4, 0], [3, 0]]"));
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.push_back(node.name);
  EXPECT_THAT(names, testing::ElementsAre("x", "x_1", "x_3", "x_2", "x_4"));
}

TEST(MxnetJsonTest, ChangesOfAVariableAreChainedInNodeOrder) {
  const std::string update =
      "'inputs': [[0, 0], [0, 0], [1, 0]], 'attrs': {'scalar': '1'}},";
  const std::string json =
      File(absl::StrCat(
               Variable("w"), Variable("m"),
               "{'op': '_plus', 'name': 'old', 'inputs': [[1, 0], [1, 0]]},",
               "{'op': 'sgd_mom_update', 'name': 'u1', ", update,
               "{'op': 'sgd_mom_update', 'name': 'u2', ", update,
               "{'op': '_plus', 'name': 'new', 'inputs': [[1, 0], [1, 0]]}"),
           "[[2, 0], [3, 0], [4, 0], [5, 0], [1, 0]]");
  const Graph graph = MustParse(json);
  EXPECT_EQ(Dump(graph),
            "variable 'w'\n"
            "variable 'm'\n"
            "node 'old' (elemwise_add) m:0 m:0\n"
            "node 'u1' (sgd_mom_update) scalar=1 w:0 w:0 m:0\n"
            "node 'u2' (sgd_mom_update) scalar=1 w:0 w:0 u1:1\n"
            "node 'new' (elemwise_add) u2:1 u2:1\n"
            "old:0 u1:0 u2:0 new:0 u2:1 m<-u2:1 ");
  EXPECT_EQ(Dump(MustParse(MustSerialize(graph))), Dump(graph));
}

TEST(MxnetJsonTest, OnlyAVariableOfItsOwnCanBeChanged) {
  const std::string sum =
      "{'op': '_plus', 'name': 's', 'inputs': [[0, 0], [0, 0]]},";
  EXPECT_EQ(
      ErrorOf(File(Variable("w") + sum +
                       "{'op': 'sgd_mom_update', 'name': 'u', 'inputs': [[0, "
                       "0], [0, 0], [1, 0]], 'attrs': {'scalar': '1'}}",
                   "[[2, 0]]")),
      "node 'u' (sgd_mom_update): argument 'mom': expected a variable, "
      "found node 's' (elemwise_add)");
}

TEST(MxnetJsonTest, ZeroIsUnknownUnlessTheFileIsNpShape) {
  const std::string nodes = Variable("x", "'__shape__': '(0, 3)'") +
                            Variable("s", "'__shape__': '()'") +
                            "{'op': '_zeros', 'name': 'z', 'inputs': [], "
                            "'attrs': {'shape': '(0, 2)'}}";
  const Graph old_style = MustParse(File(nodes, "[[0, 0], [1, 0], [2, 0]]"));
  EXPECT_EQ(old_style.nodes[0].variable().shape, (Shape{Shape::kUnknown, 3}));
  EXPECT_EQ(old_style.nodes[1].variable().shape, Shape());
  EXPECT_EQ(old_style.nodes[2].attrs.As<ZerosAttrs>().shape,
            (Shape{Shape::kUnknown, 2}));
  const std::string old_json = MustSerialize(old_style);
  EXPECT_THAT(old_json, Not(HasSubstr("is_np_shape")));
  EXPECT_EQ(Dump(MustParse(old_json)), Dump(old_style));

  const Graph np_shape = MustParse(
      File(nodes, "[[0, 0], [1, 0], [2, 0]]",
           "'is_np_shape': ['int', 1], 'mxnet_version': ['int', 10901]"));
  EXPECT_EQ(np_shape.nodes[0].variable().shape, (Shape{0, 3}));
  EXPECT_EQ(np_shape.nodes[1].variable().shape, Shape::Scalar());
  EXPECT_EQ(np_shape.nodes[2].attrs.As<ZerosAttrs>().shape, (Shape{0, 2}));
  const std::string np_json = MustSerialize(np_shape);
  EXPECT_THAT(np_json, HasSubstr("\"is_np_shape\": [\"int\", 1]"));
  EXPECT_EQ(Dump(MustParse(np_json)), Dump(np_shape));
}

TEST(MxnetJsonTest, OldFilesGetMissingInputs) {
  const std::string nodes =
      Variable("x") + Variable("bn_moving_mean") +
      "{'op': 'BatchNorm', 'name': 'bn', 'inputs': [[0, 0], [0, 0], [1, 0]]}";
  EXPECT_EQ(Dump(MustParse(File(nodes, "[[2, 0]]", kOldVersion))),
            "variable 'x'\n"
            "variable 'bn_moving_mean'\n"
            "variable 'bn_moving_var'\n"
            "node 'bn' (BatchNorm) x:0 x:0 bn_moving_mean:0 bn_moving_mean:0 "
            "bn_moving_var:0\n"
            "bn:0 ");
  EXPECT_EQ(ErrorOf(File(nodes, "[[2, 0]]")),
            "node 'bn' (BatchNorm): expected 5 inputs, found 3");
}

TEST(MxnetJsonTest, OldArgmaxOverTheLastAxisIsOverAll) {
  const std::string nodes = Variable("x") +
                            "{'op': 'argmax', 'name': 'a', 'inputs': [[0, 0]], "
                            "'attrs': {'axis': '-1'}}";
  const auto axis = [&](absl::string_view version) {
    return MustParse(File(nodes, "[[1, 0]]", version))
        .nodes[1]
        .attrs.As<ArgmaxAttrs>()
        .axis;
  };
  EXPECT_EQ(axis("'mxnet_version': ['int', 904]"), std::nullopt);
  EXPECT_EQ(axis("'mxnet_version': ['int', 905]"), -1);
}

TEST(MxnetJsonTest, HiddenKeysOfOldFilesBecomeAnnotations) {
  const std::string fc =
      "{'op': 'FullyConnected', 'name': 'fc', 'inputs': [[0, 0], [1, 0]], "
      "'param': {'num_hidden': '4', 'no_bias': '1'}, 'attr': {'ctx_group': "
      "'g', 'weight_lr_mult': '2'}, 'backward_source_id': -1}";
  const std::string nodes =
      Variable("x", "'wd_mult': '3'") + Variable("w") + fc;
  EXPECT_EQ(Dump(MustParse(File(nodes, "[[2, 0]]", kOldVersion))),
            "variable 'x' @__wd_mult__=3\n"
            "variable 'w' @__lr_mult__=2\n"
            "node 'fc' (FullyConnected) num_hidden=4 no_bias=True "
            "@__ctx_group__=g x:0 w:0\n"
            "fc:0 ");
  EXPECT_THAT(ErrorOf(File(nodes, "[[2, 0]]")), HasSubstr("is unknown"));
  // It cannot be placed: the operator has no such input.
  EXPECT_THAT(
      ErrorOf(File(absl::StrReplaceAll(nodes, {{"weight_lr", "kernel_lr"}}),
                   "[[2, 0]]", kOldVersion)),
      AllOf(HasSubstr("node 'fc' (FullyConnected)"),
            HasSubstr("'kernel_lr_mult' is unknown")));
}

TEST(MxnetJsonTest, NodesThatNoHeadNeedsAreLeftOut) {
  const Graph graph = MustParse(
      File(Variable("x") + Variable("y") +
               "{'op': '_plus', 'name': 'a', 'inputs': [[1, 0], [1, 0]]}",
           "[[0, 0]]"));
  EXPECT_EQ(Dump(graph), "variable 'x'\nx:0 ");
  EXPECT_TRUE(MustParse(File(Variable("x") + Variable("y") +
                                 "{'op': 'null', 'name': 'z', 'inputs': []}",
                             "[]"))
                  .nodes.empty());
}

TEST(MxnetJsonTest, WritingListsAllThatMxnetCannotSay) {
  GraphBuilder b(TestOps());
  Symbol w = b.Variable("w"), m = b.Variable("m");
  Symbol u = b.Add("sgd_mom_update", {w, w, m}, ScalarAttrs{.scalar = 1},
                   {.name = "u", .out = w});
  Symbol late = b.Add("elemwise_add", {m, m}, {},
                      {.name = "late", .annotations = {{"tag", "x"}}});
  Symbol grad = b.Add("_minnow_relu_gradient", {late, u}, {}, {.name = "g"});
  absl::StatusOr<Graph> graph = b.Build({grad, m});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_THAT(
      std::string(SerializeMxnetJson(*graph).status().message()),
      AllOf(HasSubstr("the graph cannot be written as MXNet's JSON: "),
            HasSubstr("node 'g' (_minnow_relu_gradient): MXNet has no such "
                      "operator"),
            HasSubstr("node 'late' (elemwise_add): it reads variable 'm' as it "
                      "was before node 'u' (sgd_mom_update) changed it"),
            HasSubstr("node 'late' (elemwise_add): annotation 'tag'"),
            HasSubstr("output 1: it reads variable 'm' as it was"),
            HasSubstr("update of variable 'w' by node 'u'")));

  absl::StatusOr<Graph> pure = b.Build({u}, {.updates = false});
  ASSERT_TRUE(pure.ok()) << pure.status();
  EXPECT_THAT(std::string(SerializeMxnetJson(*pure).status().message()),
              HasSubstr("node 'u' (sgd_mom_update): it changes variable 'm', "
                        "but this update is not among those of the graph"));
}

TEST(MxnetJsonTest, WritingRefusesTextThatIsNotUtf8) {
  GraphBuilder b(TestOps());
  absl::StatusOr<Graph> graph = b.Build({b.Variable("x\xff")});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_THAT(std::string(SerializeMxnetJson(*graph).status().message()),
              HasSubstr("not UTF-8"));
}

TEST(MxnetJsonTest, ErrorsSayWhereAndWhat) {
  const std::string x = Variable("x");
  const auto node = [&](absl::string_view members) {
    return ErrorOf(File(absl::StrCat(x, "{", members, "}"), "[[1, 0]]"));
  };
  EXPECT_THAT(ErrorOf("{\"nodes\": [}"),
              HasSubstr("at byte 11: expected JSON"));
  EXPECT_EQ(ErrorOf(absl::string_view("{}\0{", 4)),
            "at byte 2: expected JSON, found a zero byte");
  EXPECT_EQ(ErrorOf("[]"), "expected an object, found an array");
  EXPECT_EQ(ErrorOf("{}"), "key 'nodes': expected an array, found nothing");
  EXPECT_EQ(
      ErrorOf(Quoted("{'nodes': [], 'heads': [], 'arg_nodes': [], 'x': 1}")),
      "key 'x' is unknown");
  EXPECT_EQ(ErrorOf(File("", "[[0, 0]]")),
            "heads[0]: expected a node in [0,0), since nodes come before their "
            "readers and there is no cycle; found 0");
  EXPECT_EQ(node("'op': 'null', 'name': 'y'"),
            "nodes[1] 'y': key 'inputs': expected an array, found nothing");
  EXPECT_EQ(node("'op': 'null', 'name': 'y', 'inputs': [], 'color': 1"),
            "nodes[1] '': key 'color' is unknown");
  EXPECT_EQ(node("'op': 'null', 'name': '', 'inputs': []"),
            "nodes[1] '': key 'name': expected a string that is not empty, "
            "found a string");
  EXPECT_THAT(node("'op': '_plus', 'name': 'a', 'inputs': [[1, 0]]"),
              HasSubstr("nodes[1] 'a': inputs[0]: expected a node in [0,1)"));
  EXPECT_THAT(node("'op': '_plus', 'name': 'a', 'inputs': [[0, 0, 0, 0]]"),
              HasSubstr("inputs[0]: expected [node, output]"));
  EXPECT_EQ(node("'op': 'argmax', 'name': 'a', 'inputs': [[0, 0]], 'attrs': "
                 "{'axis': 1}"),
            "nodes[1] 'a': attribute 'axis': expected a string, found a "
            "number");
  EXPECT_THAT(node("'op': 'argmax', 'name': 'a', 'inputs': [[0, 0]], 'attrs': "
                   "{'axis': 'x'}"),
              HasSubstr("node 'a' (argmax): attribute 'axis': expected"));
  EXPECT_EQ(node("'op': 'argmax', 'name': 'a', 'inputs': [[0, 1]]"),
            "node 'a' (argmax): argument 'data': expected an output in [0,1) "
            "of variable 'x', found 1");
  EXPECT_THAT(
      node("'op': 'argmax', 'name': 'a', 'inputs': [[0, 0]], 'subgraphs': [1]"),
      HasSubstr("key 'subgraphs': expected an empty array"));
  EXPECT_THAT(
      ErrorOf(File(Variable("x", "'__dtype__': '8'") +
                       "{'op': 'argmax', 'name': 'a', 'inputs': [[0, 0]]}",
                   "[[1, 0]]")),
      HasSubstr("variable 'x': attribute '__dtype__': dtype number 8"));
  EXPECT_THAT(
      ErrorOf(File(x + "{'op': 'Odd', 'name': 'o', 'inputs': []}, {'op': "
                       "'argmax', 'name': 'a', 'inputs': [[1, 4000000000]]}",
                   "[[2, 0]]")),
      HasSubstr("node 'o' (Odd): expected at most 256 outputs"));
}

TEST(MxnetJsonTest, DeepNestingIsSurvived) {
  const std::string deep(1000000, '[');
  EXPECT_THAT(ErrorOf(deep), HasSubstr("expected JSON"));
  EXPECT_THAT(
      ErrorOf(File("", "[]", "\"x\": " + deep + std::string(deep.size(), ']'))),
      "");
}

TEST(MxnetJsonTest, LongChainTakesLinearTime) {
  std::string json = "{'nodes': [{'op': 'null', 'name': 'x', 'inputs': []}";
  constexpr int kNodes = ChainLength(200'000);
  for (int i = 0; i < kNodes; ++i) {
    absl::StrAppend(&json, ",{'op': '_plus', 'name': 'n", i, "', 'inputs': [[",
                    i, ", 0], [", i, ", 0]]}");
  }
  absl::StrAppend(&json, "], 'arg_nodes': [0], 'heads': [[", kNodes, ", 0]]}");
  const Graph graph = MustParse(Quoted(json));
  EXPECT_EQ(graph.nodes.size(), kNodes + 1);
  EXPECT_EQ(MustParse(MustSerialize(graph)).nodes.size(), kNodes + 1);
}

// Every symbol.json of the conformance cases: most operators are unknown to
// this test's registry, and all survive.
std::vector<std::string> ConformanceFiles() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           MINNOW_BINARY_DIR "/conformance")) {
    if (absl::EndsWith(entry.path().string(), "symbol.json")) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(MxnetJsonTest, FilesOfMxnetComeBack) {
  const auto no_ops = std::make_shared<const OpRegistry>();
  int files = 0;
  for (const std::string& path : ConformanceFiles()) {
    SCOPED_TRACE(path);
    absl::StatusOr<std::string> json = ReadFile(path);
    ASSERT_TRUE(json.ok()) << json.status();
    absl::StatusOr<Graph> graph = ParseMxnetJson(*json, no_ops);
    ASSERT_TRUE(graph.ok()) << graph.status();
    absl::StatusOr<Graph> again = ParseMxnetJson(MustSerialize(*graph), no_ops);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(Dump(*again), Dump(*graph));
    ++files;
  }
  EXPECT_GT(files, 600);
}

// Damaged files are errors or other graphs, never a crash.
TEST(MxnetJsonTest, DamageIsSurvived) {
  const std::string files[] = {
      File(
          Variable("weight", "'__shape__': '(2, 0)'") + Variable("grad") +
              Variable("mom") +
              "{'op': 'sgd_mom_update', 'name': 'sgd_mom_update0', 'attrs': "
              "{'scalar': '0.1'}, 'inputs': [[0, 0, 0], [1, 0, 0], [2, 0, 1]]}",
          "[[3, 0, 0]]"),
      File(Variable("data") +
               "{'op': 'BatchNorm', 'name': 'bn', 'inputs': [[0, 0]], 'param': "
               "{'data_lr_mult': '2'}, 'backward_source_id': -1}",
           "[[1, 0]]", kOldVersion),
      File(Variable("a") +
               "{'op': 'SliceChannel', 'name': 's', 'inputs': [[0, 0]]}, "
               "{'op': 'FullyConnected', 'name': 'fc', 'attrs': {'num_hidden': "
               "'4', 'no_bias': 'True'}, 'inputs': [[1, 0], [1, 1]]}, {'op': "
               "'Crop', 'name': 'c', 'inputs': [[2, 0], [1, 1]]}",
           "[[3, 2], [1, 0]]")};
  const absl::string_view pieces[] = {"[",  "]", "{",    "}",    "\"", ",",
                                      ":",  "0", "1",    "-",    "9",  "null",
                                      "\\", "s", "true", "\xc3", "()", "__"};
  std::mt19937 random(4);
  int refused = 0;
  for (int i = 0; i < 30000; ++i) {
    std::string json = files[i % 3];
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      json.replace(random() % json.size(), random() % 3,
                   std::string(pieces[random() % std::size(pieces)]));
    }
    absl::StatusOr<Graph> graph = ParseMxnetJson(json, TestOps());
    if (!graph.ok()) {
      ++refused;
      continue;
    }
    // The name of an operator may have been hit.
    absl::StatusOr<std::string> written = SerializeMxnetJson(*graph);
    if (!written.ok()) continue;
    EXPECT_EQ(Dump(MustParse(*written)), Dump(*graph)) << json;
  }
  EXPECT_GT(refused, 10000);
  EXPECT_LT(refused, 30000);
}

}  // namespace
}  // namespace minnow
