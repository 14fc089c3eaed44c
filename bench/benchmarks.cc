// Google Benchmarks of the works that bench/compare compares. They use all
// processors; MlpStep/64 is a batch of 64, and so on.
//
//   build/release/bin/minnow_bench --benchmark_filter=SgdMom

#include <cstdint>
#include <string>

#include "benchmark/benchmark.h"
#include "minnow/bench/works.h"
#include "minnow/core/thread_pool.h"

namespace minnow {
namespace {

constexpr int kAllThreads = 0;

void RunSteps(benchmark::State& state, absl::StatusOr<Executor> step) {
  absl::Status status = step.status();
  for (auto _ : state) {
    if (status.ok()) status = step->Run();
    if (!status.ok()) {
      state.SkipWithError(std::string(status.message()).c_str());
      return;
    }
  }
}

// Of empty blocks: what it costs to call the other threads.
void BM_ParallelRegion(benchmark::State& state) {
  ThreadPool threads(kAllThreads);
  for (auto _ : state) {
    threads.Run(state.range(0), [](int64_t i) { benchmark::DoNotOptimize(i); });
  }
}
BENCHMARK(BM_ParallelRegion)->Arg(2)->Arg(32)->UseRealTime();

void BM_SgdMomUpdate(benchmark::State& state) {
  RunSteps(state, SgdMomStep(state.range(0), kAllThreads));
  // Reads w, g and m, writes w and m.
  state.SetBytesProcessed(state.iterations() * state.range(0) * 5 *
                          static_cast<int64_t>(sizeof(float)));
}
BENCHMARK(BM_SgdMomUpdate)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Arg(65'536)
    ->Arg(1'000'000)
    ->Arg(8'000'000)
    ->Arg(64'000'000)
    ->UseRealTime();

void BM_Dispatch(benchmark::State& state) {
  RunSteps(state, AdditionChain(state.range(0), kAllThreads));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Dispatch)->Arg(1'000)->UseRealTime();

// Of a chain of scalar additions.
void BM_Bind(benchmark::State& state) {
  const absl::StatusOr<Graph> graph = AdditionGraph(state.range(0));
  for (auto _ : state) {
    if (!graph.ok() || !Executor::Bind(*graph, {}).ok()) {
      state.SkipWithError("cannot bind");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Bind)
    ->Arg(10'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void BM_MlpStep(benchmark::State& state) {
  RunSteps(state, MlpStep(state.range(0), kAllThreads));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_MlpStep)->Arg(64)->Arg(1)->UseRealTime();

}  // namespace
}  // namespace minnow

BENCHMARK_MAIN();
