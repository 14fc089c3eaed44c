// Graphs that cannot be read: the errors say what is wrong, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "minnow/ops/builtin.h"
#include "minnow/proto/graph.pb.h"
#include "minnow/proto/graph_codec.h"
#include "minnow/tests/graph_codec_samples.h"

namespace minnow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A text that is wrong in one place, and what the error says.
struct BadCase {
  const char* name;
  std::string text;
  std::vector<std::string> expected;
};

constexpr char kGood[] = R"(version: 1
nodes { name: "w" }
nodes { name: "g" }
nodes { op: "sgd_update" name: "step" attrs { name: "lr" float_value: 0.1 }
        inputs { node: 0 } inputs { node: 1 } op_version: 1 }
outputs { node: 2 }
updates { variable: 0 value { node: 2 } })";

std::vector<BadCase> BadCases() {
  const auto with = [](absl::string_view from, absl::string_view to) {
    EXPECT_TRUE(absl::StrContains(kGood, from)) << from;
    return absl::StrReplaceAll(kGood, {{from, to}});
  };
  const std::string step = "node 'step' (sgd_update)";
  return {
      {"NewerFormat",
       with("version: 1\n", "version: 2\n"),
       {"at most 1", "found 2", "newer"}},
      {"NoVersion", with("version: 1\n", ""), {"version", "found none"}},
      {"CutOff",
       with("version: 1\n", "version: 1 entries: 6\n"),
       {"expected 6 nodes, outputs and updates, found 5"}},
      {"NewerOperator",
       with("op_version: 1", "op_version: 2"),
       {step, "at most 1", "found 2", "newer"}},
      {"NoName", with("name: \"g\"", ""), {"node 1 has no name"}},
      {"DuplicateName",
       with("name: \"g\"", "name: \"w\""),
       {"two nodes are named 'w'"}},
      {"BadUtf8Name",
       with("name: \"g\"", "name: \"g\\xff\""),
       {"name of node 1", "UTF-8", "g\\xff"}},
      {"BadUtf8Operator",
       with("sgd_update", "\\xed\\xa0\\x80"),
       {"operator of node 2", "UTF-8", "\\xed\\xa0\\x80"}},
      {"BadUtf8Attribute",
       with("float_value: 0.1", "text_value: '\\xc0\\x80'"),
       {step, "'lr'", "UTF-8", "\\xc0\\x80"}},
      {"BadUtf8AttributeName",
       with("name: \"lr\"", "name: \"\\x80\""),
       {step, "name of an attribute", "UTF-8"}},
      {"BadUtf8Annotation",
       with("op_version: 1", "annotations { key: 'k' value: '\\xf4\\x90' }"),
       {step, "annotation 'k'", "UTF-8"}},
      {"WrongType",
       with("float_value: 0.1", "text_value: 'fast'"),
       {step, "'lr'", "expected float", "found 'fast'"}},
      {"ListForScalar",
       with("float_value: 0.1",
            "list_value { items { int_value: 1 } items { none: true } }"),
       {step, "'lr'", "expected float", "found '(1, None)'"}},
      {"NoValue",
       with("float_value: 0.1", ""),
       {step, "'lr'", "expected a value, found nothing"}},
      {"NoValueInList",
       with("float_value: 0.1", "list_value { items { } }"),
       {step, "'lr'", "expected a value, found nothing"}},
      {"MissingAttribute",
       with("attrs { name: \"lr\" float_value: 0.1 }", ""),
       {step, "'lr'", "required"}},
      {"UnknownAttribute",
       with("op_version: 1", "attrs { name: 'wdd' float_value: 1 }"),
       {step, "'wdd'", "did you mean 'wd'"}},
      {"BadVariableAttribute",
       with("name: \"g\"",
            "name: \"g\" attrs { name: 'dtype' text_value: 'float31' }"),
       {"variable 'g'", "'dtype'", "found 'float31'"}},
      {"VariableWithInput",
       with("name: \"g\"", "name: \"g\" inputs { }"),
       {"variable 'g'", "expected no inputs, found 1"}},
      {"Cycle",
       with("inputs { node: 1 }", "inputs { node: 2 }"),
       {step, "'grad'", "cycle", "found 2"}},
      {"NegativeNode",
       with("inputs { node: 1 }", "inputs { node: -1 }"),
       {step, "'grad'", "found -1"}},
      {"BadOutputNumber",
       with("inputs { node: 1 }", "inputs { node: 1 output: 1 }"),
       {step, "'grad'", "variable 'g'", "found 1"}},
      {"MissingInput",
       with("inputs { node: 1 }", ""),
       {step, "expected 2 inputs, found 1"}},
      {"BadOutput",
       with("outputs { node: 2 }", "outputs { node: 3 }"),
       {"output 0", "found 3"}},
      {"UpdateOfNoVariable",
       with("variable: 0", "variable: 2"),
       {step, "only variables"}},
      {"BadUpdateValue",
       with("value { node: 2 }", "value { node: 2 output: 7 }"),
       {"update of variable 'w'", "found 7"}},
      {"TwoUpdates",
       absl::StrCat(kGood, "updates { variable: 0 value { node: 1 } }"),
       {"update of variable 'w'", "found two"}},
      {"EndlessOutputs",
       with("outputs { node: 2 }",
            "nodes { op: 'new' name: 'n' } "
            "outputs { node: 3 output: 2147483647 }"),
       {"node 'n' (new)", "outputs", "found 2147483648"}},
      {"Syntax",
       with("nodes { name: \"g\" }", "nodes { name \"g\" }"),
       {"line 3, column 14"}},
      {"UnknownField",
       with("op_version: 1", "device: 1"),
       {"line 5", "device"}},
      {"Garbage", "\x01\xff{{", {"line 1"}},
      {"DeepNesting", std::string(100000, '{'), {"line 1"}},
  };
}

class BadGraphTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadGraphTest, IsAnErrorThatSaysWhatAndWhere) {
  testing::internal::CaptureStderr();
  const absl::StatusOr<Graph> graph =
      GraphFromText(GetParam().text, BuiltinOps());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  for (const std::string& part : GetParam().expected) {
    EXPECT_THAT(Error(graph), HasSubstr(part));
  }
}

INSTANTIATE_TEST_SUITE_P(GraphCodec, BadGraphTest,
                         testing::ValuesIn(BadCases()),
                         [](const auto& info) { return info.param.name; });

TEST(GraphCodecErrorTest, TheTextOfTheBadCasesIsGoodOtherwise) {
  EXPECT_EQ(Error(GraphFromText(kGood, BuiltinOps())), "no error");
}

TEST(GraphCodecErrorTest, WritingRefusesBadUtf8) {
  Graph graph = SgdStep();
  graph.nodes[1].name = "\xff";
  EXPECT_THAT(SerializeGraph(graph).status().message(),
              AllOf(HasSubstr("node 1"), HasSubstr("\\xff")));
  graph = SgdStep();
  graph.nodes[3].annotations = {{"key", "\xff"}};
  EXPECT_THAT(GraphToText(graph).status().message(),
              AllOf(HasSubstr("node 'step' (sgd_mom_update)"),
                    HasSubstr("annotation 'key'")));
}

TEST(GraphCodecErrorTest, UnknownFieldsAreErrors) {
  // Field 99, a number, at the end of the graph and of its first node.
  const std::string field = "\x98\x06\x01";
  const std::string bytes = *SerializeGraph(SgdStep());
  EXPECT_THAT(Error(ParseGraph(bytes + field, BuiltinOps())),
              AllOf(HasSubstr("field 99"), HasSubstr("GraphDef")));
  GraphDef def;
  ASSERT_TRUE(def.ParseFromString(bytes));
  ASSERT_TRUE(def.mutable_nodes(3)->MergeFromString(field));
  EXPECT_THAT(
      Error(ParseGraph(def.SerializeAsString(), BuiltinOps())),
      AllOf(HasSubstr("node 'step' (sgd_mom_update)"), HasSubstr("field 99")));
}

TEST(GraphCodecErrorTest, EveryTruncationIsAnError) {
  const std::string bytes = *SerializeGraph(SgdStep());
  testing::internal::CaptureStderr();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseGraph(bytes.substr(0, size), BuiltinOps()).ok()) << size;
  }
  std::string text = *GraphToText(SgdStep());
  text.resize(text.find_last_not_of('\n') + 1);
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(GraphFromText(text.substr(0, size), BuiltinOps()).ok())
        << text.substr(0, size);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(GraphCodecErrorTest, LimitsAreKept) {
  const std::string bytes = *SerializeGraph(SgdStep());
  const std::string text = *GraphToText(SgdStep());
  const int64_t size = static_cast<int64_t>(bytes.size());
  EXPECT_TRUE(ParseGraph(bytes, BuiltinOps(), {.max_bytes = size}).ok());
  const auto at_most = HasSubstr(absl::StrCat("at most ", size - 1));
  EXPECT_THAT(Error(ParseGraph(bytes, BuiltinOps(), {.max_bytes = size - 1})),
              at_most);
  EXPECT_THAT(Error(GraphFromText(text, BuiltinOps(), {.max_bytes = size - 1})),
              at_most);
  EXPECT_THAT(
      Error(ParseGraph(bytes, BuiltinOps(), {.max_node_bytes = 100})),
      AllOf(HasSubstr("byte "), HasSubstr("node of at most 100 bytes")));
}

}  // namespace
}  // namespace minnow
