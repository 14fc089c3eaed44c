#include "minnow/ops/sparse_sum.h"

#include <algorithm>
#include <utility>

#include "minnow/core/status.h"
#include "minnow/ops/convert_storage.h"
#include "minnow/ops/reduction.h"

namespace minnow {
namespace {

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

// How many values there are is known only here: there is a fixed number of
// partial sums.
template <typename T>
absl::Status SumAll(const RunContext& context, absl::Span<const T> values,
                    Dense<T> out) {
  constexpr int64_t kParts = 64, kLeast = 4096;
  ComputeType<T> sums[kParts] = {};
  const auto size = static_cast<int64_t>(values.size());
  const int64_t part = std::max((size + kParts - 1) / kParts, kLeast);
  ParallelFor(*context.threads, size, part, [&](int64_t begin, int64_t end) {
    Vectorize([&]() MINNOW_INLINE {
      sums[begin / part] = SumRun(values.data() + begin, end - begin);
    });
  });
  ComputeType<T> total = 0;
  for (const ComputeType<T> sum : sums) total += sum;
  out.values[0] = static_cast<T>(total);
  return absl::OkStatus();
}

// Which of the two axes of a csr array are reduced.
struct CsrPlan {
  bool rows, columns;
  // Sums of columns are made for so many parts of the values at most.
  int64_t max_parts;
  int64_t workspace_bytes;
};

// Together the parts have at most so many sums, if there is more than one.
constexpr int64_t kMaxSums = 1 << 21;
constexpr int64_t kMaxParts = 16;

template <typename T>
absl::StatusOr<CsrPlan> PrepareCsr(const Attrs& attrs,
                                   absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(const std::vector<bool> reduced,
                          ReducedAxes(attrs.As<ReduceAttrs>(), 2));
  CsrPlan plan = {reduced[0], reduced[1], 0, 0};
  if (!plan.rows || plan.columns) return plan;
  const int64_t columns = shapes[0][1];
  plan.max_parts = std::clamp<int64_t>(kMaxSums / std::max<int64_t>(1, columns),
                                       1, kMaxParts);
  // Columns are added up in a type that is wider than that of the result.
  MINNOW_ASSIGN_OR_RETURN(
      plan.workspace_bytes,
      Shape({plan.max_parts, columns}).CheckedBytes(DTypeOf<ComputeType<T>>));
  return plan;
}

// Sums of the columns: of each of some parts of the values, which depend on
// their number alone, then of the parts.
template <typename T>
void SumColumns(const RunContext& context, const CsrPlan& plan,
                const Csr<const T>& x, Dense<T> out) {
  using C = ComputeType<T>;
  const int64_t columns = x.dims[1];
  const auto size = static_cast<int64_t>(x.values.size());
  // A part is not worth its sums if it has few values.
  const int64_t parts =
      std::clamp<int64_t>(size / (4 * columns + 1), 1, plan.max_parts);
  C* const sums = reinterpret_cast<C*>(context.workspace.data());
  ParallelFor(*context.threads, parts, 1, [&](int64_t p, int64_t) {
    C* const own = sums + p * columns;
    std::fill_n(own, columns, C{0});
    for (int64_t k = size * p / parts; k < size * (p + 1) / parts; ++k) {
      own[x.columns[k]] += static_cast<C>(x.values[k]);
    }
  });
  ParallelFor(*context.threads, columns, 1 << 14,
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  C sum = 0;
                  for (int64_t p = 0; p < parts; ++p) {
                    sum += sums[p * columns + i];
                  }
                  out.values[i] = static_cast<T>(sum);
                }
              });
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
    SumColumns(context, plan, x, out);
  } else {
    CsrToDense(*context.threads, {DTypeOf<T>, x.dims}, *x.array,
               reinterpret_cast<std::byte*>(out.data()));
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
  return Joined(
      {KernelsFor(
           FloatTypes(),
           []<typename T>() { return KernelOf<SumCsr<T>, PrepareCsr<T>>(); }),
       KernelsWhen(ReducesAll, KernelsFor(FloatTypes(), []<typename T>() {
                     return KernelOf<SumRowSparse<T>>();
                   }))});
}

}  // namespace minnow
