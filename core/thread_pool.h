// One pool of threads, and loops that run on it.
//
//   ThreadPool pool(2);
//   ParallelFor(pool, n, 1 << 14, [&](int64_t begin, int64_t end) {
//     Vectorize(...);  // The elements [begin, end).
//   });
//
// A loop is cut into blocks that depend on its length alone, never on the
// number of threads; so a result that is made block by block has the same bits
// for any number of threads.
#ifndef MINNOW_CORE_THREAD_POOL_H_
#define MINNOW_CORE_THREAD_POOL_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace minnow {

// Thread safety: one thread calls Run at a time; blocks do not call it.
class ThreadPool {
 public:
  // `num_threads` counts the calling thread; 0 takes as many as the machine
  // runs at once. Where the system refuses a thread the pool has fewer.
  explicit ThreadPool(int num_threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls block(i) once for each i in [0, num_blocks), in any order and on any
  // thread, and returns when all have returned. `block` must not throw.
  template <typename F>
  void Run(int64_t num_blocks, const F& block) {
    if (num_blocks <= 1 || workers_.empty()) {
      for (int64_t i = 0; i < num_blocks; ++i) block(i);
      return;
    }
    RunRegion(
        num_blocks,
        [](const void* f, int64_t i) { (*static_cast<const F*>(f))(i); },
        &block);
  }

  // Parallel regions that have run: those of more than one block.
  int64_t num_regions() const { return num_regions_; }

 private:
  using BlockFn = void (*)(const void* f, int64_t i);

  // A thread begins with blocks of its own, in ascending order, so that it goes
  // through memory that is in one piece; then it helps the others with theirs.
  struct alignas(64) Share {
    std::atomic<int64_t> unclaimed = 0;
  };

  void RunRegion(int64_t num_blocks, BlockFn call, const void* f);
  void Work(int64_t own);
  // Runs blocks until none is left to claim, first those of the share `own`.
  void ClaimBlocks(int64_t own);
  // The first block of a share, or what is behind the last one.
  int64_t FirstBlock(int64_t share) const {
    return share * (num_blocks_ / num_shares_) +
           std::min(share, num_blocks_ % num_shares_);
  }

  // The region that runs. Its shares are published last; a thread that has
  // claimed a block may read the others, since the region cannot end before
  // that block has.
  BlockFn call_ = nullptr;
  const void* f_ = nullptr;
  int64_t num_blocks_ = 0;
  int64_t num_shares_ = 1;
  std::unique_ptr<Share[]> shares_;
  alignas(64) std::atomic<int64_t> unfinished_ = 0;
  // Counts regions; workers sleep on it.
  alignas(64) std::atomic<uint32_t> epoch_ = 0;
  std::atomic<int> num_sleeping_ = 0;
  std::atomic<bool> stop_ = false;
  int64_t num_regions_ = 0;
  std::vector<std::thread> workers_;
};

// Cuts [0, n) into blocks of `grain` elements, and calls f(begin, end) for
// each. A single block runs in the calling thread.
// REQUIRES: grain > 0.
template <typename F>
void ParallelFor(ThreadPool& pool, int64_t n, int64_t grain, const F& f) {
  if (n <= grain) {
    if (n > 0) f(int64_t{0}, n);
    return;
  }
  pool.Run((n + grain - 1) / grain,
           [&](int64_t i) { f(i * grain, std::min(n, (i + 1) * grain)); });
}

}  // namespace minnow

#endif  // MINNOW_CORE_THREAD_POOL_H_
