// The program `minnow`, run as a user runs it.

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/file.h"
#include "minnow/interop/mxnet_params.h"
#include "minnow/tests/program.h"
#include "minnow/tests/sanitized.h"
#include "rapidjson/document.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// One sgd_mom_update, as MXNet writes it.
constexpr char kSgdJson[] = R"({"nodes": [
  {"op": "null", "name": "w", "inputs": []},
  {"op": "null", "name": "g", "inputs": []},
  {"op": "null", "name": "m", "inputs": []},
  {"op": "sgd_mom_update", "name": "step",
   "attrs": {"lr": "0.5", "momentum": "0.5"},
   "inputs": [[0, 0, 0], [1, 0, 0], [2, 0, 0]]}],
 "arg_nodes": [0, 1, 2], "heads": [[3, 0, 0]],
 "attrs": {"mxnet_version": ["int", 10901]}})";

// The same as text, written over the weight.
constexpr char kSgdText[] = R"(version: 1
nodes { name: "w" }
nodes { name: "g" }
nodes { name: "m" }
nodes {
  op: "sgd_mom_update" name: "step"
  attrs { name: "lr" float_value: 0.5 }
  attrs { name: "momentum" float_value: 0.5 }
  inputs { node: 0 } inputs { node: 1 } inputs { node: 2 }
}
outputs { node: 3 }
updates { variable: 0 value { node: 3 } }
updates { variable: 2 value { node: 3 output: 1 } }
)";

constexpr char kSquareJson[] = R"({"nodes": [
  {"op": "null", "name": "x", "inputs": []},
  {"op": "null", "name": "y", "inputs": []},
  {"op": "elemwise_mul", "name": "xy", "inputs": [[0, 0, 0], [1, 0, 0]]}],
 "arg_nodes": [0, 1], "heads": [[2, 0, 0]]})";

NamedArray Floats(const std::string& name, const Shape& shape,
                  std::vector<float> values) {
  return {name, *NDArray::FromValues<float>(shape, values)};
}

std::vector<float> ValuesOf(const NDArray& array) {
  const auto values = array.values<float>();
  return {values.begin(), values.end()};
}

// "minnow: error: ..." in one line, and the status 1. Returns the line.
std::string ErrorOf(const ProgramResult& result) {
  EXPECT_EQ(result.status, 1)
      << "signal " << result.signal << ", " << result.out << result.err;
  EXPECT_THAT(result.err, StartsWith("minnow: error: "));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
      << result.err;
  return result.err;
}

class CliTest : public ::testing::Test {
 protected:
  CliTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~CliTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(absl::string_view name) const {
    return absl::StrCat(folder_, "/", name);
  }
  std::string Write(absl::string_view name, absl::string_view bytes) const {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }
  std::string Read(absl::string_view name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  std::string WriteParams(absl::string_view name,
                          const std::vector<NamedArray>& arrays) const {
    EXPECT_EQ(WriteParamsFile(Path(name), arrays), absl::OkStatus());
    return Path(name);
  }

  // `minnow run` on the arrays, with further options.
  ProgramResult Run(const std::string& graph,
                    const std::vector<NamedArray>& inputs,
                    std::vector<std::string> more = {}) const {
    more.insert(more.begin(),
                {"run", graph, "--inputs", WriteParams("in.params", inputs),
                 "--outputs", Path("out.params")});
    return RunMinnow(std::move(more));
  }
  // What it wrote.
  std::vector<NamedArray> Results(const ProgramResult& result) const {
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, "");
    auto arrays = ReadParamsFile(Path("out.params"));
    EXPECT_TRUE(arrays.ok()) << arrays.status();
    return arrays.value_or(std::vector<NamedArray>());
  }
  // The error of it, which leaves the previous file alone.
  std::string RunError(const std::string& graph,
                       const std::vector<NamedArray>& inputs,
                       std::vector<std::string> more = {}) const {
    Write("out.params", "previous");
    const std::string error = ErrorOf(Run(graph, inputs, std::move(more)));
    EXPECT_EQ(Read("out.params"), "previous");
    return error;
  }

  const std::string folder_ =
      absl::StrCat(::testing::TempDir(), "minnow_cli_", getpid());
  const std::vector<NamedArray> sgd_inputs_ = {Floats("arg:w", {2}, {1, 2}),
                                               Floats("arg:g", {2}, {2, 4}),
                                               Floats("aux:m", {2}, {4, 8})};
};

std::vector<std::string> NamesOf(const std::vector<NamedArray>& arrays) {
  std::vector<std::string> names;
  for (const NamedArray& array : arrays) names.push_back(array.name);
  return names;
}

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

// ---- run --------------------------------------------------------------------

TEST_F(CliTest, RunWritesOutputsAndStates) {
  const auto results = Results(Run(Write("sgd.json", kSgdJson), sgd_inputs_));
  ASSERT_THAT(NamesOf(results), ElementsAre("out:0", "aux:m"));
  EXPECT_THAT(ValuesOf(results[0].array), ElementsAre(2, 4));
  EXPECT_THAT(ValuesOf(results[1].array), ElementsAre(1, 2));
}

TEST_F(CliTest, RunInPlaceGivesTheSame) {
  const std::string graph = Write("sgd.json", kSgdJson);
  const auto separate = Results(Run(graph, sgd_inputs_));
  const auto in_place =
      Results(Run(graph, sgd_inputs_, {"--inplace", "out:0=arg:w"}));
  EXPECT_EQ(NamesOf(in_place), NamesOf(separate));
  EXPECT_EQ(ValuesOf(in_place[0].array), ValuesOf(separate[0].array));
  EXPECT_EQ(ValuesOf(in_place[1].array), ValuesOf(separate[1].array));
}

TEST_F(CliTest, RunBackwardWritesGradients) {
  const std::string graph = Write("xy.json", kSquareJson);
  std::vector<NamedArray> inputs = {Floats("arg:x", {2}, {1, 2}),
                                    Floats("arg:y", {2}, {3, 5})};
  auto results = Results(Run(graph, inputs, {"--backward"}));
  ASSERT_THAT(NamesOf(results), ElementsAre("out:0", "grad:x", "grad:y"));
  EXPECT_THAT(ValuesOf(results[0].array), ElementsAre(3, 10));
  EXPECT_THAT(ValuesOf(results[1].array), ElementsAre(3, 5))
      << "a head that is missing counts as ones";
  EXPECT_THAT(ValuesOf(results[2].array), ElementsAre(1, 2));

  inputs.push_back(Floats("head:0", {2}, {10, 100}));
  inputs.push_back(Floats("gradinit:y", {2}, {7, 7}));
  results = Results(
      Run(graph, inputs,
          {"--backward", "--grad-req", "x=null", "--grad-req", "y=add"}));
  ASSERT_THAT(NamesOf(results), ElementsAre("out:0", "grad:y"));
  EXPECT_THAT(ValuesOf(results[1].array), ElementsAre(17, 207));
}

TEST_F(CliTest, RunTakesZeroSizeAndScalarShapes) {
  const std::string graph = Write("xy.json", kSquareJson);
  for (const Shape& shape : {Shape{0, 3}, Shape::Scalar()}) {
    const std::vector<float> values(static_cast<size_t>(shape.num_elements()),
                                    3);
    const auto results = Results(Run(
        graph, {Floats("arg:x", shape, values), Floats("arg:y", shape, values)},
        {"--backward"}));
    ASSERT_EQ(results.size(), 3u);
    EXPECT_EQ(results[0].array.shape(), shape);
    EXPECT_EQ(ValuesOf(results[0].array), std::vector<float>(values.size(), 9));
    EXPECT_EQ(ValuesOf(results[1].array), values);
  }
}

TEST_F(CliTest, AnEmptyGraphIsShownAndRun) {
  const std::string graph = Write("empty.pbtxt", "version: 1\n");
  EXPECT_EQ(RunMinnow({"show", graph}).out,
            "node  operator  inputs  attributes\n");
  EXPECT_EQ(RunMinnow({"show", "--plan", graph}).status, 0);
  EXPECT_THAT(Results(Run(graph, {})), IsEmpty());
}

TEST_F(CliTest, RunRefusesWrongArrays) {
  const std::string graph = Write("sgd.json", kSgdJson);
  const auto& in = sgd_inputs_;
  EXPECT_THAT(RunError(graph, {in[2]}),
              HasSubstr("variables without an array: 'w', 'g'"));
  EXPECT_THAT(RunError(graph, {in[0], Floats("arg:g", {3}, {1, 2, 3}), in[2]}),
              HasSubstr("node 'step' (sgd_mom_update): argument 'grad': "
                        "expected shape (2,), found (3,)"));
  EXPECT_THAT(RunError(graph, {in[0],
                               {"arg:g", *NDArray::Zeros({2}, DType::kFloat16)},
                               in[2]}),
              AllOf(HasSubstr("node 'step' (sgd_mom_update): argument 'grad'"),
                    HasSubstr("float32"), HasSubstr("float16")));
  EXPECT_THAT(RunError(graph, {in[0], in[1], in[2], in[1]}),
              HasSubstr("input 'arg:g' is given twice"));
  EXPECT_THAT(RunError(graph, {in[0], in[1], in[2], Floats("q", {1}, {1})}),
              HasSubstr("input 'q': expected a name that begins with arg:"));
  EXPECT_THAT(RunError(graph, {in[0], in[1], in[2], Floats("arg:q", {1}, {1})}),
              HasSubstr("'q'"));
  EXPECT_THAT(
      RunError(graph, {in[0], in[1], in[2], Floats("head:1", {1}, {1})}),
      HasSubstr("input 'head:1': expected the number of an output in [0,1)"));
}

TEST_F(CliTest, RunRefusesWrongRequests) {
  const std::string sgd = Write("sgd.json", kSgdJson);
  const auto error = [&](std::vector<std::string> more) {
    return RunError(sgd, sgd_inputs_, std::move(more));
  };
  EXPECT_THAT(error({"--inplace", "w"}),
              HasSubstr("--inplace: expected out:K=arg:NAME, found 'w'"));
  EXPECT_THAT(error({"--inplace", "out:1=arg:w"}),
              HasSubstr("--inplace: expected an output in [0,1), found 1"));
  EXPECT_THAT(error({"--inplace", "out:0=arg:q"}),
              HasSubstr("--inplace: expected a variable, found 'q'"));
  EXPECT_THAT(error({"--inplace", "out:0=arg:step"}),
              HasSubstr("--inplace: expected a variable, found 'step'"));
  // The state has its own new value already.
  EXPECT_THAT(error({"--inplace", "out:0=aux:m"}), HasSubstr("'m'"));
  EXPECT_THAT(error({"--inplace", "out:0=arg:w", "--inplace", "out:0=arg:w"}),
              HasSubstr("--inplace: 'w' is named twice"));
  EXPECT_THAT(error({"--backward"}), HasSubstr("sgd_mom_update"));
  EXPECT_THAT(error({"--grad-req", "w=maybe"}),
              HasSubstr("--grad-req w: expected write, add or null, found "
                        "'maybe'"));

  const std::string xy = Write("xy.json", kSquareJson);
  const std::vector<NamedArray> inputs = {Floats("arg:x", {2}, {1, 2}),
                                          Floats("arg:y", {2}, {3, 5})};
  EXPECT_THAT(RunError(xy, inputs, {"--backward", "--grad-req", "x=add"}),
              HasSubstr("expected an input gradinit:x, found none"));
  EXPECT_THAT(RunError(xy, inputs, {"--backward", "--grad-req", "q=null"}),
              HasSubstr("expected an argument of the graph, found 'q'"));
  std::vector<NamedArray> wrong_head = inputs;
  wrong_head.push_back(Floats("head:0", {3}, {1, 1, 1}));
  EXPECT_THAT(RunError(xy, wrong_head, {"--backward"}),
              AllOf(HasSubstr("(2,)"), HasSubstr("(3,)")));
}

TEST_F(CliTest, RunsAChainOfAMillionNodes) {
  constexpr int kNodes = ChainLength(1'000'000);
  std::string json = R"({"nodes": [{"op": "null", "name": "x", "inputs": []})";
  for (int i = 0; i < kNodes; ++i) {
    absl::StrAppend(&json, R"(, {"op": "_plus_scalar", "name": "n)", i,
                    R"(", "attrs": {"scalar": "1"}, "inputs": [[)", i,
                    ", 0, 0]]}");
  }
  absl::StrAppend(&json, R"(], "arg_nodes": [0], "heads": [[)", kNodes,
                  ", 0, 0]]}");
  ASSERT_EQ(
      RunMinnow({"convert", Write("chain.json", json), Path("chain.pb")}).err,
      "");
  const auto results =
      Results(Run(Path("chain.pb"), {Floats("arg:x", {1}, {0.5f})}));
  ASSERT_EQ(results.size(), 1u);
  EXPECT_THAT(ValuesOf(results[0].array), ElementsAre(kNodes + 0.5f));
}

// A text in a good graph, what stands there instead, and the error.
struct BadGraph {
  absl::string_view from, to, error;
};

TEST_F(CliTest, RunNamesWhatIsWrongWithAJsonGraph) {
  const BadGraph cases[] = {
      {"\"lr\": \"0.5\", ", "",
       "node 'step' (sgd_mom_update): attribute 'lr': expected float "
       "(required), found nothing"},
      {"\"lr\"", "\"lrr\": \"1\", \"lr\"",
       "node 'step' (sgd_mom_update): attribute 'lrr' is unknown; did you mean "
       "'lr'?"},
      {"\"lr\": \"0.5\"", "\"lr\": \"fast\"",
       "node 'step' (sgd_mom_update): attribute 'lr': expected float, found "
       "'fast'"},
      {"sgd_mom_update", "sgd_mom_updat", "sgd_mom_updat"},
      {"[2, 0, 0]", "[3, 0, 0]", "there is no cycle"},
      {"[2, 0, 0]", "[9, 0, 0]", "found 9"},
      {"[2, 0, 0]", "[2, 1, 0]",
       "expected an output in [0,1) of variable 'm', found 1"},
      {", [2, 0, 0]", "", "expected 3 inputs, found 2"},
      {"[[3, 0, 0]]", "[[4, 0, 0]]", "heads[0]"},
      {"\"op\": \"null\", \"name\": \"m\", \"inputs\": []",
       "\"op\": \"square\", \"name\": \"m\", \"inputs\": [[1, 0, 0]]",
       "argument 'mom': expected a variable, found node 'm' (square)"},
      {"\"nodes\"", "\"knots\"", "key 'knots' is unknown"},
      {"10901]}}", "10901]}", "at byte"},
  };
  for (const BadGraph& bad : cases) {
    ASSERT_TRUE(absl::StrContains(kSgdJson, bad.from)) << bad.from;
    const std::string graph =
        Write("bad.json", absl::StrReplaceAll(kSgdJson, {{bad.from, bad.to}}));
    EXPECT_THAT(RunError(graph, sgd_inputs_), HasSubstr(bad.error));
  }
}

TEST_F(CliTest, RunNamesWhatIsWrongWithATextGraph) {
  const BadGraph cases[] = {
      {"attrs { name: \"lr\" float_value: 0.5 }", "", "attribute 'lr'"},
      {"name: \"lr\"", "name: \"lrr\"", "attribute 'lrr' is unknown"},
      {"float_value: 0.5 }\n  attrs", "list_value {} }\n  attrs",
       "attribute 'lr': expected float"},
      {"sgd_mom_update", "sgd_mom_updat", "sgd_mom_updat"},
      {"inputs { node: 2 }", "inputs { node: 3 }", "'step'"},
      {"inputs { node: 2 }", "", "expected 3 inputs, found 2"},
      {"name: \"g\"", "name: \"w\"", "'w'"},
      {"variable: 2 value", "variable: 0 value", "'w'"},
      {"variable: 2 value", "variable: 3 value", "'step'"},
      {"variable: 2 value", "variable: 7 value", "7"},
      {"version: 1", "version: 99", "99"},
      {"outputs { node: 3 }", "outputs { node: 3 output: 5 }", "5"},
      {"outputs { node: 3 }", "outputs { node: 3", "bad.pbtxt"},
      {"outputs {", "exits {", "exits"},
  };
  for (const BadGraph& bad : cases) {
    ASSERT_TRUE(absl::StrContains(kSgdText, bad.from)) << bad.from;
    const std::string graph =
        Write("bad.pbtxt", absl::StrReplaceAll(kSgdText, {{bad.from, bad.to}}));
    EXPECT_THAT(RunError(graph, sgd_inputs_), HasSubstr(bad.error));
  }
}

// ---- Broken files, full disks, closed pipes ---------------------------------

TEST_F(CliTest, CutAndGarbledGraphsAreErrors) {
  Write("a.json", kSgdJson);
  for (const char* name : {"a.pb", "a.pbtxt"}) {
    ASSERT_EQ(RunMinnow({"convert", Path("a.json"), Path(name)}).status, 0);
  }
  for (const std::string ending : {".json", ".pb", ".pbtxt"}) {
    const std::string whole = Read("a" + ending);
    std::vector<std::string> broken = {"", "\xff\xfe garbage \x01\x02",
                                       std::string(1000, '\0'), whole + whole};
    for (const size_t size : {size_t{1}, whole.size() / 2, whole.size() - 2}) {
      broken.push_back(whole.substr(0, size));
    }
    for (const std::string& bytes : broken) {
      SCOPED_TRACE(absl::StrCat(ending, ": ", bytes));
      EXPECT_THAT(ErrorOf(RunMinnow({"show", Write("bad" + ending, bytes)})),
                  HasSubstr("bad" + ending));
    }
  }
}

TEST_F(CliTest, CutAndGarbledArraysAreErrors) {
  const std::string graph = Write("sgd.json", kSgdJson);
  const std::string params = WriteParams("in.params", sgd_inputs_);
  const std::string whole = Read("in.params");
  std::vector<std::string> broken = {"", "garbage", std::string(64, '\xff')};
  for (const size_t size : {size_t{8}, whole.size() / 2, whole.size() - 1}) {
    broken.push_back(whole.substr(0, size));
  }
  for (const std::string& bytes : broken) {
    Write("in.params", bytes);
    EXPECT_THAT(ErrorOf(RunMinnow({"run", graph, "--inputs", params,
                                   "--outputs", Path("out.params")})),
                HasSubstr("in.params"));
    EXPECT_FALSE(std::filesystem::exists(Path("out.params")));
  }
}

TEST_F(CliTest, AFullDiskIsAnErrorAndLeavesThePreviousFile) {
  const std::string graph = Write("sgd.json", kSgdJson);
  const std::string in = WriteParams("in.params", sgd_inputs_);
  const std::vector<std::string> run = {"run", graph, "--inputs", in,
                                        "--outputs"};
  std::vector<std::string> to_full = run;
  to_full.push_back("/dev/full");
  EXPECT_THAT(ErrorOf(RunMinnow(to_full)),
              AllOf(HasSubstr("/dev/full"), HasSubstr("No space left")));

  Write("out.params", "previous");
  std::vector<std::string> limited = run;
  limited.push_back(Path("out.params"));
  EXPECT_THAT(ErrorOf(RunMinnow(limited, {.max_file_bytes = 100})),
              AllOf(HasSubstr("out.params"), HasSubstr("File too large")));
  EXPECT_EQ(Read("out.params"), "previous");
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("tmp")));
  }
}

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

// ---- train ------------------------------------------------------------------

TEST_F(CliTest, TrainSaysAtOnceThatItsProfileCannotBeWritten) {
  const ProgramResult result =
      RunMinnow({"train", "--data", "digits", "--epochs", "1", "--out",
                 Path("out"), "--profile", Path("nowhere/trace")});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("nowhere/trace"));
}

TEST_F(CliTest, TrainWritesItsFilesAndTheAccuracy) {
  const ProgramResult result =
      RunMinnow({"train", "--data", "digits", "--epochs", "2", "--layers",
                 "32,16", "--out", Path("out"), "--profile", Path("trace")});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  std::vector<std::string> lines =
      absl::StrSplit(result.out, '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.front(), "digits: 1,438 + 359 images");
  EXPECT_THAT(lines[1], StartsWith("epoch 1/2: loss "));
  EXPECT_THAT(lines[2], StartsWith("epoch 2/2: loss "));
  EXPECT_THAT(lines.back(), testing::MatchesRegex("test accuracy: .*[.].. %"));
  for (const char* name : {"step.pb", "step.pbtxt", "infer.pb",
                           "checkpoint.ckpt", "graph.svg", "curves.svg"}) {
    EXPECT_NE(Read(absl::StrCat("out/", name)), "") << name;
  }
  EXPECT_THAT(result.out, HasSubstr("GFLOP/s"));
  rapidjson::Document trace;
  EXPECT_FALSE(trace.Parse(Read("trace").c_str()).HasParseError());
  for (const char* name : {"out/step.pb", "out/step.pbtxt", "out/infer.pb"}) {
    EXPECT_EQ(RunMinnow({"show", Path(name)}).status, 0) << name;
  }
  EXPECT_THAT(RunMinnow({"show", Path("out/infer.pb")}).out,
              Not(HasSubstr("update")));
}

TEST_F(CliTest, ResumedTrainingEqualsTrainingInOne) {
  const auto train = [&](std::vector<std::string> more) {
    more.insert(more.begin(), "train");
    const ProgramResult result = RunMinnow(std::move(more));
    EXPECT_EQ(result.status, 0) << result.err;
    return std::string(result.out.substr(result.out.rfind("test accuracy")));
  };
  const std::string whole = train(
      {"--data", "digits", "--layers", "16", "--schedule", "constant", "--seed",
       "3", "--epochs", "4", "--threads", "2", "--out", Path("whole")});
  train({"--data", "digits", "--layers", "16", "--schedule", "constant",
         "--seed", "3", "--epochs", "1", "--threads", "1", "--out",
         Path("part")});
  const std::string resumed = train({"--resume", Path("part/checkpoint.ckpt"),
                                     "--epochs", "4", "--out", Path("rest")});
  EXPECT_EQ(resumed, whole);
  for (const char* name : {"step.pb", "checkpoint.ckpt", "curves.svg"}) {
    EXPECT_TRUE(Read(absl::StrCat("rest/", name)) ==
                Read(absl::StrCat("whole/", name)))
        << name;
  }
  // Nothing is left to do: the accuracy is said again.
  EXPECT_EQ(
      train({"--resume", Path("rest/checkpoint.ckpt"), "--out", Path("again")}),
      whole);
}

TEST_F(CliTest, TrainsAGraphThatIsGiven) {
  ASSERT_EQ(RunMinnow({"train", "--data", "digits", "--layers", "8", "--epochs",
                       "0", "--out", Path("a")})
                .status,
            0);
  const ProgramResult result =
      RunMinnow({"train", Path("a/step.pb"), "--data", "digits", "--epochs",
                 "1", "--out", Path("b")});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Read("b/step.pb"), Read("a/step.pb"));
  EXPECT_THAT(ErrorOf(RunMinnow({"train", Path("a/infer.pb"), "--data",
                                 "digits", "--out", Path("c")})),
              HasSubstr("expected variables 'data' and 'label'"));
}

TEST_F(CliTest, TrainRefusesBadData) {
  const auto error = [&](const std::string& data) {
    return ErrorOf(RunMinnow({"train", "--data", data, "--out", Path("out")}));
  };
  EXPECT_THAT(error("gone"), HasSubstr("'gone'"));
  EXPECT_THAT(error(Path("gone.csv")), HasSubstr("gone.csv"));
  EXPECT_THAT(error(Write("a.csv", "1,2,0\n1,x,1\n")), HasSubstr("a.csv"));
  EXPECT_THAT(error(Write("b.csv", "1,2,0\n1,1\n")), HasSubstr("b.csv"));
  EXPECT_THAT(error(Write("c.csv", "")), HasSubstr("c.csv"));
  EXPECT_THAT(error(Write("d.csv.gz", "\x1f\x8b garbage")),
              HasSubstr("d.csv.gz"));
  EXPECT_THAT(error(folder_), HasSubstr("train-images-idx3-ubyte"));
  Write("train-images-idx3-ubyte", "garbage");
  Write("train-labels-idx1-ubyte", "garbage");
  EXPECT_THAT(error(folder_), HasSubstr("train-images-idx3-ubyte"));
  EXPECT_FALSE(std::filesystem::exists(Path("out")));
  EXPECT_THAT(ErrorOf(RunMinnow({"train", "--data", "digits", "--batch", "9999",
                                 "--out", Path("out")})),
              HasSubstr("batch size: expected 1 to 1438, found 9999"));
}

TEST_F(CliTest, TrainRefusesABrokenCheckpoint) {
  ASSERT_EQ(RunMinnow({"train", "--data", "digits", "--layers", "8", "--epochs",
                       "0", "--out", Path("out")})
                .status,
            0);
  const std::string whole = Read("out/checkpoint.ckpt");
  std::string flipped = whole;
  flipped[whole.size() / 2] ^= 1;
  for (const std::string& bytes :
       {std::string(), std::string("garbage"), flipped,
        whole.substr(0, whole.size() / 2), whole.substr(0, whole.size() - 1)}) {
    EXPECT_THAT(
        ErrorOf(RunMinnow({"train", "--resume", Write("bad.ckpt", bytes),
                           "--out", Path("other")})),
        HasSubstr("bad.ckpt"));
  }
}

TEST_F(CliTest, AFullDiskWhileTrainingKeepsThePreviousCheckpoint) {
  const std::vector<std::string> train = {"train",    "--data", "digits",
                                          "--layers", "64",     "--epochs",
                                          "1",        "--out",  Path("out")};
  ASSERT_EQ(RunMinnow(train).status, 0);
  const std::string before = Read("out/checkpoint.ckpt");
  // Room for graphs and pictures, not for the weights.
  ASSERT_GT(before.size(), 30000u);
  EXPECT_THAT(ErrorOf(RunMinnow(train, {.max_file_bytes = 30000})),
              AllOf(HasSubstr("checkpoint.ckpt"), HasSubstr("File too large")));
  EXPECT_TRUE(Read("out/checkpoint.ckpt") == before);
}

}  // namespace
}  // namespace minnow
