// The command `minnow run`: arrays in, arrays out, and what is refused.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/interop/mxnet_params.h"
#include "minnow/tests/arrays.h"
#include "minnow/tests/chain_json.h"
#include "minnow/tests/cli.h"
#include "minnow/tests/sanitized.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kSquareJson[] = R"({"nodes": [
  {"op": "null", "name": "x", "inputs": []},
  {"op": "null", "name": "y", "inputs": []},
  {"op": "elemwise_mul", "name": "xy", "inputs": [[0, 0, 0], [1, 0, 0]]}],
 "arg_nodes": [0, 1], "heads": [[2, 0, 0]]})";

NamedArray Floats(const std::string& name, const Shape& shape,
                  std::vector<float> values) {
  return {name, *NDArray::FromValues<float>(shape, values)};
}

class CliRunTest : public CliTest {
 protected:
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

  const std::vector<NamedArray> sgd_inputs_ = {Floats("arg:w", {2}, {1, 2}),
                                               Floats("arg:g", {2}, {2, 4}),
                                               Floats("aux:m", {2}, {4, 8})};
};

std::vector<std::string> NamesOf(const std::vector<NamedArray>& arrays) {
  std::vector<std::string> names;
  for (const NamedArray& array : arrays) names.push_back(array.name);
  return names;
}

TEST_F(CliRunTest, RunWritesOutputsAndStates) {
  const auto results = Results(Run(Write("sgd.json", kSgdJson), sgd_inputs_));
  ASSERT_THAT(NamesOf(results), ElementsAre("out:0", "aux:m"));
  EXPECT_THAT(ValuesOf(results[0].array), ElementsAre(2, 4));
  EXPECT_THAT(ValuesOf(results[1].array), ElementsAre(1, 2));
}

TEST_F(CliRunTest, RunInPlaceGivesTheSame) {
  const std::string graph = Write("sgd.json", kSgdJson);
  const auto separate = Results(Run(graph, sgd_inputs_));
  const auto in_place =
      Results(Run(graph, sgd_inputs_, {"--inplace", "out:0=arg:w"}));
  EXPECT_EQ(NamesOf(in_place), NamesOf(separate));
  EXPECT_EQ(ValuesOf(in_place[0].array), ValuesOf(separate[0].array));
  EXPECT_EQ(ValuesOf(in_place[1].array), ValuesOf(separate[1].array));
}

TEST_F(CliRunTest, RunBackwardWritesGradients) {
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

TEST_F(CliRunTest, RunTakesZeroSizeAndScalarShapes) {
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

TEST_F(CliRunTest, AnEmptyGraphIsShownAndRun) {
  const std::string graph = Write("empty.pbtxt", "version: 1\n");
  EXPECT_EQ(RunMinnow({"show", graph}).out,
            "node  operator  inputs  attributes\n");
  EXPECT_EQ(RunMinnow({"show", "--plan", graph}).status, 0);
  EXPECT_THAT(Results(Run(graph, {})), IsEmpty());
}

TEST_F(CliRunTest, RunRefusesWrongArrays) {
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

TEST_F(CliRunTest, RunRefusesWrongRequests) {
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

TEST_F(CliRunTest, RunsAChainOfAMillionNodes) {
  constexpr int kNodes = ChainLength(1'000'000);
  ASSERT_EQ(RunMinnow({"convert", Write("chain.json", ChainJson(kNodes)),
                       Path("chain.pb")})
                .err,
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

TEST_F(CliRunTest, RunNamesWhatIsWrongWithAJsonGraph) {
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

TEST_F(CliRunTest, RunNamesWhatIsWrongWithATextGraph) {
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

// Broken files, full disks ----------------------------------------------------

TEST_F(CliRunTest, CutAndGarbledGraphsAreErrors) {
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

TEST_F(CliRunTest, CutAndGarbledArraysAreErrors) {
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

TEST_F(CliRunTest, AFullDiskIsAnErrorAndLeavesThePreviousFile) {
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

}  // namespace
}  // namespace minnow
