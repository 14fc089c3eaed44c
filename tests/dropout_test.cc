// What Dropout drops.
#include "minnow/ops/dropout.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/builtin.h"
#include "minnow/tests/masked_layer.h"

namespace minnow {
namespace {

using testing::Each;
using testing::HasSubstr;

// Of an input of ones.
absl::StatusOr<MaskedLayerRun> RunDropout(const Shape& shape,
                                          const DropoutAttrs& attrs,
                                          BindOptions options) {
  return RunMaskedLayer(shape, 1, std::move(options),
                        [&](Symbol x) { return op::Dropout(x, attrs); });
}

TEST(DropoutTest, DropsSoManyAndScalesTheOthers) {
  for (float p : {0.1f, 0.5f, 0.9f}) {
    const auto r = RunDropout({1000, 300}, {.p = p}, {.training = true});
    ASSERT_TRUE(r.ok()) << r.status();
    double dropped = 0;
    for (size_t i = 0; i < r->out.size(); ++i) {
      dropped += r->out[i] == 0;
      EXPECT_TRUE(r->out[i] == 0 || std::abs(r->out[i] * (1 - p) - 1) < 1e-6);
      EXPECT_EQ(r->mask[i], r->out[i]);
      EXPECT_EQ(r->grad[i], 3 * r->out[i]);
    }
    EXPECT_NEAR(dropped, 300000 * p, 4 * std::sqrt(300000 * p * (1 - p))) << p;
  }
}

TEST(DropoutTest, DropsNothingOutsideOfTraining) {
  const auto eval = RunDropout({7, 5}, {}, {});
  ASSERT_TRUE(eval.ok()) << eval.status();
  EXPECT_THAT(eval->out, Each(1));
  EXPECT_THAT(eval->mask, Each(1));
  EXPECT_THAT(eval->grad, Each(3));
  const auto always = RunDropout({70, 5}, {.mode = DropoutMode::kAlways}, {});
  ASSERT_TRUE(always.ok()) << always.status();
  EXPECT_THAT(always->out, testing::Contains(0));
  EXPECT_THAT(always->out, testing::Contains(2));
}

TEST(DropoutTest, TheEndsOfTheRange) {
  const auto none = RunDropout({100}, {.p = 0}, {.training = true});
  const auto all = RunDropout({100}, {.p = 1}, {.training = true});
  ASSERT_TRUE(none.ok() && all.ok());
  EXPECT_THAT(none->out, Each(1));
  EXPECT_THAT(all->out, Each(0));
  for (float p : {-0.5f, 1.5f, std::nanf("")}) {
    const auto bad = RunDropout({4}, {.p = p}, {.training = true});
    EXPECT_THAT(std::string(bad.status().message()),
                HasSubstr("attribute 'p': expected a number in [0, 1]"));
  }
}

TEST(DropoutTest, AxesShareTheirFate) {
  const auto r = RunDropout({50, 4, 6}, {.axes = {1}}, {.training = true});
  ASSERT_TRUE(r.ok()) << r.status();
  ASSERT_EQ(r->mask.size(), 300);
  for (size_t i = 0; i < r->out.size(); ++i) {
    EXPECT_EQ(r->out[i], r->mask[i / 24 * 6 + i % 6]);
    EXPECT_EQ(r->grad[i], 3 * r->out[i]);
  }
  const auto last = RunDropout({50, 6}, {.axes = {-1}}, {.training = true});
  ASSERT_TRUE(last.ok()) << last.status();
  for (size_t i = 0; i < last->out.size(); ++i) {
    EXPECT_EQ(last->out[i], last->mask[i / 6]);
  }
  EXPECT_FALSE(RunDropout({4}, {.axes = {1}}, {}).ok());
}

TEST(DropoutTest, IsTheSameForAnyNumberOfThreads) {
  const auto one = RunDropout({100003}, {}, {.training = true, .threads = 1});
  ASSERT_TRUE(one.ok());
  for (int threads : {2, 3, 8}) {
    const auto many =
        RunDropout({100003}, {}, {.training = true, .threads = threads});
    ASSERT_TRUE(many.ok());
    EXPECT_EQ(many->out, one->out);
  }
}

}  // namespace
}  // namespace minnow
