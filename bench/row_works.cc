#include "minnow/bench/row_works.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "minnow/bench/works.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/deferred.h"
#include "minnow/ops/sgd.h"

namespace minnow {
namespace {

constexpr int64_t kTableRows = 1'000'000;
constexpr int64_t kColumns = 64;
// Of all sets of rows together: caches forget a set before it comes again.
constexpr int64_t kRowsOfAllSets = 1'000'000;

Shape TableShape() { return {kTableRows, kColumns}; }

// Gradients of different sets of rows.
absl::StatusOr<std::vector<NDArray>> RandomGradients(int64_t rows) {
  std::mt19937_64 random(1);
  std::vector<int64_t> all(kTableRows);
  std::iota(all.begin(), all.end(), int64_t{0});
  MINNOW_ASSIGN_OR_RETURN(const NDArray values,
                          NDArray::Zeros({rows, kColumns}, DType::kFloat32));
  std::fill_n(values.values<float>().begin(), values.num_elements(), 1e-3f);
  std::vector<NDArray> grads;
  for (int64_t i = 0; i < std::max<int64_t>(2, kRowsOfAllSets / rows); ++i) {
    // The first part of a shuffle.
    for (int64_t k = 0; k < rows; ++k) {
      std::swap(all[k],
                all[k + static_cast<int64_t>(random() % (kTableRows - k))]);
    }
    std::vector<int64_t> set(all.begin(), all.begin() + rows);
    std::sort(set.begin(), set.end());
    MINNOW_ASSIGN_OR_RETURN(
        grads.emplace_back(),
        NDArray::RowSparse(TableShape(), values, std::move(set)));
  }
  return grads;
}

}  // namespace

absl::Status WriteAllPages(const Executor& executor) {
  constexpr int64_t kPage = 4096;
  for (const std::string& name : executor.VariableNames()) {
    MINNOW_ASSIGN_OR_RETURN(const NDArray array, executor.Variable(name));
    if (array.storage() != StorageType::kDense) continue;
    volatile std::byte* const bytes = array.raw();
    for (int64_t i = 0; i < array.num_bytes(); i += kPage) bytes[i] = bytes[i];
  }
  return absl::OkStatus();
}

absl::StatusOr<CycledStep> RowUpdateStep(RowUpdateMode mode, int64_t rows,
                                         int threads) {
  MINNOW_ASSIGN_OR_RETURN(std::vector<NDArray> grads, RandomGradients(rows));
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable("w", {.shape = TableShape(),
                                    .dtype = DType::kFloat32,
                                    .init = Initializer::One()});
  const Symbol grad = b.Variable("grad");
  const SgdMomUpdateAttrs sgd = BenchSgd();
  if (mode == RowUpdateMode::kDeferred) {
    op::DeferredSgdMomUpdate(
        MakeDeferred(w), grad,
        {.lr = sgd.lr, .momentum = sgd.momentum, .wd = sgd.wd});
  } else {
    op::SgdMomUpdate(w, grad, b.Variable("m"),
                     {.lr = sgd.lr,
                      .momentum = sgd.momentum,
                      .wd = sgd.wd,
                      .lazy_update = mode == RowUpdateMode::kLazy},
                     {.out = w});
  }
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({}));
  MINNOW_ASSIGN_OR_RETURN(
      Executor executor,
      Executor::Bind(graph, {.variables = {{"grad", grads[0]}},
                             .threads = threads,
                             .strict_storage = true}));
  MINNOW_RETURN_IF_ERROR(WriteAllPages(executor));
  return CycledStep(std::move(executor), "grad", std::move(grads));
}

absl::Status CycledStep::Run() {
  MINNOW_RETURN_IF_ERROR(executor_.SetInput(input_, arrays_[next_]));
  next_ = (next_ + 1) % arrays_.size();
  return executor_.Run();
}

absl::StatusOr<PlainRowUpdate> PlainRowUpdate::Create(int64_t rows,
                                                      int threads) {
  PlainRowUpdate plain;
  for (NDArray* array : {&plain.w_, &plain.m_}) {
    MINNOW_ASSIGN_OR_RETURN(*array,
                            NDArray::Zeros(TableShape(), DType::kFloat32));
    std::fill_n(array->values<float>().begin(), array->num_elements(), 1.0f);
  }
  MINNOW_ASSIGN_OR_RETURN(plain.grads_, RandomGradients(rows));
  plain.threads_ = std::make_unique<ThreadPool>(threads);
  return plain;
}

void PlainRowUpdate::Run() {
  const NDArray& grad = grads_[next_];
  next_ = (next_ + 1) % grads_.size();
  const auto rows = static_cast<int64_t>(grad.indices().size());
  const int64_t part = rows / threads_->num_threads() + 1;
  ParallelFor(*threads_, rows, part, [&](int64_t begin, int64_t end) {
    Vectorize([begin, end, row = grad.indices().data(),
               w = w_.values<float>().data(), m = m_.values<float>().data(),
               g = grad.values<float>().data()]() MINNOW_INLINE {
      for (int64_t i = begin; i < end; ++i) {
        float* wi = w + row[i] * kColumns;
        float* mi = m + row[i] * kColumns;
        const float* gi = g + i * kColumns;
        for (int64_t k = 0; k < kColumns; ++k) {
          mi[k] = 0.9f * mi[k] - 1e-6f * wi[k] - 0.01f * gi[k];
          wi[k] += mi[k];
        }
      }
    });
  });
}

}  // namespace minnow
