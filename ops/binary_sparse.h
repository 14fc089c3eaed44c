// Kernels of functions of two elements for sparse arrays, where f(0, 0) = 0.
//
//   SumKernels<Plus>()       // Both row_sparse, or both csr.
//   ProductKernels<Times>()  // One of them may be dense.
//
// A sum is stored where one of the arrays is, a product where all sparse ones
// are. The elements that are stored are gathered, so that they can be computed
// with as if they were dense.
#ifndef MINNOW_OPS_BINARY_SPARSE_H_
#define MINNOW_OPS_BINARY_SPARSE_H_

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "minnow/core/status.h"
#include "minnow/ops/binary_kernels.h"

namespace minnow {

// Where elements (or rows) of two arrays that have the same index stand among
// those that are stored; -1 for one that is not.
struct Match {
  int64_t lhs;
  int64_t rhs;
};

// Appends the matches of lhs[begin...] and rhs[begin...], which ascend, and
// their indices: all of them, or those that both have.
void AppendMatches(absl::Span<const int64_t> lhs, int64_t lhs_begin,
                   absl::Span<const int64_t> rhs, int64_t rhs_begin,
                   bool only_both, std::vector<Match>& matches,
                   std::vector<int64_t>& indices);

namespace internal {

// out = f of the matches, of `width` elements each.
template <typename F, typename T>
void ComputeMatches(absl::Span<const Match> matches, int64_t width,
                    const T* lhs, const T* rhs, T* out) {
  const T zero{};
  if (width >= 16) {
    for (const Match& m : matches) {
      const auto row = [&](const T* values, int64_t at) -> RowsOf<T> {
        if (at < 0) return {&zero, 0, true};
        return {values + at * width, 0, false};
      };
      RowsOf<T> x = row(lhs, m.lhs), y = row(rhs, m.rhs);
      BinaryRows<F, T>(1, width, x, y, out);
      out += width;
    }
    return;
  }
  // Narrow ones by way of tiles.
  T x[kTile];
  T y[kTile];
  const int64_t per_tile = kTile / std::max<int64_t>(width, 1);
  for (size_t begin = 0; begin < matches.size();
       begin += static_cast<size_t>(per_tile)) {
    const auto some = matches.subspan(begin, static_cast<size_t>(per_tile));
    int64_t n = 0;
    for (const Match& m : some) {
      for (int64_t j = 0; j < width; ++j, ++n) {
        x[n] = m.lhs < 0 ? zero : lhs[m.lhs * width + j];
        y[n] = m.rhs < 0 ? zero : rhs[m.rhs * width + j];
      }
    }
    BinaryRows<F, T>(1, n, {x, 0, false}, {y, 0, false}, out);
    out += n;
  }
}

template <typename F, typename T>
absl::Status StoreMatches(std::vector<Match>& matches, int64_t width,
                          std::vector<int64_t> indices, const T* lhs,
                          const T* rhs, ArrayData& out) {
  const auto n = static_cast<int64_t>(matches.size());
  MINNOW_RETURN_IF_ERROR(
      ResizeSparse(n, n * width * static_cast<int64_t>(sizeof(T)), out));
  out.indices = std::move(indices);
  ComputeMatches<F>(absl::MakeConstSpan(matches), width, lhs, rhs,
                    reinterpret_cast<T*>(out.values.data()));
  return absl::OkStatus();
}

template <typename F, bool only_both, typename T>
absl::Status BinaryRowSparse(const RunContext&, const NoAttrs&,
                             RowSparse<const T> lhs, RowSparse<const T> rhs,
                             RowSparse<T> out) {
  std::vector<Match> matches;
  std::vector<int64_t> indices;
  AppendMatches(lhs.rows, 0, rhs.rows, 0, only_both, matches, indices);
  return StoreMatches<F, T>(matches, out.row_size(), std::move(indices),
                            lhs.values.data(), rhs.values.data(), *out.array);
}

template <typename F, bool only_both, typename T>
absl::Status BinaryCsr(const RunContext&, const NoAttrs&, Csr<const T> lhs,
                       Csr<const T> rhs, Csr<T> out) {
  std::vector<Match> matches;
  std::vector<int64_t> indices;
  const auto num_rows = static_cast<size_t>(out.dims[0]);
  out.array->indptr.assign(num_rows + 1, 0);
  for (size_t i = 0; i < num_rows; ++i) {
    const auto row = [&](const Csr<const T>& x) {
      return x.columns.subspan(
          static_cast<size_t>(x.indptr[i]),
          static_cast<size_t>(x.indptr[i + 1] - x.indptr[i]));
    };
    AppendMatches(row(lhs), lhs.indptr[i], row(rhs), rhs.indptr[i], only_both,
                  matches, indices);
    out.array->indptr[i + 1] = static_cast<int64_t>(matches.size());
  }
  return StoreMatches<F, T>(matches, 1, std::move(indices), lhs.values.data(),
                            rhs.values.data(), *out.array);
}

// A sparse array and a dense one, which is the first if `dense_first`.
template <typename F, bool dense_first, typename T>
absl::Status StoreProducts(std::vector<Match>& matches, int64_t width,
                           std::vector<int64_t> indices, const T* sparse,
                           const T* dense, ArrayData& out) {
  if constexpr (dense_first) {
    for (Match& m : matches) std::swap(m.lhs, m.rhs);
    return StoreMatches<F, T>(matches, width, std::move(indices), dense, sparse,
                              out);
  } else {
    return StoreMatches<F, T>(matches, width, std::move(indices), sparse, dense,
                              out);
  }
}

template <typename F, bool dense_first, typename T>
absl::Status MultiplyRows(RowSparse<const T> sparse, Dense<const T> dense,
                          RowSparse<T> out) {
  std::vector<Match> matches;
  for (int64_t row : sparse.rows) {
    matches.push_back({static_cast<int64_t>(matches.size()), row});
  }
  return StoreProducts<F, dense_first, T>(
      matches, out.row_size(), {sparse.rows.begin(), sparse.rows.end()},
      sparse.values.data(), dense.data(), *out.array);
}

template <typename F, bool dense_first, typename T>
absl::Status MultiplyRows(Csr<const T> sparse, Dense<const T> dense,
                          Csr<T> out) {
  std::vector<Match> matches;
  for (int64_t i = 0; i < out.dims[0]; ++i) {
    for (int64_t k = sparse.indptr[i]; k < sparse.indptr[i + 1]; ++k) {
      matches.push_back({k, i * out.dims[1] + sparse.columns[k]});
    }
  }
  out.array->indptr.assign(sparse.indptr.begin(), sparse.indptr.end());
  return StoreProducts<F, dense_first, T>(
      matches, 1, {sparse.columns.begin(), sparse.columns.end()},
      sparse.values.data(), dense.data(), *out.array);
}

template <typename F, template <typename> class View, typename T>
absl::Status SparseDense(const RunContext&, const NoAttrs&, View<const T> lhs,
                         Dense<const T> rhs, View<T> out) {
  return MultiplyRows<F, false, T>(lhs, rhs, out);
}

template <typename F, template <typename> class View, typename T>
absl::Status DenseSparse(const RunContext&, const NoAttrs&, Dense<const T> lhs,
                         View<const T> rhs, View<T> out) {
  return MultiplyRows<F, true, T>(rhs, lhs, out);
}

}  // namespace internal

template <typename F, bool only_both = false>
std::vector<Kernel> SumKernels() {
  return StoredKernelsFor(NumberTypes(), []<typename T>() {
    return std::array{KernelOf<internal::BinaryRowSparse<F, only_both, T>>(),
                      KernelOf<internal::BinaryCsr<F, only_both, T>>()};
  });
}

// Other storages fall back to dense altogether, as in MXNet.
template <typename F>
std::vector<Kernel> ProductKernels() {
  std::vector<Kernel> kernels = SumKernels<F, true>();
  for (Kernel& kernel : StoredKernelsFor(NumberTypes(), []<typename T>() {
         return std::array{KernelOf<internal::SparseDense<F, RowSparse, T>>(),
                           KernelOf<internal::SparseDense<F, Csr, T>>(),
                           KernelOf<internal::DenseSparse<F, RowSparse, T>>(),
                           KernelOf<internal::DenseSparse<F, Csr, T>>()};
       })) {
    kernels.push_back(std::move(kernel).NotForFallback());
  }
  return kernels;
}

}  // namespace minnow

#endif  // MINNOW_OPS_BINARY_SPARSE_H_
