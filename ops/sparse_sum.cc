#include "minnow/ops/sparse_sum.h"

#include <algorithm>
#include <utility>

#include "minnow/core/buffer.h"
#include "minnow/core/status.h"
#include "minnow/ops/reduction.h"

namespace minnow {
namespace {

// Values of a block: their sum is one term of the whole.
constexpr int64_t kBlock = 1 << 15;

template <typename T>
struct Add {
  using C = ComputeType<T>;
  MINNOW_INLINE C Map(T x) const { return static_cast<C>(x); }
  MINNOW_INLINE C Combine(C x, C y) const { return x + y; }
};

template <typename T>
MINNOW_INLINE inline ComputeType<T> SumRun(const T* x, int64_t n) {
  ComputeType<T> lanes[internal::kLanes] = {};
  internal::AddToLanes(Add<T>(), x, n, lanes);
  return internal::CombineLanes(Add<T>(), lanes);
}

template <typename T>
absl::Status SumAll(const RunContext& context, absl::Span<const T> values,
                    Dense<T> out) {
  using C = ComputeType<T>;
  const auto size = static_cast<int64_t>(values.size());
  MINNOW_ASSIGN_OR_RETURN(
      const Buffer memory,
      Buffer::Allocate((size / kBlock + 1) * static_cast<int64_t>(sizeof(C))));
  C* const sums = reinterpret_cast<C*>(memory.data());
  ParallelFor(*context.threads, size, kBlock, [&](int64_t begin, int64_t end) {
    Vectorize([&]() MINNOW_INLINE {
      sums[begin / kBlock] = SumRun(values.data() + begin, end - begin);
    });
  });
  C total = 0;
  for (int64_t i = 0; i < size / kBlock + 1; ++i) total += sums[i];
  out.values[0] = static_cast<T>(total);
  return absl::OkStatus();
}

// Which of the two axes of a csr array are reduced.
struct CsrPlan {
  bool rows, columns;
  int64_t workspace_bytes;
};

template <typename T>
absl::StatusOr<CsrPlan> PrepareCsr(const Attrs& attrs,
                                   absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(const std::vector<bool> reduced,
                          ReducedAxes(attrs.As<ReduceAttrs>(), 2));
  MINNOW_ASSIGN_OR_RETURN(
      const int64_t bytes,
      Shape({shapes[0][1]}).CheckedBytes(DTypeOf<ComputeType<T>>));
  // Columns are added up in a type that is wider than that of the result.
  return CsrPlan{reduced[0], reduced[1], reduced[0] && !reduced[1] ? bytes : 0};
}

template <typename T>
absl::Status SumCsr(const RunContext& context, const ReduceAttrs&,
                    const CsrPlan& plan, Csr<const T> x, Dense<T> out) {
  using C = ComputeType<T>;
  const int64_t rows = x.dims[0];
  if (plan.rows && plan.columns) return SumAll(context, x.values, out);
  if (plan.columns) {
    const int64_t grain =
        (1 << 14) / (static_cast<int64_t>(x.values.size()) / (rows + 1) + 1) +
        1;
    ParallelFor(*context.threads, rows, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        C sum = 0;
        for (int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k) {
          sum += static_cast<C>(x.values[k]);
        }
        out.values[i] = static_cast<T>(sum);
      }
    });
    return absl::OkStatus();
  }
  if (plan.rows) {
    // In the order of the rows: a thread for some of the columns would have to
    // look at all of them.
    C* const sums = reinterpret_cast<C*>(context.workspace.data());
    std::fill_n(sums, x.dims[1], C{0});
    for (size_t k = 0; k < x.values.size(); ++k) {
      sums[x.columns[k]] += static_cast<C>(x.values[k]);
    }
    std::transform(sums, sums + x.dims[1], out.data(),
                   [](C sum) { return static_cast<T>(sum); });
    return absl::OkStatus();
  }
  std::fill(out.values.begin(), out.values.end(), T{});
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t k = x.indptr[i]; k < x.indptr[i + 1]; ++k) {
      out.values[i * x.dims[1] + x.columns[k]] = x.values[k];
    }
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status SumRowSparse(const RunContext& context, const ReduceAttrs&,
                          RowSparse<const T> x, Dense<T> out) {
  return SumAll(context, absl::Span<const T>(x.values), out);
}

bool ReducesAll(const Attrs& attrs) {
  const auto& axis = attrs.As<ReduceAttrs>().axis;
  return !axis.has_value() || axis->empty();
}

}  // namespace

std::vector<Kernel> SparseSumKernels() {
  std::vector<Kernel> kernels = KernelsFor(FloatTypes(), []<typename T>() {
    return KernelOf<SumCsr<T>, PrepareCsr<T>>();
  });
  for (Kernel& kernel : KernelsFor(FloatTypes(), []<typename T>() {
         return KernelOf<SumRowSparse<T>>().When(ReducesAll);
       })) {
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

}  // namespace minnow
