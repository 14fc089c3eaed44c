// The program `minnow`, run as a user runs it: usage, ops, show and convert.
#include "minnow/tests/cli.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/file.h"
#include "rapidjson/document.h"

namespace minnow {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// ---- Usage ------------------------------------------------------------------

TEST_F(CliTest, HelpIsNoError) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--help"},
                                             {"ops", "--help"},
                                             {"show", "--help"},
                                             {"convert", "--help"},
                                             {"run", "--help"},
                                             {"train", "--help"}}) {
    const ProgramResult result = RunMinnow(arguments);
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.out, HasSubstr("Usage: "));
    EXPECT_EQ(result.err, "");
  }
}

TEST_F(CliTest, WrongUsageIsStatusTwo) {
  const std::string graph = Write("sgd.json", kSgdJson);
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{
           {},
           {"fly"},
           {"--fly"},
           {"show"},
           {"show", graph, "--fly"},
           {"show", graph, "another"},
           {"convert", graph},
           {"run", graph},
           {"run", graph, "--inputs", "x"},
           {"run", graph, "--inputs", "x", "--outputs", "y", "--seed", "-x"},
           {"run", graph, "--inputs", "x", "--outputs", "y", "--threads", "-1"},
           {"train", "--epochs", "many"},
           {"train", "--epochs", "-1"},
           {"train", "--batch", "0"},
           {"train", "--layers", "8,0"},
           {"train", "--schedule", "never"},
           {"train", "--resume", "x", "--seed", "1"},
           {"train", graph, "--momentum", "0.5"}}) {
    const ProgramResult result = RunMinnow(arguments);
    EXPECT_EQ(result.status, 2) << testing::PrintToString(arguments);
    EXPECT_NE(result.err, "");
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(CliTest, AnErrorOfAnOptionSaysWhatIsInRange) {
  for (const char* option : {"--layers", "--batch"}) {
    EXPECT_THAT(RunMinnow({"train", option, "0"}).err,
                HasSubstr(absl::StrCat(
                    option, ": Value 0 not in range 1 to 1073741824")));
  }
}

// ---- ops --------------------------------------------------------------------

TEST_F(CliTest, OpsListsAllOperatorsWithALineEach) {
  const ProgramResult result = RunMinnow({"ops"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("\nsgd_mom_update "));
  EXPECT_THAT(result.out, HasSubstr("\nFullyConnected "));
}

TEST_F(CliTest, OpsDescribesOne) {
  const ProgramResult result = RunMinnow({"ops", "sgd_mom_update"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, StartsWith("sgd_mom_update\n"));
  EXPECT_THAT(result.out, HasSubstr("\n  lr (float, required, dynamic): "));
  EXPECT_THAT(result.out,
              HasSubstr("\n  momentum (float, default 0, dynamic)"));
}

TEST_F(CliTest, OpsNamesTheNearestOperator) {
  EXPECT_THAT(ErrorOf(RunMinnow({"ops", "sgd_mom_updat"})),
              HasSubstr("'sgd_mom_updat'; did you mean 'sgd_mom_update'?"));
}

bool IsTextArray(const rapidjson::Value& value) {
  return value.IsArray() &&
         std::all_of(value.Begin(), value.End(),
                     [](const auto& item) { return item.IsString(); });
}

// Whether an operator has the fields of docs/design.md, all of their types.
void CheckOpJson(const rapidjson::Value& op) {
  ASSERT_TRUE(op["name"].IsString() && op["doc"].IsString());
  SCOPED_TRACE(op["name"].GetString());
  EXPECT_TRUE(IsTextArray(op["aliases"]));
  EXPECT_TRUE(IsTextArray(op["outputs"]));
  EXPECT_TRUE(op["gradient"].IsBool());
  for (const auto& input : op["inputs"].GetArray()) {
    EXPECT_TRUE(input["name"].IsString());
    const std::string access = input["access"].GetString();
    EXPECT_TRUE(access == "read" || access == "mutate" || access == "update")
        << access;
  }
  for (const auto& attribute : op["attributes"].GetArray()) {
    EXPECT_TRUE(attribute["name"].IsString() && attribute["type"].IsString());
    EXPECT_TRUE(attribute["doc"].IsString());
    EXPECT_NE(attribute["required"].GetBool(), attribute.HasMember("default"));
  }
  for (const auto& kernel : op["kernels"].GetArray()) {
    EXPECT_TRUE(kernel["dtype"].IsString());
    EXPECT_TRUE(IsTextArray(kernel["inputs"]));
    EXPECT_TRUE(IsTextArray(kernel["outputs"]));
  }
}

TEST_F(CliTest, TheReferenceOfOperatorsIsCurrent) {
  const ProgramResult result = RunMinnow({"ops", "--markdown"});
  EXPECT_EQ(result.status, 0) << result.err;
  const auto reference = ReadFile(MINNOW_SOURCE_DIR "/docs/operators.md");
  ASSERT_TRUE(reference.ok()) << reference.status();
  // Not EXPECT_EQ: it would print both.
  EXPECT_TRUE(result.out == *reference)
      << "write it anew: minnow ops --markdown > docs/operators.md";
}

TEST_F(CliTest, OpsJsonHasAllFieldsOfAllOperators) {
  const ProgramResult all = RunMinnow({"ops", "--json"});
  EXPECT_EQ(all.status, 0);
  rapidjson::Document json;
  json.Parse(all.out.c_str());
  ASSERT_TRUE(json.IsArray()) << all.out;
  EXPECT_GT(json.Size(), 30u);
  for (const auto& op : json.GetArray()) CheckOpJson(op);
}

TEST_F(CliTest, OpsJsonDescribesTheUpdate) {
  const ProgramResult one = RunMinnow({"ops", "sgd_mom_update", "--json"});
  EXPECT_EQ(one.status, 0);
  rapidjson::Document op;
  op.Parse(one.out.c_str());
  ASSERT_TRUE(op.IsObject()) << one.out;
  CheckOpJson(op);
  EXPECT_STREQ(op["name"].GetString(), "sgd_mom_update");
  EXPECT_STREQ(op["inputs"][0]["access"].GetString(), "update");
  EXPECT_STREQ(op["inputs"][1]["access"].GetString(), "read");
  EXPECT_STREQ(op["inputs"][2]["access"].GetString(), "mutate");
  EXPECT_STREQ(op["outputs"][0].GetString(), "out");
  EXPECT_EQ(op["outputs"].Size(), 1u);
  EXPECT_TRUE(op["attributes"][0]["required"].GetBool());
  EXPECT_EQ(op["attributes"][1]["default"].GetDouble(), 0);
  EXPECT_FALSE(op["gradient"].GetBool());
  EXPECT_STREQ(op["kernels"][0]["dtype"].GetString(), "float32");
  EXPECT_EQ(op["kernels"][0]["inputs"].Size(), 3u);
  EXPECT_EQ(op["kernels"][0]["outputs"].Size(), 1u);
}

// ---- show -------------------------------------------------------------------

TEST_F(CliTest, ShowPrintsNodesOutputsAndUpdates) {
  const ProgramResult result = RunMinnow({"show", Write("g.pbtxt", kSgdText)});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out,
            "node  operator        inputs   attributes\n"
            "w     variable\n"
            "g     variable\n"
            "m     variable\n"
            "step  sgd_mom_update  w, g, m  lr=0.5 momentum=0.5\n"
            "output 0: step:0\n"
            "update w <- step:0\n"
            "update m <- step:1\n");
}

TEST_F(CliTest, ShowPlanOfTheReadmeGraph) {
  // Options may stand before the graph.
  const ProgramResult result = RunMinnow(
      {"show", "--plan", "--shape", "w=4,3", Write("g.pbtxt", kSgdText)});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out,
            "step  node  kernel                     out                  bytes"
            "  note\n"
            "0     step  dense,dense,dense float32  dense (4,3) float32  48\n"
            "planned 0 bytes, without sharing 0, largest live set 0; 0 "
            "fallbacks, 0 bytes\n");
}

TEST_F(CliTest, ShowNamesWhatContradicts) {
  const std::string graph = Write("g.pbtxt", kSgdText);
  EXPECT_EQ(ErrorOf(RunMinnow(
                {"show", graph, "--plan", "--shape", "w=2", "--shape", "g=3"})),
            "minnow: error: node 'step' (sgd_mom_update): argument 'grad': "
            "expected shape (2,), found (3,)\n");
  EXPECT_THAT(
      ErrorOf(RunMinnow({"show", graph, "--plan", "--shape", "w=2", "--dtype",
                         "w=float16", "--dtype", "g=float32"})),
      AllOf(HasSubstr("node 'step'"), HasSubstr("float16"),
            HasSubstr("float32")));
  EXPECT_THAT(ErrorOf(RunMinnow({"show", graph, "--plan"})),
              HasSubstr("'w' unknown, 'g' unknown, 'm' unknown"));
  EXPECT_THAT(ErrorOf(RunMinnow({"show", graph, "--shape", "q=2"})),
              HasSubstr("--shape: the graph has no variable 'q'"));
  EXPECT_THAT(ErrorOf(RunMinnow({"show", graph, "--shape", "step=2"})),
              HasSubstr("--shape: the graph has no variable 'step'"));
  EXPECT_THAT(ErrorOf(RunMinnow({"show", graph, "--shape", "w=a"})),
              HasSubstr("--shape w: expected int, found 'a'"));
  EXPECT_THAT(ErrorOf(RunMinnow({"show", graph, "--dtype", "w=float17"})),
              HasSubstr("found 'float17'"));
  EXPECT_THAT(ErrorOf(RunMinnow({"show", graph, "--stype", "w"})),
              HasSubstr("--stype: expected NAME=VALUE, found 'w'"));
  EXPECT_THAT(ErrorOf(RunMinnow({"show", Path("gone.pb")})),
              HasSubstr("gone.pb': No such file"));
}

TEST_F(CliTest, ShowWritesAPictureForGraphviz) {
  const ProgramResult result =
      RunMinnow({"show", Write("g.pbtxt", kSgdText), "--dot", Path("g.dot"),
                 "--shape", "w=4,3"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(Read("g.dot"), StartsWith("digraph "));
  EXPECT_THAT(Read("g.dot"), HasSubstr("(4,3)"));
}

// ---- convert ----------------------------------------------------------------

TEST_F(CliTest, ConvertRoundTripsAmongAllForms) {
  const auto convert = [&](const std::string& from, const std::string& to) {
    const ProgramResult result = RunMinnow({"convert", Path(from), Path(to)});
    EXPECT_EQ(result.status, 0) << result.err;
    return Read(to);
  };
  Write("a.json", kSgdJson);
  const std::string binary = convert("a.json", "a.pb");
  const std::string text = convert("a.pb", "a.pbtxt");
  const std::string json = convert("a.pbtxt", "b.json");
  EXPECT_THAT(text, HasSubstr("op: \"sgd_mom_update\""));
  EXPECT_EQ(convert("a.pbtxt", "b.pb"), binary);
  EXPECT_EQ(convert("b.json", "c.pb"), binary);
  EXPECT_EQ(convert("c.pb", "c.json"), json);
  EXPECT_EQ(convert("b.json", "c.pbtxt"), text);
}

TEST_F(CliTest, ConvertLeavesThePreviousFileWhenItFails) {
  const std::string out = Write("out.pb", "previous");
  for (const std::string& in :
       {Path("gone.json"), Write("bad.json", "{"), folder_ + "/out.json"}) {
    ErrorOf(RunMinnow({"convert", in, out}));
    EXPECT_EQ(Read("out.pb"), "previous");
  }
  const std::string graph = Write("sgd.json", kSgdJson);
  EXPECT_THAT(ErrorOf(RunMinnow({"convert", graph, Path("out.onnx")})),
              HasSubstr("expected a name that ends with .pb, .pbtxt or .json"));
  EXPECT_THAT(ErrorOf(RunMinnow({"convert", graph, Path("no/out.pb")})),
              HasSubstr("No such file or directory"));
}

TEST_F(CliTest, ConvertSaysWhatMxnetCannotHold) {
  // An update of the weight that is no operator's own.
  EXPECT_THAT(ErrorOf(RunMinnow(
                  {"convert", Write("g.pbtxt", kSgdText), Path("g.json")})),
              HasSubstr("'w'"));
  EXPECT_FALSE(std::filesystem::exists(Path("g.json")));
}

// ---- Closed pipes -----------------------------------------------------------

TEST_F(CliTest, OutputThatCannotBeWrittenIsAnError) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{
           {"ops"},
           {"ops", "--json"},
           {"show", Write("sgd.json", kSgdJson)},
           {"train", "--data", "digits", "--epochs", "0", "--out",
            Path("out")}}) {
    for (const bool closed_pipe : {false, true}) {
      const ProgramResult result = RunMinnow(
          arguments, {.out_path = "/dev/full", .closed_pipe = closed_pipe});
      EXPECT_EQ(ErrorOf(result),
                "minnow: error: cannot write to the standard output\n");
    }
  }
}

}  // namespace
}  // namespace minnow
