// A training step with a large table takes the memory of the table and of its
// states, and little more.
#include <malloc.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/embedding.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/unary.h"
#include "minnow/train/training_step.h"

namespace minnow {
namespace {

constexpr int64_t kRows = 1'000'000, kColumns = 16, kBatch = 4096;
constexpr int64_t kTableBytes =
    kRows * kColumns * static_cast<int64_t>(sizeof(float));

enum class Mode { kLazy, kStandard, kDeferred };

// A table, and a layer on top.
absl::StatusOr<Graph> MakeStep(Mode mode) {
  GraphBuilder b(BuiltinOps());
  const Symbol ids = b.Variable("ids");
  const Symbol table = b.Variable("table", {.shape = {kRows, kColumns},
                                            .dtype = DType::kFloat32,
                                            .init = Initializer::One()});
  std::vector<DeferredWeight> deferred;
  Symbol x;
  if (mode == Mode::kDeferred) {
    deferred.push_back(MakeDeferred(table));
    x = op::DeferredRows(deferred[0], ids);
  } else {
    x = op::Embedding(
        ids, table,
        {.input_dim = kRows, .output_dim = kColumns, .sparse_grad = true});
  }
  x = op::FullyConnected(
      x,
      b.Variable("weight",
                 {.shape = {1, kColumns}, .init = Initializer::Xavier()}),
      b.Variable("bias", {.shape = {1}, .init = Initializer::Zero()}),
      {.num_hidden = 1});
  TrainingStep(b, op::Mean(op::Square(x - 1.0f)),
               SgdOptimizer({.lr = 0.1f,
                             .momentum = 0.9f,
                             .wd = 0.01f,
                             .lazy_update = mode != Mode::kStandard},
                            deferred));
  return b.Build({});
}

// A line of the process's status, such as "VmHWM:", in bytes.
int64_t StatusBytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    int64_t kilobytes = 0;
    if (word == key && status >> kilobytes) return kilobytes * 1024;
  }
  return -1;
}

// The most memory that the process had at once since this was asked last.
class PeakMemory {
 public:
  PeakMemory() {
    malloc_trim(0);  // What others left is not to be used again unseen.
    std::ofstream("/proc/self/clear_refs") << "5";
    begin_ = StatusBytes("VmHWM:");
  }
  int64_t Growth() const { return StatusBytes("VmHWM:") - begin_; }

 private:
  int64_t begin_;
};

absl::Status TakeSteps(Mode mode) {
  BindOptions options = {.threads = 2, .strict_storage = true};
  MINNOW_ASSIGN_OR_RETURN(options.variables["ids"],
                          NDArray::Zeros({kBatch}, DType::kInt64));
  for (int64_t i = 0; i < kBatch; ++i) {
    options.variables["ids"].values<int64_t>()[i] = i * 7919 % kRows;
  }
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, MakeStep(mode));
  MINNOW_ASSIGN_OR_RETURN(Executor step, Executor::Bind(graph, options));
  // Memory of zeros counts when it is written.
  for (const char* state : {"table_mom", "table_last"}) {
    const auto array = step.Variable(state);
    if (!array.ok()) continue;
    volatile std::byte* const bytes = array->raw();
    for (int64_t i = 0; i < array->num_bytes(); i += 4096) bytes[i] = bytes[i];
  }
  for (int i = 0; i < 3; ++i) MINNOW_RETURN_IF_ERROR(step.Run());
  return absl::OkStatus();
}

class PeakMemoryTest : public testing::TestWithParam<Mode> {};

TEST_P(PeakMemoryTest, IsThatOfTheTableAndItsMomentum) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers have memory of their own";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "sanitizers have memory of their own";
#endif
#endif
  const int64_t states =
      kTableBytes + (GetParam() == Mode::kDeferred
                         ? kRows * static_cast<int64_t>(sizeof(int32_t))
                         : 0);
  const PeakMemory peak;
  ASSERT_EQ(TakeSteps(GetParam()), absl::OkStatus());
  // What is small may lie in memory that others left, and the system counts
  // pages in batches.
  EXPECT_GE(peak.Growth(), 2 * kTableBytes * 99 / 100);
  EXPECT_LE(peak.Growth(), (kTableBytes + states) * 11 / 10);
}

INSTANTIATE_TEST_SUITE_P(Modes, PeakMemoryTest,
                         testing::Values(Mode::kLazy, Mode::kStandard,
                                         Mode::kDeferred));

}  // namespace
}  // namespace minnow
