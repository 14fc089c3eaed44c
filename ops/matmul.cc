#include "minnow/ops/matmul.h"

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "minnow/core/half.h"
#include "minnow/core/round_up.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/ops/onednn.h"

namespace minnow {
namespace {

// A product of so many operations, about 10 microseconds of one core, is worth
// a second thread.
constexpr double kMinParallelOps = 1 << 20;
constexpr int64_t kMaxBlocks = 32;
// Elements of C in a row that belong together: a cache line of float32, or a
// panel (see below) of the other types. Blocks are multiples of it.
constexpr int64_t kLine = 16;
constexpr int64_t kPanel = 32;
template <typename T>
constexpr int64_t kBlockUnit = std::is_same_v<T, float> ? kLine : kPanel;

// Halves the longer side as long as that pays. Each block copies its rows of A
// and columns of B anew, fewest where it is square; so more blocks ask for
// larger ones.
void ChooseBlocks(int64_t unit, MatMulPlan& plan) {
  plan.block_m = std::max<int64_t>(plan.m, 1);
  plan.block_n = std::max<int64_t>(plan.n, 1);
  const auto ops = [&] {
    return 2.0 * static_cast<double>(plan.block_m) *
           static_cast<double>(plan.block_n) * static_cast<double>(plan.k);
  };
  for (int64_t blocks = std::max<int64_t>(plan.batch, 1); blocks < kMaxBlocks;
       blocks *= 2) {
    int64_t& longer =
        plan.block_n >= plan.block_m ? plan.block_n : plan.block_m;
    if (ops() < kMinParallelOps * static_cast<double>(blocks) ||
        longer <= unit) {
      break;
    }
    longer = RoundUp(DivideUp(longer, 2), unit);
  }
  plan.blocks_per_claim =
      plan.batch <= 1 || ops() >= kMinParallelOps / 2
          ? 1
          : static_cast<int64_t>(kMinParallelOps / 2 / (ops() + 1000)) + 1;
}

// The gradient of a weight is a product of this form: transposed(A) B. If it
// has kMinConsumedBytes it has left the caches when it is complete, while a
// block of rows stays there. But each block reads all of B anew, so blocks need
// some rows, and sums of few terms; longer ones cost more than is saved.
// Without a consumer the blocks are the same, as oneDNN's rounding depends on
// their size.
constexpr int64_t kMinConsumedBytes = 8 << 20;
constexpr int64_t kMaxConsumedK = 96;
constexpr int64_t kConsumedBlockBytes = 1 << 20;
constexpr int64_t kConsumedRowUnit = 16;
constexpr int64_t kMinConsumedBlocks = 32;  // So that many threads have work.

void ChooseConsumableBlocks(int64_t item, MatMulPlan& plan) {
  const int64_t row_bytes = plan.n * item;
  if (!plan.transpose_a || plan.transpose_b || plan.batch != 1 || plan.k == 0 ||
      plan.k > kMaxConsumedK || plan.m * row_bytes < kMinConsumedBytes) {
    return;
  }
  const int64_t rows =
      std::min(kConsumedBlockBytes / row_bytes, plan.m / kMinConsumedBlocks);
  if (rows < kConsumedRowUnit) return;
  plan.consumable = true;
  plan.block_m = rows / kConsumedRowUnit * kConsumedRowUnit;
  plan.block_n = plan.n;
  plan.blocks_per_claim = 1;
}

// Rows that lie a multiple of so many bytes apart compete for the same few
// lines of the first-level cache. oneDNN reads the rows of op(B), and the
// columns of op(A), side by side, and is two to three times as fast on a copy
// with another stride. The copy pays if each element has so many uses.
constexpr int64_t kConflictingBytes = 2048;
constexpr int64_t kMinUsesOfCopy = 64;

bool NeedsCopy(int64_t stride, int64_t uses) {
  return stride > 0 && uses >= kMinUsesOfCopy &&
         stride * static_cast<int64_t>(sizeof(float)) % kConflictingBytes == 0;
}

int64_t BytesOfCopy(const MatMulPlan& plan, bool copy, int64_t stride) {
  return copy ? plan.batch * plan.k * stride *
                    static_cast<int64_t>(sizeof(float))
              : 0;
}

void ChooseStrides(MatMulPlan& plan) {
  plan.stride_a = plan.transpose_a ? plan.m : plan.k;
  plan.stride_b = plan.transpose_b ? plan.k : plan.n;
  plan.copy_a = plan.k > 1 && plan.transpose_a && NeedsCopy(plan.m, plan.n);
  plan.copy_b = plan.k > 1 && !plan.transpose_b && NeedsCopy(plan.n, plan.m);
  if (plan.copy_a) plan.stride_a += kLine;
  if (plan.copy_b) plan.stride_b += kLine;
  plan.workspace_bytes = BytesOfCopy(plan, plan.copy_a, plan.stride_a) +
                         BytesOfCopy(plan, plan.copy_b, plan.stride_b);
}

// Copies rows without gaps to rows that are `stride` apart.
void CopyRows(ThreadPool& threads, const float* from, int64_t rows,
              int64_t cols, float* to, int64_t stride) {
  ParallelFor(threads, rows, DivideUp(1 << 16, cols),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  std::copy_n(from + i * cols, cols, to + i * stride);
                }
              });
}

struct Block {
  int64_t row, col, rows, cols;
  int64_t matrix;
};

int64_t NumBlocks(const MatMulPlan& plan) {
  return plan.batch * DivideUp(plan.m, plan.block_m) *
         DivideUp(plan.n, plan.block_n);
}

Block BlockAt(const MatMulPlan& plan, int64_t i) {
  const int64_t across = DivideUp(plan.n, plan.block_n);
  const int64_t down = DivideUp(plan.m, plan.block_m);
  const int64_t row = i / across % down * plan.block_m;
  const int64_t col = i % across * plan.block_n;
  return {row, col, std::min(plan.block_m, plan.m - row),
          std::min(plan.block_n, plan.n - col), i / (across * down)};
}

// Calls f(Block, T*) for each block of C, with the place of its first element;
// from row to row there are n elements. f returns whether it has made the
// block; then a consumer, if there is one, takes it, and the thread makes its
// next one in the same place.
template <typename T, typename F>
void ForEachBlock(const RunContext& context, const MatMulPlan& plan, T* c,
                  const F& f) {
  ThreadPool& threads = *context.threads;
  const int64_t num_blocks = NumBlocks(plan);
  if (!context.consume.is_set()) {
    ParallelFor(threads, num_blocks, plan.blocks_per_claim,
                [&](int64_t begin, int64_t end) {
                  for (int64_t i = begin; i < end; ++i) {
                    const Block block = BlockAt(plan, i);
                    f(block, c + (block.matrix * plan.m + block.row) * plan.n +
                                 block.col);
                  }
                });
    return;
  }
  std::atomic<int64_t> unclaimed = 0;
  // C has room for so many whole blocks.
  const auto num_places = std::min<int64_t>(plan.batch * plan.m / plan.block_m,
                                            threads.num_threads());
  threads.Run(num_places, [&](int64_t place) {
    T* const to = c + place * plan.block_m * plan.n;
    for (int64_t i = unclaimed++; i < num_blocks; i = unclaimed++) {
      const Block block = BlockAt(plan, i);
      if (!f(block, to)) continue;
      const int64_t begin = (block.matrix * plan.m + block.row) * plan.n;
      context.consume(begin, begin + block.rows * plan.n, to);
    }
  });
}

// A column by a row, which oneDNN takes 1.2 to 4 times as long for. Both are in
// one piece, transposed or not.
void MultiplyVectors(const MatMulPlan& plan, const Block& block, const float* a,
                     const float* b, const float* bias, float* c) {
  Vectorize([&]() MINNOW_INLINE {
    for (int64_t i = 0; i < block.rows; ++i) {
      const float factor = a[i];
      float* __restrict const row = c + i * plan.n;
      if (bias != nullptr) {
        for (int64_t j = 0; j < block.cols; ++j)
          row[j] = bias[j] + factor * b[j];
      } else {
        for (int64_t j = 0; j < block.cols; ++j) row[j] = factor * b[j];
      }
    }
  });
}

dnnl_status_t MultiplyBlock(const MatMulPlan& plan, const Block& block,
                            const float* a, const float* b, const float* bias,
                            float* c) {
  const int64_t lda = plan.stride_a, ldb = plan.stride_b;
  a += plan.transpose_a ? block.matrix * plan.k * lda + block.row
                        : (block.matrix * plan.m + block.row) * lda;
  b += plan.transpose_b ? (block.matrix * plan.n + block.col) * ldb
                        : block.matrix * plan.k * ldb + block.col;
  if (bias != nullptr) bias += block.col;
  if (plan.k == 1) {
    MultiplyVectors(plan, block, a, b, bias, c);
    return dnnl_success;
  }
  if (bias != nullptr) {
    for (int64_t i = 0; i < block.rows; ++i) {
      std::copy_n(bias, block.cols, c + i * plan.n);
    }
  }
  const SingleOpenMpThread single;
  return dnnl_sgemm(plan.transpose_a ? 'T' : 'N', plan.transpose_b ? 'T' : 'N',
                    block.rows, block.cols, plan.k, /*alpha=*/1.0f, a, lda, b,
                    ldb, /*beta=*/bias != nullptr ? 1.0f : 0.0f, c, plan.n);
}

absl::Status Multiply(const RunContext& context, const MatMulPlan& plan,
                      const float* a, const float* b, const float* bias,
                      float* c) {
  std::byte* copies = context.workspace.data();
  const auto copied = [&](bool copy, const float* from, int64_t cols,
                          int64_t stride) {
    if (!copy) return from;
    float* const to = reinterpret_cast<float*>(copies);
    copies += BytesOfCopy(plan, copy, stride);
    CopyRows(*context.threads, from, plan.batch * plan.k, cols, to, stride);
    return static_cast<const float*>(to);
  };
  a = copied(plan.copy_a, a, plan.m, plan.stride_a);
  b = plan.kept_b != nullptr
          ? reinterpret_cast<const float*>(plan.kept_b->data())
          : copied(plan.copy_b, b, plan.n, plan.stride_b);
  std::atomic<dnnl_status_t> status = dnnl_success;
  ForEachBlock(context, plan, c, [&](const Block& block, float* to) {
    const dnnl_status_t result = MultiplyBlock(plan, block, a, b, bias, to);
    if (result != dnnl_success) status = result;
    return result == dnnl_success;
  });
  if (status == dnnl_success) return absl::OkStatus();
  return OneDnnStatus(status, absl::StrCat("multiply ", plan.m, " x ", plan.k,
                                           " by ", plan.k, " x ", plan.n));
}

// op(B) is packed into panels of a few columns: k rows of kPanel elements, the
// last panel filled up with zeros. So the loop below has one form. It is so
// wide that compilers vectorize along the row, not along k.
template <typename T>
void PackPanel(const MatMulPlan& plan, const T* b, int64_t col,
               ComputeType<T>* panel) {
  using C = ComputeType<T>;
  const int64_t cols = std::min(kPanel, plan.n - col);
  const int64_t row_step = plan.transpose_b ? 1 : plan.n;
  const int64_t col_step = plan.transpose_b ? plan.k : 1;
  b += col * col_step;
  for (int64_t k = 0; k < plan.k; ++k) {
    for (int64_t j = 0; j < cols; ++j) {
      panel[j] = static_cast<C>(b[k * row_step + j * col_step]);
    }
    std::fill(panel + cols, panel + kPanel, C{0});
    panel += kPanel;
  }
}

// One row of op(A), whose elements are `step` apart, by a panel.
template <typename T>
MINNOW_INLINE inline void MultiplyRow(int64_t k, const T* a, int64_t step,
                                      const ComputeType<T>* panel,
                                      ComputeType<T>* sums) {
  using C = ComputeType<T>;
  C sum[kPanel];
  for (int64_t j = 0; j < kPanel; ++j) sum[j] = sums[j];
  for (int64_t i = 0; i < k; ++i) {
    const C factor = static_cast<C>(a[i * step]);
    for (int64_t j = 0; j < kPanel; ++j) {
      sum[j] += factor * panel[i * kPanel + j];
    }
  }
  for (int64_t j = 0; j < kPanel; ++j) sums[j] = sum[j];
}

// The panels of all matrices.
template <typename T>
void PackPanels(ThreadPool& threads, const MatMulPlan& plan, const T* b,
                ComputeType<T>* panels) {
  const int64_t grain = DivideUp(1 << 16, plan.k * kPanel);
  const int64_t across = DivideUp(plan.n, kPanel);  // Panels of a matrix.
  ParallelFor(threads, plan.batch * across, grain,
              [&](int64_t begin, int64_t end) {
                for (int64_t p = begin; p < end; ++p) {
                  PackPanel(plan, b + p / across * plan.k * plan.n,
                            p % across * kPanel, panels + p * plan.k * kPanel);
                }
              });
}

template <typename T>
absl::Status Multiply(const RunContext& context, const MatMulPlan& plan,
                      const T* a, const T* b, const T* bias, T* c) {
  using C = ComputeType<T>;
  const bool is_kept = plan.kept_b != nullptr;
  C* const panels = reinterpret_cast<C*>(is_kept ? plan.kept_b->data()
                                                 : context.workspace.data());
  if (!is_kept) PackPanels(*context.threads, plan, b, panels);
  const int64_t across = DivideUp(plan.n, kPanel);
  const int64_t row_step = plan.transpose_a ? 1 : plan.k;
  const int64_t k_step = plan.transpose_a ? plan.m : 1;
  ForEachBlock(context, plan, c, [&](const Block& block, T* to) {
    const T* const from = a + block.matrix * plan.m * plan.k;
    const C* const packed = panels + block.matrix * across * kPanel * plan.k;
    Vectorize([&]() MINNOW_INLINE {
      // Blocks are cut between panels.
      for (int64_t col = block.col; col < block.col + block.cols;
           col += kPanel) {
        const int64_t cols = std::min(kPanel, plan.n - col);
        for (int64_t i = 0; i < block.rows; ++i) {
          C sums[kPanel] = {};
          if (bias != nullptr) {
            for (int64_t j = 0; j < cols; ++j) {
              sums[j] = static_cast<C>(bias[col + j]);
            }
          }
          MultiplyRow(plan.k, from + (block.row + i) * row_step, k_step,
                      packed + col * plan.k, sums);
          T* const line = to + i * plan.n + col - block.col;
          for (int64_t j = 0; j < cols; ++j) line[j] = static_cast<T>(sums[j]);
        }
      }
    });
    return true;
  });
  return absl::OkStatus();
}

}  // namespace

template <typename T>
MatMulPlan PlanMatMul(int64_t m, int64_t n, int64_t k, bool transpose_a,
                      bool transpose_b, int64_t batch) {
  MatMulPlan plan = {.m = m,
                     .n = n,
                     .k = k,
                     .transpose_a = transpose_a,
                     .transpose_b = transpose_b,
                     .batch = batch,
                     .block_m = 0,
                     .block_n = 0,
                     .blocks_per_claim = 1,
                     .consumable = false,
                     .stride_a = 0,
                     .stride_b = 0,
                     .copy_a = false,
                     .copy_b = false,
                     .workspace_bytes = 0};
  ChooseBlocks(kBlockUnit<T>, plan);
  ChooseConsumableBlocks(static_cast<int64_t>(sizeof(T)), plan);
  if (std::is_same_v<T, float>) {
    ChooseStrides(plan);
  } else if (m > 0) {
    const int64_t padded = RoundUp(n, kPanel);
    plan.workspace_bytes =
        batch * k * padded * static_cast<int64_t>(sizeof(ComputeType<T>));
  }
  return plan;
}

template <typename T>
absl::Status MatMul(const RunContext& context, const MatMulPlan& plan,
                    const T* a, const T* b, const T* bias, T* c) {
  if (plan.m == 0 || plan.n == 0 || plan.batch == 0) return absl::OkStatus();
  if (plan.k > 0) return Multiply(context, plan, a, b, bias, c);
  for (int64_t row = 0; row < plan.batch * plan.m; ++row) {  // Empty sums.
    T* const to = c + row * plan.n;
    if (bias != nullptr) {
      std::copy_n(bias, plan.n, to);
    } else {
      std::fill_n(to, plan.n, static_cast<T>(0.0f));
    }
  }
  return absl::OkStatus();
}

template <typename T>
absl::StatusOr<MatMulPlan> KeepB(const RunContext& context, MatMulPlan plan,
                                 const T* b) {
  constexpr bool is_float = std::is_same_v<T, float>;
  const int64_t bytes = is_float ? BytesOfCopy(plan, plan.copy_b, plan.stride_b)
                                 : plan.workspace_bytes;
  if (bytes == 0) return plan;
  MINNOW_ASSIGN_OR_RETURN(Buffer buffer, Buffer::Allocate(bytes));
  auto* const copy = reinterpret_cast<ComputeType<T>*>(buffer.data());
  if constexpr (is_float) {
    CopyRows(*context.threads, b, plan.batch * plan.k, plan.n, copy,
             plan.stride_b);
  } else {
    PackPanels(*context.threads, plan, b, copy);
  }
  plan.kept_b = std::make_shared<const Buffer>(std::move(buffer));
  return plan;
}

#define MINNOW_INSTANTIATE(T)                                                 \
  template MatMulPlan PlanMatMul<T>(int64_t, int64_t, int64_t, bool, bool,    \
                                    int64_t);                                 \
  template absl::Status MatMul<T>(const RunContext&, const MatMulPlan&,       \
                                  const T*, const T*, const T*, T*);          \
  template absl::StatusOr<MatMulPlan> KeepB<T>(const RunContext&, MatMulPlan, \
                                               const T*);
MINNOW_INSTANTIATE(float)
MINNOW_INSTANTIATE(double)
MINNOW_INSTANTIATE(Float16)
MINNOW_INSTANTIATE(BFloat16)
#undef MINNOW_INSTANTIATE

}  // namespace minnow
