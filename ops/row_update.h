// The loops of update rules (update.h) over rows, for gradients that are
// row_sparse. Dense arrays and tables of rows look the same to them.
//
//   UpdateRows<RowsToUpdate::kListed>(threads, rule, weight, grad, state...)
//
// A table of rows, a weight or a state, gets the rows that it lacks.
#ifndef MINNOW_OPS_ROW_UPDATE_H_
#define MINNOW_OPS_ROW_UPDATE_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "minnow/core/status.h"
#include "minnow/ops/update.h"

namespace minnow {

// Which rows a row_sparse gradient updates: those that it lists, or all (in a
// table: all that are stored), where it counts as zero in the others.
enum class RowsToUpdate { kListed, kAll };

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

template <typename W, typename M>
MINNOW_INLINE inline auto RowAt(const Mixed<W, M>& mixed, int64_t row,
                                int64_t row_size) {
  return Mixed{RowAt(mixed.weight, row, row_size),
               RowAt(mixed.master, row, row_size)};
}

// The row of a table that is stored in a slot.
template <typename T>
MINNOW_INLINE inline T* SlotAt(const RowTable<T>& array, int64_t slot,
                               int64_t row_size) {
  return array.data() + slot * row_size;
}
template <typename W, typename M>
MINNOW_INLINE inline auto SlotAt(const Mixed<W, M>& mixed, int64_t slot,
                                 int64_t row_size) {
  return Mixed{SlotAt(mixed.weight, slot, row_size),
               RowAt(mixed.master, mixed.weight.rows()[slot], row_size)};
}

// Where the rows of a weight are.
template <typename View>
const View& RowsOf(const View& weight) {
  return weight;
}
template <typename W, typename M>
const W& RowsOf(const Mixed<W, M>& mixed) {
  return mixed.weight;
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
template <typename W, typename M>
MINNOW_INLINE inline void PrefetchRow(const Mixed<W, M>& mixed, int64_t row,
                                      int64_t row_size) {
  PrefetchRow(mixed.weight, row, row_size);
  PrefetchRow(mixed.master, row, row_size);
}

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

template <typename W, typename M>
absl::Status StoreRows(absl::Span<const int64_t> rows,
                       const Mixed<W, M>& mixed) {
  MINNOW_RETURN_IF_ERROR(StoreRows(rows, mixed.weight));
  return StoreRows(rows, mixed.master);
}

// Stores the rows of a weight that its state has a value for.
template <typename S, typename T>
absl::Status StoreRowsOf(const RowTable<S>& state, const RowTable<T>& weight) {
  return weight.Add(state.rows());
}
template <typename S, typename T>
absl::Status StoreRowsOf(const Dense<S>& state, const RowTable<T>& weight) {
  const int64_t row_size = weight.row_size();
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < state.dims[0]; ++row) {
    const S* values = RowAt(state, row, row_size);
    if (weight.Find(row) < 0 && std::any_of(values, values + row_size, [](S x) {
          return static_cast<ComputeType<S>>(x) != 0;
        })) {
      rows.push_back(row);
    }
  }
  return weight.Add(rows);
}

// All rows that a weight has: in mixed precision its master may have more.
template <typename T>
absl::Status StoreRowsOfMaster(const RowTable<T>&) {
  return absl::OkStatus();
}
template <typename W, typename M>
absl::Status StoreRowsOfMaster(const Mixed<W, M>& mixed) {
  return StoreRowsOf(mixed.master, mixed.weight);
}

template <typename... S>
absl::Status FirstError(const S&... statuses) {
  absl::Status first;
  (first.Update(statuses), ...);
  return first;
}

// The rows of the gradient.
template <typename Rule, typename Weight, typename T, typename... State>
absl::Status UpdateListedRows(ThreadPool& threads, const Rule& rule,
                              Weight weight, RowSparse<const T> grad,
                              State... state) {
  const int64_t row_size = grad.row_size();
  MINNOW_RETURN_IF_ERROR(
      FirstError(StoreRows(grad.rows, weight), StoreRows(grad.rows, state)...));
  ParallelFor(
      threads, static_cast<int64_t>(grad.rows.size()), RowGrain(row_size),
      [&](int64_t begin, int64_t end) {
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
template <typename Rule, typename Weight, typename T, typename... State>
absl::Status UpdateAllRows(ThreadPool& threads, const Rule& rule, Weight weight,
                           RowSparse<const T> grad, State... state) {
  const int64_t row_size = grad.row_size();
  ParallelFor(
      threads, grad.dims[0], RowGrain(row_size),
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
template <typename Rule, typename Weight, typename T, typename... State>
absl::Status UpdateStoredRows(ThreadPool& threads, const Rule& rule,
                              Weight weight, RowSparse<const T> grad,
                              State... state) {
  const int64_t row_size = grad.row_size();
  const auto& table = RowsOf(weight);
  MINNOW_RETURN_IF_ERROR(FirstError(StoreRows(grad.rows, weight),
                                    StoreRowsOfMaster(weight),
                                    StoreRowsOf(state, table)...));
  MINNOW_RETURN_IF_ERROR(FirstError(StoreRows(table.rows(), weight),
                                    StoreRows(table.rows(), state)...));
  ParallelFor(
      threads, static_cast<int64_t>(table.rows().size()), RowGrain(row_size),
      [&](int64_t begin, int64_t end) {
        Vectorize([=, grad = grad, rows = table.rows().data()]() MINNOW_INLINE {
          for (int64_t slot = begin; slot < end; ++slot) {
            const auto to = SlotAt(weight, slot, row_size);
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

}  // namespace internal

// Updates rows of a weight: Dense, RowTable, or Mixed of two of them.
template <RowsToUpdate rows, typename Rule, typename Weight, typename T,
          typename... State>
absl::Status UpdateRows(ThreadPool& threads, const Rule& rule, Weight weight,
                        RowSparse<const T> grad, State... state) {
  using View = std::decay_t<decltype(internal::RowsOf(weight))>;
  if constexpr (rows == RowsToUpdate::kListed) {
    return internal::UpdateListedRows(threads, rule, weight, grad, state...);
  } else if constexpr (View::kStorage == StorageType::kDense) {
    return internal::UpdateAllRows(threads, rule, weight, grad, state...);
  } else {
    return internal::UpdateStoredRows(threads, rule, weight, grad, state...);
  }
}

}  // namespace minnow

#endif  // MINNOW_OPS_ROW_UPDATE_H_
