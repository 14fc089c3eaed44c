// The command `minnow train`.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/tests/cli.h"
#include "rapidjson/document.h"

namespace minnow {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CliTrainTest : public CliTest {};

TEST_F(CliTrainTest, TrainSaysAtOnceThatItsProfileCannotBeWritten) {
  const ProgramResult result =
      RunMinnow({"train", "--data", "digits", "--epochs", "1", "--out",
                 Path("out"), "--profile", Path("nowhere/trace")});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("nowhere/trace"));
}

TEST_F(CliTrainTest, TrainWritesItsFilesAndTheAccuracy) {
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

TEST_F(CliTrainTest, ResumedTrainingEqualsTrainingInOne) {
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

TEST_F(CliTrainTest, TrainsAGraphThatIsGiven) {
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

TEST_F(CliTrainTest, TrainRefusesBadData) {
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

TEST_F(CliTrainTest, TrainRefusesABrokenCheckpoint) {
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

TEST_F(CliTrainTest, AFullDiskWhileTrainingKeepsThePreviousCheckpoint) {
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
