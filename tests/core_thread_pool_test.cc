#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/thread_pool.h"

namespace minnow {
namespace {

// Runs a region, and expects each block to have run once.
void ExpectEachBlockOnce(ThreadPool& pool, int64_t num_blocks) {
  // Plain numbers: Run() itself must order the writes before its return.
  std::vector<int> runs(static_cast<size_t>(num_blocks));
  pool.Run(num_blocks, [&](int64_t i) { ++runs[static_cast<size_t>(i)]; });
  EXPECT_EQ(runs, std::vector<int>(runs.size(), 1));
}

class ThreadPoolTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 3, 8));

TEST_P(ThreadPoolTest, RunsEachBlockOnce) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.num_threads(), GetParam());
  for (int64_t num_blocks : {0, 1, 2, 3, 7, 64, 1000}) {
    ExpectEachBlockOnce(pool, num_blocks);
  }
}

TEST_P(ThreadPoolTest, RunsManyRegionsInSequence) {
  ThreadPool pool(GetParam());
  std::mt19937 random(1);
  // Each region reads what the one before wrote.
  std::vector<int64_t> values(64);
  int64_t expected = 0;
  for (int region = 0; region < 3000; ++region) {
    const int64_t n = 1 + random() % 64;
    const int64_t base = values[0];
    pool.Run(n, [&](int64_t i) { values[static_cast<size_t>(i)] = base + 1; });
    ASSERT_EQ(values[static_cast<size_t>(n - 1)], ++expected);
  }
}

TEST_P(ThreadPoolTest, WakesWorkersThatSleep) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ExpectEachBlockOnce(pool, 16);
  }
}

// Blocks that wait for one another finish only if as many threads run them.
TEST_P(ThreadPoolTest, UsesAllThreadsAtOnce) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> arrived = 0;
    pool.Run(GetParam(), [&](int64_t) {
      ++arrived;
      while (arrived < GetParam()) std::this_thread::yield();
    });
    EXPECT_EQ(arrived, GetParam());
  }
}

TEST_P(ThreadPoolTest, ParallelForCoversTheRangeInFixedBlocks) {
  using Blocks = std::set<std::pair<int64_t, int64_t>>;
  ThreadPool pool(GetParam());
  for (int64_t n : {0, 1, 9, 10, 11, 20, 95}) {
    std::mutex mutex;
    Blocks blocks;
    ParallelFor(pool, n, 10, [&](int64_t begin, int64_t end) {
      const std::lock_guard<std::mutex> lock(mutex);
      EXPECT_TRUE(blocks.emplace(begin, end).second) << "ran twice";
    });
    Blocks expected;
    for (int64_t begin = 0; begin < n; begin += 10) {
      expected.emplace(begin, std::min(n, begin + 10));
    }
    EXPECT_EQ(blocks, expected);
  }
}

TEST(ThreadPoolRegionsTest, CountTheParallelOnes) {
  ThreadPool pool(2);
  const auto nothing = [](int64_t) {};
  pool.Run(0, nothing);
  pool.Run(1, nothing);
  EXPECT_EQ(pool.num_regions(), 0);
  pool.Run(2, nothing);
  EXPECT_EQ(pool.num_regions(), 1);
}

TEST(ThreadPoolRegionsTest, PoolsRunSideBySide) {
  std::vector<std::thread> users;
  for (int user = 0; user < 3; ++user) {
    users.emplace_back([] {
      ThreadPool pool(3);
      for (int region = 0; region < 200; ++region) {
        ExpectEachBlockOnce(pool, 10);
      }
    });
  }
  for (std::thread& user : users) user.join();
}

TEST(ThreadPoolRegionsTest, APoolMayEndWithoutARegion) {
  for (int i = 0; i < 50; ++i) ThreadPool pool(4);
}

}  // namespace
}  // namespace minnow
