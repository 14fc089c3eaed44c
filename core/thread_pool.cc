#include "minnow/core/thread_pool.h"

#include <system_error>

namespace minnow {
namespace {

// A worker that finds no work looks again this often before it sleeps: about
// 100 microseconds, longer than a step of training spends between regions (on
// small operators, on the next batch). To wake it costs tens of them.
constexpr int kSpins = 5000;

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int num_threads) {
  if (num_threads <= 0) {
    num_threads = static_cast<int>(std::thread::hardware_concurrency());
  }
  num_shares_ = std::max(num_threads, 1);
  shares_ = std::make_unique<Share[]>(static_cast<size_t>(num_shares_));
  for (int i = 1; i < num_threads; ++i) {
    try {
      workers_.emplace_back([this, i] { Work(i); });
    } catch (const std::system_error&) {
      break;  // Results do not depend on the number of threads.
    }
  }
}

ThreadPool::~ThreadPool() {
  stop_ = true;
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::RunRegion(int64_t num_blocks, BlockFn call, const void* f) {
  ++num_regions_;
  call_ = call;
  f_ = f;
  unfinished_.store(num_blocks, std::memory_order_relaxed);
  num_blocks_ = num_blocks;
  for (int64_t i = 0; i < num_shares_; ++i) {
    shares_[i].unclaimed.store(FirstBlock(i + 1) - FirstBlock(i),
                               std::memory_order_release);
  }
  // Sequentially consistent, as is the worker's announcement: either it sees
  // the new epoch, or this thread sees that it sleeps.
  epoch_.fetch_add(1);
  if (num_sleeping_.load() > 0) epoch_.notify_all();
  ClaimBlocks(0);
  // Only blocks are waited for; a worker that never woke has none.
  int spins = 0;
  while (unfinished_.load(std::memory_order_acquire) > 0) {
    if (spins < kSpins) {
      ++spins;
      Pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void ThreadPool::ClaimBlocks(int64_t own) {
  // Counted here first: threads take the shared counter from one another.
  int64_t finished = 0;
  for (int64_t i = 0; i < num_shares_; ++i) {
    const int64_t share = (own + i) % num_shares_;
    std::atomic<int64_t>& shared = shares_[share].unclaimed;
    int64_t unclaimed = shared.load(std::memory_order_acquire);
    while (unclaimed > 0) {
      if (!shared.compare_exchange_weak(unclaimed, unclaimed - 1,
                                        std::memory_order_acq_rel,
                                        std::memory_order_acquire)) {
        continue;
      }
      call_(f_, FirstBlock(share + 1) - unclaimed);
      // The region cannot end before this is told, so no block of another one
      // is counted with it.
      ++finished;
      unclaimed = shared.load(std::memory_order_acquire);
    }
  }
  if (finished > 0) unfinished_.fetch_sub(finished, std::memory_order_release);
}

void ThreadPool::Work(int64_t own) {
  uint32_t seen = epoch_.load();
  while (!stop_.load(std::memory_order_relaxed)) {
    ClaimBlocks(own);
    int spins = 0;
    while (epoch_.load(std::memory_order_acquire) == seen && ++spins < kSpins) {
      Pause();
    }
    if (epoch_.load() == seen) {
      num_sleeping_.fetch_add(1);
      epoch_.wait(seen);
      num_sleeping_.fetch_sub(1);
    }
    seen = epoch_.load();
  }
}

}  // namespace minnow
