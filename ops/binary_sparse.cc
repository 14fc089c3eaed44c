#include "minnow/ops/binary_sparse.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/core/status.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

// Where elements (or rows) of two arrays that have the same index stand among
// those that are stored; -1 for one that is not.
struct Match {
  int64_t lhs;
  int64_t rhs;
};

struct Matches {
  std::vector<Match> places;
  std::vector<int64_t> indices;
};

// Appends the matches of two lists of ascending indices that stand at
// `lhs_begin` and `rhs_begin`: all of them, or those that both have.
void AppendMatches(absl::Span<const int64_t> lhs, int64_t lhs_begin,
                   absl::Span<const int64_t> rhs, int64_t rhs_begin,
                   bool only_both, Matches& matches) {
  size_t i = 0, j = 0;
  while (i < lhs.size() || j < rhs.size()) {
    const bool in_lhs = i < lhs.size() && (j == rhs.size() || lhs[i] <= rhs[j]);
    const bool in_rhs = j < rhs.size() && (i == lhs.size() || rhs[j] <= lhs[i]);
    if (!only_both || (in_lhs && in_rhs)) {
      matches.places.push_back(
          {in_lhs ? lhs_begin + static_cast<int64_t>(i) : -1,
           in_rhs ? rhs_begin + static_cast<int64_t>(j) : -1});
      matches.indices.push_back(in_lhs ? lhs[i] : rhs[j]);
    }
    i += in_lhs;
    j += in_rhs;
  }
}

const ArrayData& RowsOf(const ArrayRef& array, int64_t value_size) {
  SortRows(internal::RowSize(array.dims) * value_size, *array.sparse);
  return *array.sparse;
}

// Rows of `width` elements of `size` bytes, which are zero where they are not
// stored.
struct StoredRows {
  const std::byte* data;
  int64_t width;
  int64_t size;

  static constexpr int64_t kZero = 0;

  ElementsRef Row(int64_t at) const {
    if (at < 0) return {const_cast<int64_t*>(&kZero), true};
    return {const_cast<std::byte*>(data) + at * width * size, false};
  }
  std::byte* Append(int64_t at, std::byte* to) const {
    const auto bytes = static_cast<size_t>(width * size);
    if (at < 0) {
      std::memset(to, 0, bytes);
    } else {
      std::memcpy(to, Row(at).data, bytes);
    }
    return to + bytes;
  }
};

// Stores the function of the matches.
absl::Status StoreMatches(const RunContext& context, const void* attrs,
                          Matches matches, int64_t width,
                          const std::byte* lhs_data, const std::byte* rhs_data,
                          ArrayData& out) {
  const Kernel& kernel = *context.kernel;
  const auto size = static_cast<int64_t>(DTypeSize(kernel.args[2].dtype));
  const auto n = static_cast<int64_t>(matches.places.size());
  MINNOW_RETURN_IF_ERROR(ResizeSparse(n, n * width * size, out));
  out.indices = std::move(matches.indices);
  const StoredRows lhs{lhs_data, width, size};
  const StoredRows rhs{rhs_data, width, size};
  std::byte* const values = out.values.data();
  const auto compute = [&](int64_t match, int64_t count, ElementsRef x,
                           ElementsRef y) {
    const std::array parts = {
        x, y, ElementsRef{values + match * width * size, false}};
    kernel.elements(attrs, parts.data(), count * width);
  };
  // Narrow rows are gathered in tiles.
  const int64_t at_once = width >= 16 ? 1 : kTile / std::max<int64_t>(width, 1);
  ParallelFor(
      *context.threads, n,
      std::max<int64_t>(1, kElementwiseGrain / std::max<int64_t>(width, 1)),
      [&](int64_t begin, int64_t end) {
        alignas(64) std::byte x[kTile * sizeof(int64_t)];
        alignas(64) std::byte y[kTile * sizeof(int64_t)];
        for (int64_t i = begin; i < end; i += at_once) {
          const int64_t count = std::min(at_once, end - i);
          const Match* const match = &matches.places[static_cast<size_t>(i)];
          if (at_once == 1) {
            compute(i, 1, lhs.Row(match->lhs), rhs.Row(match->rhs));
            continue;
          }
          std::byte* x_end = x;
          std::byte* y_end = y;
          for (int64_t k = 0; k < count; ++k) {
            x_end = lhs.Append(match[k].lhs, x_end);
            y_end = rhs.Append(match[k].rhs, y_end);
          }
          compute(i, count, {x, false}, {y, false});
        }
      });
  return absl::OkStatus();
}

template <bool only_both>
absl::Status RunRowSparse(const RunContext& context, const void* attrs,
                          absl::Span<const ArrayRef* const> args) {
  const auto size =
      static_cast<int64_t>(DTypeSize(context.kernel->args[2].dtype));
  const ArrayData& lhs = RowsOf(*args[0], size);
  const ArrayData& rhs = RowsOf(*args[1], size);
  Matches matches;
  AppendMatches(lhs.indices, 0, rhs.indices, 0, only_both, matches);
  return StoreMatches(context, attrs, std::move(matches),
                      internal::RowSize(args[2]->dims), lhs.values.data(),
                      rhs.values.data(), *args[2]->sparse);
}

template <bool only_both>
absl::Status RunCsr(const RunContext& context, const void* attrs,
                    absl::Span<const ArrayRef* const> args) {
  const ArrayData& lhs = *args[0]->sparse;
  const ArrayData& rhs = *args[1]->sparse;
  ArrayData& out = *args[2]->sparse;
  Matches matches;
  const auto num_rows = static_cast<size_t>(args[2]->dims[0]);
  std::vector<int64_t> indptr(num_rows + 1, 0);
  for (size_t i = 0; i < num_rows; ++i) {
    const auto row = [&](const ArrayData& x) {
      return absl::MakeConstSpan(x.indices).subspan(
          static_cast<size_t>(x.indptr[i]),
          static_cast<size_t>(x.indptr[i + 1] - x.indptr[i]));
    };
    AppendMatches(row(lhs), lhs.indptr[i], row(rhs), rhs.indptr[i], only_both,
                  matches);
    indptr[i + 1] = static_cast<int64_t>(matches.places.size());
  }
  out.indptr = std::move(indptr);
  return StoreMatches(context, attrs, std::move(matches), 1, lhs.values.data(),
                      rhs.values.data(), out);
}

// A sparse array, which is argument `sparse_arg`, and a dense one: what the
// sparse one stores.
template <size_t sparse_arg>
absl::Status RunWithDense(const RunContext& context, const void* attrs,
                          absl::Span<const ArrayRef* const> args) {
  const ArrayRef& dense = *args[1 - sparse_arg];
  const ArgType& type = context.kernel->args[2];
  ArrayData& out = *args[2]->sparse;
  const bool rows = type.storage == StorageType::kRowSparse;
  const ArrayData& sparse =
      rows ? RowsOf(*args[sparse_arg],
                    static_cast<int64_t>(DTypeSize(type.dtype)))
           : *args[sparse_arg]->sparse;
  Matches matches{{}, sparse.indices};
  const auto add = [&](int64_t at, int64_t in_dense) {
    matches.places.push_back(sparse_arg == 0 ? Match{at, in_dense}
                                             : Match{in_dense, at});
  };
  if (rows) {
    for (int64_t row : sparse.indices) {
      add(static_cast<int64_t>(matches.places.size()), row);
    }
  } else {
    for (int64_t i = 0; i < dense.dims[0]; ++i) {
      const auto row = static_cast<size_t>(i);
      for (int64_t k = sparse.indptr[row]; k < sparse.indptr[row + 1]; ++k) {
        add(k, i * dense.dims[1] + sparse.indices[static_cast<size_t>(k)]);
      }
    }
    out.indptr = sparse.indptr;
  }
  const std::byte* const stored = sparse.values.data();
  const auto* const all = static_cast<const std::byte*>(dense.values);
  return StoreMatches(context, attrs, std::move(matches),
                      rows ? internal::RowSize(args[2]->dims) : 1,
                      sparse_arg == 0 ? stored : all,
                      sparse_arg == 0 ? all : stored, out);
}

using RunFn = decltype(Kernel::run);

// The kernel for arguments that are stored otherwise.
Kernel StoredAs(const Kernel& dense, StorageType lhs, StorageType rhs,
                StorageType out, RunFn run) {
  Kernel kernel = dense;
  kernel.args[0].storage = lhs;
  kernel.args[1].storage = rhs;
  kernel.args[2].storage = out;
  kernel.run = run;
  kernel.prepare = nullptr;
  return kernel;
}

template <bool only_both>
std::vector<Kernel> EqualStorageKernels(const std::vector<Kernel>& dense) {
  constexpr auto kRows = StorageType::kRowSparse;
  constexpr auto kCsr = StorageType::kCsr;
  std::vector<Kernel> kernels;
  for (const Kernel& kernel : dense) {
    kernels.push_back(
        StoredAs(kernel, kRows, kRows, kRows, RunRowSparse<only_both>));
    kernels.push_back(StoredAs(kernel, kCsr, kCsr, kCsr, RunCsr<only_both>));
  }
  return kernels;
}

}  // namespace

std::vector<Kernel> SumKernels(const std::vector<Kernel>& dense) {
  return EqualStorageKernels<false>(dense);
}

std::vector<Kernel> ProductKernels(const std::vector<Kernel>& dense) {
  constexpr auto kDense = StorageType::kDense;
  std::vector<Kernel> kernels = EqualStorageKernels<true>(dense);
  for (const Kernel& kernel : dense) {
    for (const auto sparse : {StorageType::kRowSparse, StorageType::kCsr}) {
      kernels.push_back(
          StoredAs(kernel, sparse, kDense, sparse, RunWithDense<0>)
              .NotForFallback());
    }
    for (const auto sparse : {StorageType::kRowSparse, StorageType::kCsr}) {
      kernels.push_back(
          StoredAs(kernel, kDense, sparse, sparse, RunWithDense<1>)
              .NotForFallback());
    }
  }
  return kernels;
}

}  // namespace minnow
