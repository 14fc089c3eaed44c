// Kernels of update rules (update.h) for gradients that are row_sparse.
//
//   .kernels = UpdateKernels<SgdMomRule, 1>()
//
// gives, for weight, gradient and states:
//
//   dense, dense, dense                      each element
//   dense, row_sparse, dense                 lazy: the rows of the gradient;
//                                            else all: those without a gradient
//                                            take 0 for it
//   row_sparse, row_sparse, row_sparse       the same, among stored rows; rows
//                                            of the gradient that are not
//                                            stored yet are created
//   row_sparse, row_sparse, dense            all rows, lazy or not: lazy asks
//                                            for weight and states alike
//
// Lazy is what the attribute `lazy_update` says.
#ifndef MINNOW_OPS_ROW_UPDATE_H_
#define MINNOW_OPS_ROW_UPDATE_H_

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "minnow/core/status.h"
#include "minnow/ops/update.h"

namespace minnow {
namespace internal {

// Rows of a block: its elements are those of a block of the dense loop.
inline int64_t RowGrain(int64_t row_size) {
  return std::max<int64_t>(1, kUpdateGrain / std::max<int64_t>(1, row_size));
}

template <typename T>
MINNOW_INLINE inline T* RowAt(const Dense<T>& array, int64_t row,
                              int64_t row_size) {
  return array.data() + row * row_size;
}
// REQUIRES: the row is stored.
template <typename T>
MINNOW_INLINE inline T* RowAt(const RowTable<T>& array, int64_t row,
                              int64_t row_size) {
  return array.data() + array.Find(row) * row_size;
}

// Asks for a row that will be needed soon: rows lie anywhere, so the processor
// cannot foresee it. Finding a row of a table would cost more than it saves.
template <typename T>
MINNOW_INLINE inline void PrefetchRow(const Dense<T>& array, int64_t row,
                                      int64_t row_size) {
  constexpr int64_t kLine = 64 / sizeof(T);
  constexpr int64_t kMost = 8 * kLine;
  const T* at = RowAt(array, row, row_size);
  for (int64_t i = 0; i < std::min(row_size, kMost); i += kLine) {
    __builtin_prefetch(at + i, /*rw=*/1);
  }
}
template <typename T>
MINNOW_INLINE inline void PrefetchRow(const RowTable<T>&, int64_t, int64_t) {}

// How many rows ahead: a kilobyte and more of each array.
inline int64_t PrefetchDistance(int64_t row_size) {
  return 4 + 256 / std::max<int64_t>(1, row_size);
}

template <typename T>
absl::Status StoreRows(absl::Span<const int64_t>, const Dense<T>&) {
  return absl::OkStatus();
}
template <typename T>
absl::Status StoreRows(absl::Span<const int64_t> rows,
                       const RowTable<T>& array) {
  return array.Add(rows);
}

// Stores the rows of a weight that its state has a value for.
template <typename T>
absl::Status StoreRowsOf(const RowTable<T>& state, const RowTable<T>& weight) {
  return weight.Add(state.rows());
}
template <typename T>
absl::Status StoreRowsOf(const Dense<T>& state, const RowTable<T>& weight) {
  const int64_t row_size = weight.row_size();
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < state.dims[0]; ++row) {
    const T* values = RowAt(state, row, row_size);
    if (weight.Find(row) < 0 && std::any_of(values, values + row_size, [](T x) {
          return static_cast<ComputeType<T>>(x) != 0;
        })) {
      rows.push_back(row);
    }
  }
  return weight.Add(rows);
}

template <typename... S>
absl::Status FirstError(const S&... statuses) {
  absl::Status first;
  (first.Update(statuses), ...);
  return first;
}

// The rows of the gradient.
template <template <typename> class Rule, typename T, typename Weight,
          typename... State>
absl::Status UpdateListedRows(const RunContext& context,
                              const typename Rule<ComputeType<T>>::Attrs& attrs,
                              Weight weight, RowSparse<const T> grad,
                              State... state) {
  const Rule<ComputeType<T>> rule(attrs);
  const int64_t row_size = grad.row_size();
  MINNOW_RETURN_IF_ERROR(
      FirstError(StoreRows(grad.rows, weight), StoreRows(grad.rows, state)...));
  ParallelFor(
      *context.threads, static_cast<int64_t>(grad.rows.size()),
      RowGrain(row_size), [&](int64_t begin, int64_t end) {
        Vectorize([=, rows = grad.rows.data(), values = grad.values.data(),
                   ahead = PrefetchDistance(row_size)]() MINNOW_INLINE {
          for (int64_t i = begin; i < end; ++i) {
            if (i + ahead < end) {
              PrefetchRow(weight, rows[i + ahead], row_size);
              (PrefetchRow(state, rows[i + ahead], row_size), ...);
            }
            UpdateElements(rule, row_size, RowAt(weight, rows[i], row_size),
                           values + i * row_size,
                           RowAt(state, rows[i], row_size)...);
          }
        });
      });
  return absl::OkStatus();
}

// All rows of a dense weight.
template <template <typename> class Rule, typename T, typename... State>
absl::Status UpdateAllRows(const RunContext& context,
                           const typename Rule<ComputeType<T>>::Attrs& attrs,
                           Dense<T> weight, RowSparse<const T> grad,
                           State... state) {
  const Rule<ComputeType<T>> rule(attrs);
  const int64_t row_size = grad.row_size();
  ParallelFor(
      *context.threads, weight.dims[0], RowGrain(row_size),
      [&](int64_t begin, int64_t end) {
        const int64_t* next =
            std::lower_bound(grad.rows.begin(), grad.rows.end(), begin);
        Vectorize([=, grad = grad, rows_end = grad.rows.end()]() MINNOW_INLINE {
          const int64_t* listed = next;
          for (int64_t row = begin; row < end;) {
            // Up to the next row that has a gradient, then that row.
            const int64_t stop =
                listed == rows_end ? end : std::min(end, *listed);
            UpdateElements(rule, (stop - row) * row_size,
                           RowAt(weight, row, row_size), NoGradient(),
                           RowAt(state, row, row_size)...);
            row = stop;
            if (row == end) break;
            UpdateElements(
                rule, row_size, RowAt(weight, row, row_size),
                grad.values.data() + (listed - grad.rows.begin()) * row_size,
                RowAt(state, row, row_size)...);
            ++row;
            ++listed;
          }
        });
      });
  return absl::OkStatus();
}

// All rows of a row_sparse weight: those that it stores, those that a state
// has, and those of the gradient.
template <template <typename> class Rule, typename T, typename... State>
absl::Status UpdateStoredRows(const RunContext& context,
                              const typename Rule<ComputeType<T>>::Attrs& attrs,
                              RowTable<T> weight, RowSparse<const T> grad,
                              State... state) {
  const Rule<ComputeType<T>> rule(attrs);
  const int64_t row_size = grad.row_size();
  MINNOW_RETURN_IF_ERROR(
      FirstError(weight.Add(grad.rows), StoreRowsOf(state, weight)...));
  MINNOW_RETURN_IF_ERROR(FirstError(StoreRows(weight.rows(), state)...));
  ParallelFor(
      *context.threads, static_cast<int64_t>(weight.rows().size()),
      RowGrain(row_size), [&](int64_t begin, int64_t end) {
        Vectorize([=, grad = grad,
                   rows = weight.rows().data()]() MINNOW_INLINE {
          for (int64_t slot = begin; slot < end; ++slot) {
            T* to = weight.data() + slot * row_size;
            const auto listed = std::lower_bound(grad.rows.begin(),
                                                 grad.rows.end(), rows[slot]);
            if (listed != grad.rows.end() && *listed == rows[slot]) {
              UpdateElements(
                  rule, row_size, to,
                  grad.values.data() + (listed - grad.rows.begin()) * row_size,
                  RowAt(state, rows[slot], row_size)...);
            } else {
              UpdateElements(rule, row_size, to, NoGradient(),
                             RowAt(state, rows[slot], row_size)...);
            }
          }
        });
      });
  return absl::OkStatus();
}

template <typename V, size_t>
using Repeated = V;

template <typename A>
bool IsLazy(const Attrs& attrs) {
  return attrs.As<A>().lazy_update;
}

}  // namespace internal

// Updates the rows of a row_sparse gradient, and no others. `View` is Dense or
// RowTable: how weight and states are stored.
template <template <typename> class Rule, size_t num_states,
          template <typename> class View>
std::vector<Kernel> ListedRowsKernels() {
  return KernelsFor(FloatTypes(), []<typename T>() {
    return []<size_t... i>(std::index_sequence<i...>) {
      return KernelOf<internal::UpdateListedRows<
          Rule, T, View<T>, internal::Repeated<View<T>, i>...>>();
    }
    (std::make_index_sequence<num_states>());
  });
}

// Updates all rows by a row_sparse gradient.
template <template <typename> class Rule, size_t num_states>
std::vector<Kernel> AllRowsKernels() {
  std::vector<Kernel> kernels;
  const auto add = [&](std::vector<Kernel> more) {
    std::move(more.begin(), more.end(), std::back_inserter(kernels));
  };
  const auto states = std::make_index_sequence<num_states>();
  add(KernelsFor(FloatTypes(), [&]<typename T>() {
    return []<size_t... i>(std::index_sequence<i...>) {
      return KernelOf<internal::UpdateAllRows<
          Rule, T, internal::Repeated<Dense<T>, i>...>>();
    }
    (states);
  }));
  add(KernelsFor(FloatTypes(), [&]<typename T>() {
    return []<size_t... i>(std::index_sequence<i...>) {
      return KernelOf<internal::UpdateStoredRows<
          Rule, T, internal::Repeated<RowTable<T>, i>...>>();
    }
    (states);
  }));
  if constexpr (num_states > 0) {
    add(KernelsFor(FloatTypes(), [&]<typename T>() {
      return []<size_t... i>(std::index_sequence<i...>) {
        return KernelOf<internal::UpdateStoredRows<
            Rule, T, internal::Repeated<Dense<T>, i>...>>();
      }
      (states);
    }));
  }
  return kernels;
}

// All of them, for a rule whose attributes have `lazy_update`.
template <template <typename> class Rule, size_t num_states>
std::vector<Kernel> UpdateKernels() {
  std::vector<Kernel> kernels = DenseUpdateKernels<Rule, num_states>();
  const auto add_lazy = [&](std::vector<Kernel> lazy) {
    for (Kernel& kernel : lazy) {
      kernels.push_back(std::move(kernel)
                            .When(internal::IsLazy<typename Rule<float>::Attrs>)
                            .NotForFallback());
    }
  };
  add_lazy(ListedRowsKernels<Rule, num_states, Dense>());
  add_lazy(ListedRowsKernels<Rule, num_states, RowTable>());
  for (Kernel& kernel : AllRowsKernels<Rule, num_states>()) {
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

}  // namespace minnow

#endif  // MINNOW_OPS_ROW_UPDATE_H_
