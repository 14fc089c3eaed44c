// Learning rates, metrics, and the history with its curves.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/train/report.h"
#include "minnow/train/trainer.h"

namespace minnow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(LearningRateTest, Constant) {
  const LearningRate rate = {.base = 0.25};
  for (const int64_t step : {0, 1, 1000}) EXPECT_EQ(rate.At(step), 0.25);
}

TEST(LearningRateTest, StepsDownAfterEachThird) {
  const LearningRate rate = {
      .base = 1, .decay = Decay::kStep, .total_steps = 9};
  std::vector<double> rates;
  for (int64_t step = 0; step < 10; ++step) rates.push_back(rate.At(step));
  EXPECT_THAT(rates,
              ElementsAre(1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01));
}

TEST(LearningRateTest, CosineFallsFromTheBaseToZero) {
  const LearningRate rate = {
      .base = 0.4, .decay = Decay::kCosine, .total_steps = 100};
  EXPECT_EQ(rate.At(0), 0.4);
  EXPECT_NEAR(rate.At(25), 0.2 * (1 + std::sqrt(0.5)), 1e-15);
  EXPECT_NEAR(rate.At(50), 0.2, 1e-15);
  for (int64_t step = 1; step <= 100; ++step) {
    EXPECT_LT(rate.At(step), rate.At(step - 1));
  }
  EXPECT_EQ(rate.At(100), 0);
  EXPECT_EQ(rate.At(1000), 0) << "behind its end it stays there";
}

TEST(LearningRateTest, WarmUpRisesToWhatTheDecaySays) {
  LearningRate rate = {.base = 1, .warmup_steps = 4};
  std::vector<double> rates;
  for (int64_t step = 0; step < 6; ++step) rates.push_back(rate.At(step));
  EXPECT_THAT(rates, ElementsAre(0.25, 0.5, 0.75, 1, 1, 1));

  rate = {.base = 1, .decay = Decay::kCosine, .total_steps = 10};
  LearningRate warm = rate;
  warm.warmup_steps = 4;
  EXPECT_EQ(warm.At(1), rate.At(1) / 2);
  for (int64_t step = 3; step < 10; ++step) {
    EXPECT_EQ(warm.At(step), rate.At(step));
  }
}

TEST(LearningRateTest, WithoutAnEndThereIsNoDecay) {
  for (const Decay decay : {Decay::kStep, Decay::kCosine}) {
    EXPECT_EQ((LearningRate{.base = 0.5, .decay = decay}.At(100)), 0.5);
  }
}

void AddTo(ClassificationMetrics& metrics, std::vector<float> probabilities,
           std::vector<float> labels) {
  const int64_t n = static_cast<int64_t>(labels.size());
  const int64_t c = static_cast<int64_t>(probabilities.size()) / n;
  metrics.Add(*NDArray::FromValues<float>({n, c}, probabilities),
              *NDArray::FromValues<float>({n}, labels));
}

TEST(MetricsTest, SumsOverBatches) {
  ClassificationMetrics metrics;
  EXPECT_EQ(metrics.loss(), 0);
  EXPECT_EQ(metrics.accuracy(), 0);
  AddTo(metrics, {0.5f, 0.25f, 0.25f, 0.125f, 0.75f, 0.125f}, {0, 2});
  AddTo(metrics, {0.25f, 0.25f, 0.5f}, {1});
  EXPECT_EQ(metrics.examples(), 3);
  EXPECT_NEAR(metrics.loss(), std::log(2 * 8 * 4) / 3, 1e-7);
  EXPECT_DOUBLE_EQ(metrics.accuracy(), 1.0 / 3);
}

TEST(MetricsTest, NaiveFormula) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> p(200 * 7), labels(200);
  for (float& x : p) x = std::exp(normal(random)) / 50;
  for (float& x : labels) x = static_cast<float>(random() % 7);
  ClassificationMetrics metrics;
  AddTo(metrics, p, labels);
  double loss = 0, right = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    size_t best = 0;
    for (size_t k = 1; k < 7; ++k) {
      if (p[i * 7 + k] > p[i * 7 + best]) best = k;
    }
    right += best == static_cast<size_t>(labels[i]);
    loss += -std::log(p[i * 7 + static_cast<size_t>(labels[i])]);
  }
  EXPECT_NEAR(metrics.loss(), loss / 200, 1e-6);
  EXPECT_DOUBLE_EQ(metrics.accuracy(), right / 200);
}

TEST(MetricsTest, AProbabilityOfZeroIsNoInfinityAndNanIsWrong) {
  ClassificationMetrics zero;
  AddTo(zero, {1, 0}, {1});
  EXPECT_NEAR(zero.loss(), 87.5, 0.1);
  ClassificationMetrics nan;
  AddTo(nan, {NAN, NAN, 0.5f, NAN, NAN, 0.5f}, {0, 0, 0});
  EXPECT_EQ(nan.accuracy(), 0);
  EXPECT_TRUE(std::isnan(nan.loss()));
}

TEST(HistoryTest, RoundTrips) {
  const std::vector<EpochResult> history = {
      {2.302585092994046, 1.0 / 3, 0.1},
      {1e-300, 1, 0},
      {std::numeric_limits<double>::infinity(), 0.5, 0.25}};
  const auto read = HistoryFromText(HistoryToText(history));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, history);
  EXPECT_THAT(*HistoryFromText(""), IsEmpty());
  const auto nan = HistoryFromText(HistoryToText({{{kNan, 0.5, 0.5}}}));
  ASSERT_TRUE(nan.ok()) << nan.status();
  EXPECT_TRUE(std::isnan((*nan)[0].train_loss));
}

TEST(HistoryTest, NamesWhatItCannotRead) {
  EXPECT_EQ(HistoryFromText("1 2\n").status().message(),
            "expected three numbers, found '1 2'");
  EXPECT_THAT(std::string(HistoryFromText("1 2 x").status().message()),
              HasSubstr("'x'"));
}

// What is wrong with a document of elements and text; empty if nothing is.
std::string XmlError(absl::string_view xml) {
  std::vector<std::string> open;
  while (!xml.empty()) {
    const size_t begin = xml.find('<');
    const absl::string_view text = xml.substr(0, begin);
    if (open.empty() && text.find_first_not_of('\n') != text.npos) {
      return absl::StrCat("text outside: ", text);
    }
    if (text.find_first_of(">&") != text.npos) {
      return absl::StrCat("characters in text: ", text);
    }
    if (begin == xml.npos) break;
    const size_t end = xml.find('>', begin);
    if (end == xml.npos) return "an element has no end";
    const absl::string_view tag = xml.substr(begin + 1, end - begin - 1);
    xml.remove_prefix(end + 1);
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0 ||
        tag.find('<') != tag.npos) {
      return absl::StrCat("quotes of ", tag);
    }
    if (absl::StartsWith(tag, "/")) {
      if (open.empty() || open.back() != tag.substr(1)) {
        return absl::StrCat("unexpected ", tag);
      }
      open.pop_back();
    } else if (!absl::EndsWith(tag, "/")) {
      open.emplace_back(tag.substr(0, tag.find(' ')));
    }
  }
  return open.empty() ? "" : absl::StrCat("not closed: ", open.back());
}

TEST(CurvesSvgTest, IsWellFormedForAnyHistory) {
  std::vector<EpochResult> ten, diverged, flat;
  for (int i = 0; i < 10; ++i) {
    ten.push_back({2.0 / (i + 1), 0.1 * i, 0.09 * i});
    diverged.push_back({i < 3 ? 1.0 * i : kNan, 0.1, 0.1});
    flat.push_back({1e17, 0.5, 0.5});
  }
  const std::vector<std::vector<EpochResult>> histories = {
      {},
      {{0.5, 0.8, 0.7}},
      ten,
      diverged,
      flat,
      {{kNan, 0, 0}},
      {{std::numeric_limits<double>::infinity(), 1, 1}, {1e308, 0, 0}},
      {{-1e308, 1, 1}, {1e308, 0, 0}}};
  for (const std::vector<EpochResult>& history : histories) {
    const std::string svg = CurvesSvg(history);
    EXPECT_EQ(XmlError(svg), "") << svg;
    EXPECT_TRUE(absl::StartsWith(svg, "<svg xmlns="));
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
    EXPECT_LT(svg.size(), 20000u);
    // A mark for each value of the three curves.
    size_t marks = 0;
    for (size_t at = svg.find("<circle"); at != svg.npos;
         at = svg.find("<circle", at + 1)) {
      ++marks;
    }
    EXPECT_EQ(marks, 3 * history.size());
  }
}

TEST(CurvesSvgTest, TheCheckOfXmlFindsErrors) {
  for (absl::string_view bad :
       {"<a>", "<a></b>", "</a>", "<a", "<a x=\"1></a>", "<a>x & y</a>", "x"}) {
    EXPECT_NE(XmlError(bad), "") << bad;
  }
  EXPECT_EQ(XmlError("<a x=\"1\"><b/>text</a>\n"), "");
}

}  // namespace
}  // namespace minnow
