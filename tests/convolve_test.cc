// The products of convolutions on sizes that are cut into many blocks: by
// oneDNN, by loops, and for any number of threads. Small ones, with naive
// formulas, are in op_cases_convolution.cc.
#include "minnow/ops/convolve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/buffer.h"
#include "minnow/ops/convolve_cut.h"
#include "minnow/tests/sanitized.h"

namespace minnow {
namespace {

constexpr ConvolveProduct kProducts[] = {
    ConvolveProduct::kOut, ConvolveProduct::kData, ConvolveProduct::kWeight};

// With as many windows as fit along each axis.
ConvolveGeometry WithWindows(ConvolveGeometry g) {
  for (WindowAxis& axis : g.axes) {
    axis.out =
        1 + (axis.in + 2 * axis.pad - (axis.kernel - 1) * axis.dilate - 1) /
                axis.stride;
  }
  return g;
}

ConvolveGeometry Image(int64_t batch, int64_t in, int64_t out, int64_t size,
                       int64_t kernel, int64_t stride = 1, int64_t groups = 1) {
  const WindowAxis axis = {
      .in = size, .kernel = kernel, .stride = stride, .pad = kernel / 2};
  return WithWindows({.batch = batch,
                      .groups = groups,
                      .in_channels = in,
                      .out_channels = out,
                      .axes = {WindowAxis(), axis, axis}});
}

std::vector<ConvolveGeometry> Geometries() {
  std::vector<ConvolveGeometry> all = {
      Image(32, 16, 16, 20, 3),       Image(7, 24, 40, 17, 3, 2),
      Image(1, 64, 96, 28, 3),        Image(1, 256, 64, 14, 1),
      Image(5, 64, 128, 12, 1),       Image(3, 3, 64, 40, 7, 2),
      Image(1, 3, 32, 60, 7, 2),      Image(40, 1, 20, 28, 5),
      Image(2, 96, 96, 28, 3, 1, 96), Image(1, 20, 20, 60, 3, 2, 20),
      Image(6, 32, 48, 16, 3, 1, 4),  Image(1, 32, 48, 30, 3, 1, 8),
      Image(2, 256, 256, 7, 3),       Image(64, 20, 50, 12, 5)};
  // One axis, and three.
  all.push_back(WithWindows(
      {.batch = 8,
       .in_channels = 12,
       .out_channels = 31,
       .axes = {
           WindowAxis(),
           WindowAxis(),
           {.in = 501, .kernel = 7, .stride = 3, .pad = 2, .dilate = 2}}}));
  const WindowAxis axis = {.in = 11, .kernel = 3, .stride = 2, .pad = 1};
  all.push_back(WithWindows({.batch = 3,
                             .in_channels = 8,
                             .out_channels = 24,
                             .axes = {axis, axis, axis}}));
  if (kSanitized) all.resize(4);
  return all;
}

std::vector<float> RandomArray(int64_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(static_cast<size_t>(size));
  for (float& x : values) x = uniform(random);
  return values;
}

// The product, computed into memory that holds NaN, with workspace that does,
// too; and a NaN that stays behind it.
template <typename T>
std::vector<T> Product(const ConvolveGeometry& g, ConvolveProduct product,
                       bool bias, int num_threads) {
  const auto plan = PlanConvolve<T>(g, product, bias);
  EXPECT_TRUE(plan.ok()) << plan.status();
  const auto factor = [&](size_t i) {
    const auto values = RandomArray(plan->sizes[i], static_cast<uint32_t>(i));
    return std::vector<T>(values.begin(), values.end());
  };
  const std::vector<T> a = factor(0), b = factor(1), biases = factor(2);
  std::vector<T> c(static_cast<size_t>(plan->sizes[3] + 1),
                   std::numeric_limits<T>::quiet_NaN());
  ThreadPool threads(num_threads);
  Buffer workspace = *Buffer::Allocate(plan->workspace_bytes);
  RunContext context;
  context.threads = &threads;
  context.workspace = absl::MakeSpan(
      workspace.data(), static_cast<size_t>(plan->workspace_bytes));
  std::fill(context.workspace.begin(), context.workspace.end(),
            std::byte{0xFF});
  // The second run finds what the first one has left.
  for (int run = 0; run < 2; ++run) {
    const absl::Status status =
        Convolve<T>(context, *plan, a.data(), b.data(),
                    bias ? biases.data() : nullptr, c.data());
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_TRUE(std::isnan(c.back()));
  c.pop_back();
  return c;
}

TEST(ConvolveTest, OneDnnAgreesWithLoops) {
  for (const ConvolveGeometry& g : Geometries()) {
    for (ConvolveProduct product : kProducts) {
      SCOPED_TRACE(testing::Message()
                   << g.batch << " of " << g.in_channels << " to "
                   << g.out_channels << ", product "
                   << static_cast<int>(product));
      ASSERT_NE(PlanConvolve<float>(g, product, false)->onednn, nullptr);
      const bool bias = product != ConvolveProduct::kWeight;
      const auto expected = Product<double>(g, product, bias, 2);
      const auto found = Product<float>(g, product, bias, 2);
      ASSERT_EQ(expected.size(), found.size());
      // Of all its terms.
      const double terms =
          ConvolveFlops(g) / 2 / static_cast<double>(expected.size());
      for (size_t i = 0; i < found.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 1e-6 * (1 + std::sqrt(terms)) * 4)
            << "element " << i;
      }
    }
  }
}

TEST(ConvolveTest, BitsDoNotDependOnTheNumberOfThreads) {
  for (const ConvolveGeometry& g : Geometries()) {
    for (ConvolveProduct product : kProducts) {
      const bool bias = product != ConvolveProduct::kWeight;
      const auto one = Product<float>(g, product, bias, 1);
      for (int threads : {2, 3, 8}) {
        ASSERT_EQ(one, Product<float>(g, product, bias, threads))
            << g.batch << " of " << g.in_channels << " to " << g.out_channels
            << ", product " << static_cast<int>(product);
      }
    }
  }
}

TEST(ConvolveTest, PlansAreOfUseInAnyThread) {
  // OpenMP's numbers of threads belong to the thread that sets them.
  const ConvolveGeometry g = Image(8, 16, 16, 20, 3);
  const auto here = Product<float>(g, ConvolveProduct::kOut, true, 2);
  std::vector<float> there;
  std::thread thread(
      [&] { there = Product<float>(g, ConvolveProduct::kOut, true, 2); });
  thread.join();
  EXPECT_EQ(here, there);
}

TEST(ConvolveTest, CutsCoverEverythingOnce) {
  for (const ConvolveGeometry& g : Geometries()) {
    for (ConvolveProduct product : kProducts) {
      const ConvolveCut cut = CutConvolve(g, product);
      EXPECT_EQ(cut.chunk * cut.chunks, g.batch);
      EXPECT_GE(cut.runs * cut.chunks_per_run, cut.chunks);
      EXPECT_LT((cut.runs - 1) * cut.chunks_per_run, cut.chunks);
      EXPECT_LE(cut.blocks(), 32);
      if (g.groups > 1) {
        EXPECT_EQ(cut.part_groups * cut.parts, g.groups);
      } else if (product == ConvolveProduct::kData) {
        EXPECT_EQ(cut.part_in * cut.parts, g.in_channels);
        EXPECT_EQ(cut.part_out, g.out_channels);
      } else {
        EXPECT_EQ(cut.part_out * cut.parts, g.out_channels);
        EXPECT_EQ(cut.part_in, g.in_channels);
      }
    }
  }
  // One example has work for several threads.
  EXPECT_GT(
      CutConvolve(Image(1, 64, 96, 28, 3), ConvolveProduct::kOut).blocks(), 3);
  EXPECT_GT(
      CutConvolve(Image(1, 64, 96, 28, 3), ConvolveProduct::kWeight).blocks(),
      3);
}

TEST(ConvolveTest, MemoryDoesNotGrowWithTheBatch) {
  // The gradient of such data writes out all windows of an example: 7 MB.
  for (ConvolveProduct product : kProducts) {
    const auto bytes = [&](int64_t batch) {
      const auto plan =
          PlanConvolve<float>(Image(batch, 3, 64, 224, 7, 2), product, false);
      EXPECT_TRUE(plan.ok()) << plan.status();
      return plan->workspace_bytes;
    };
    EXPECT_LE(bytes(64), 100 << 20);
    EXPECT_EQ(bytes(64), bytes(128));
  }
}

// Sizes that oneDNN does not take.
TEST(ConvolveTest, HugeStepsRunInLoops) {
  ConvolveGeometry g = Image(1, 2, 2, 5, 1);
  g.axes[2].stride = int64_t{1} << 30;
  g.axes[1].pad = int64_t{1} << 16;
  g.axes[1].stride = int64_t{1} << 16;
  g = WithWindows(g);
  const auto plan = PlanConvolve<float>(g, ConvolveProduct::kOut, false);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->onednn, nullptr);
  const auto found = Product<float>(g, ConvolveProduct::kOut, false, 2);
  const auto expected = Product<double>(g, ConvolveProduct::kOut, false, 2);
  ASSERT_EQ(found.size(), 2u * 3u);
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], 1e-6);
  }
}

}  // namespace
}  // namespace minnow
