#include "minnow/ops/sparse_product.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/core/buffer.h"
#include "minnow/core/half.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/ops/strided_copy.h"

namespace minnow {
namespace {

// Memory whose size only a run knows.
class Scratch {
 public:
  template <typename T>
  absl::StatusOr<T*> New(int64_t size) {
    MINNOW_ASSIGN_OR_RETURN(
        Buffer buffer,
        Buffer::Allocate(size * static_cast<int64_t>(sizeof(T))));
    buffers_.push_back(std::move(buffer));
    return reinterpret_cast<T*>(buffers_.back().data());
  }

 private:
  std::vector<Buffer> buffers_;
};

// op(S), as the rows of D that each of its rows adds up, and their factors.
template <typename C>
struct Terms {
  int64_t count = 0;
  // Row i is row rows[i] of P; null if these are all rows.
  const int64_t* rows = nullptr;
  const int64_t* starts = nullptr;  // count + 1 of them.
  const int64_t* columns = nullptr;
  const C* factors = nullptr;
};

template <typename C>
struct Element {
  int64_t column, row;
  C factor;
};

// Sorts by column and keeps the order of rows: a radix sort, from one memory to
// the other and back. Returns where the result is.
template <typename C>
Element<C>* SortByColumn(int64_t size, int64_t num_columns, Element<C>* from,
                         Element<C>* to) {
  constexpr int kBits = 11;
  for (int shift = 0; shift < 63 && (num_columns - 1) >> shift > 0;
       shift += kBits) {
    const auto digit = [&](const Element<C>& e) {
      return static_cast<size_t>(e.column >> shift & ((1 << kBits) - 1));
    };
    std::array<int64_t, 1 << kBits> next = {};
    for (int64_t i = 0; i < size; ++i) ++next[digit(from[i])];
    int64_t sum = 0;
    for (int64_t& n : next) sum += std::exchange(n, sum);
    for (int64_t i = 0; i < size; ++i) to[next[digit(from[i])]++] = from[i];
    std::swap(from, to);
  }
  return from;
}

// Calls f(i, slot) for the rows of D that are there: row i of the factor is
// the one at `slot` in memory.
template <typename T, typename F>
void ForEachRow(const DenseFactor<T>& dense, int64_t num_rows, const F& f) {
  const int64_t n =
      dense.rows ? static_cast<int64_t>(dense.rows->size()) : num_rows;
  for (int64_t slot = 0; slot < n; ++slot) {
    f(dense.rows ? (*dense.rows)[static_cast<size_t>(slot)] : slot, slot);
  }
}

// Of S transposed.
template <typename T, typename C>
absl::StatusOr<Terms<C>> TermsByColumn(Csr<const T> s,
                                       const DenseFactor<T>& dense,
                                       Scratch& scratch) {
  const auto max_size = static_cast<int64_t>(s.columns.size());
  MINNOW_ASSIGN_OR_RETURN(Element<C> * elements,
                          scratch.New<Element<C>>(max_size));
  MINNOW_ASSIGN_OR_RETURN(Element<C> * other,
                          scratch.New<Element<C>>(max_size));
  int64_t size = 0;
  ForEachRow(dense, s.dims[0], [&](int64_t i, int64_t slot) {
    for (int64_t k = s.indptr[i]; k < s.indptr[i + 1]; ++k) {
      elements[size++] = {s.columns[k], slot, static_cast<C>(s.values[k])};
    }
  });
  elements = SortByColumn(size, s.dims[1], elements, other);
  MINNOW_ASSIGN_OR_RETURN(int64_t * rows, scratch.New<int64_t>(size));
  MINNOW_ASSIGN_OR_RETURN(int64_t * starts, scratch.New<int64_t>(size + 1));
  MINNOW_ASSIGN_OR_RETURN(int64_t * columns, scratch.New<int64_t>(size));
  MINNOW_ASSIGN_OR_RETURN(C * factors, scratch.New<C>(size));
  int64_t count = 0;
  for (int64_t k = 0; k < size; ++k) {
    if (k == 0 || elements[k].column != elements[k - 1].column) {
      rows[count] = elements[k].column;
      starts[count++] = k;
    }
    columns[k] = elements[k].row;
    factors[k] = elements[k].factor;
  }
  starts[count] = size;
  return Terms<C>{count, rows, starts, columns, factors};
}

// Of S as it is, but for the rows that D has not got.
template <typename T, typename C>
absl::StatusOr<Terms<C>> TermsByRow(Csr<const T> s, const DenseFactor<T>& dense,
                                    Scratch& scratch) {
  const int64_t count = s.dims[0];
  const auto size = static_cast<int64_t>(s.columns.size());
  const bool all =
      !dense.rows || static_cast<int64_t>(dense.rows->size()) == s.dims[1];
  Terms<C> terms = {count, nullptr, s.indptr.data(), s.columns.data(), nullptr};
  if constexpr (std::is_same_v<T, C>) {
    terms.factors = s.values.data();
    if (all) return terms;
  }
  MINNOW_ASSIGN_OR_RETURN(C * factors, scratch.New<C>(size));
  terms.factors = factors;
  if (all) {
    std::transform(s.values.begin(), s.values.begin() + size, factors,
                   [](T x) { return static_cast<C>(x); });
    return terms;
  }
  MINNOW_ASSIGN_OR_RETURN(int64_t * starts, scratch.New<int64_t>(count + 1));
  MINNOW_ASSIGN_OR_RETURN(int64_t * columns, scratch.New<int64_t>(size));
  int64_t next = 0;
  for (int64_t i = 0; i < count; ++i) {
    auto slot = dense.rows->begin();  // The columns of a row ascend.
    for (int64_t k = s.indptr[i]; k < s.indptr[i + 1]; ++k) {
      slot = std::lower_bound(slot, dense.rows->end(), s.columns[k]);
      if (slot == dense.rows->end()) break;
      if (*slot != s.columns[k]) continue;
      columns[next] = slot - dense.rows->begin();
      factors[next++] = static_cast<C>(s.values[k]);
    }
    starts[i + 1] = next;
  }
  terms.starts = starts;
  terms.columns = columns;
  return terms;
}

template <typename C, typename T>
absl::StatusOr<Terms<C>> TermsOf(const SparseProductPlan& plan, Csr<const T> s,
                                 const DenseFactor<T>& dense,
                                 Scratch& scratch) {
  return plan.transpose_sparse ? TermsByColumn<T, C>(s, dense, scratch)
                               : TermsByRow<T, C>(s, dense, scratch);
}

// The columns [0, kWidth) of one row. Wide enough that compilers vectorize
// along the row.
template <int kWidth, typename T, typename C>
MINNOW_INLINE inline void SumTerms(const Terms<C>& terms, int64_t i,
                                   const T* dense, int64_t cols, T* out) {
  C sum[kWidth] = {};
  for (int64_t k = terms.starts[i]; k < terms.starts[i + 1]; ++k) {
    const T* const row = dense + terms.columns[k] * cols;
    const C factor = terms.factors[k];
    for (int j = 0; j < kWidth; ++j) sum[j] += factor * static_cast<C>(row[j]);
  }
  for (int j = 0; j < kWidth; ++j) out[j] = static_cast<T>(sum[j]);
}

// One column: four sums, since each has to wait for itself.
template <typename T, typename C>
MINNOW_INLINE inline void SumOne(const Terms<C>& terms, int64_t i,
                                 const T* dense, int64_t cols, T* out) {
  constexpr int kLanes = 4;
  C sum[kLanes] = {};
  int64_t k = terms.starts[i];
  const auto add = [&](int lane) MINNOW_INLINE {
    sum[lane] += terms.factors[k + lane] *
                 static_cast<C>(dense[terms.columns[k + lane] * cols]);
  };
  for (; k + kLanes <= terms.starts[i + 1]; k += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) add(lane);
  }
  for (int lane = 0; k + lane < terms.starts[i + 1]; ++lane) add(lane);
  *out = static_cast<T>((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// Row i of the product goes into row `rows[i]` of out, or i if that is null.
template <typename T, typename C>
void Multiply(ThreadPool& threads, const Terms<C>& terms, const T* dense,
              int64_t cols, const int64_t* rows, T* out) {
  if (terms.count == 0 || cols == 0) return;
  const int64_t per_row =
      (terms.starts[terms.count] / terms.count + 1) * (cols + 2);
  const int64_t grain = std::max<int64_t>(1, (1 << 15) / per_row);
  ParallelFor(threads, terms.count, grain, [&](int64_t begin, int64_t end) {
    Vectorize([=]() MINNOW_INLINE {
      for (int64_t i = begin; i < end; ++i) {
        T* const to = out + (rows == nullptr ? i : rows[i]) * cols;
        int64_t j = 0;
        for (; j + 32 <= cols; j += 32) {
          SumTerms<32>(terms, i, dense + j, cols, to + j);
        }
        for (; j + 8 <= cols; j += 8) {
          SumTerms<8>(terms, i, dense + j, cols, to + j);
        }
        for (; j < cols; ++j) SumOne(terms, i, dense + j, cols, to + j);
      }
    });
  });
}

template <typename T>
void TransposeMatrix(ThreadPool& threads, int64_t rows, int64_t cols,
                     const T* from, T* to) {
  StridedLayout columns;
  columns.strides = {1, cols};
  CopyElements(threads,
               PlanCopy({cols, rows}, columns, StridedLayout::Of({cols, rows})),
               from, to);
}

// D with its rows one after the other.
template <typename T>
const T* RowsOf(const RunContext& context, const SparseProductPlan& plan,
                const DenseFactor<T>& dense) {
  if (!plan.transpose_dense) return dense.values;
  T* const to = reinterpret_cast<T*>(context.workspace.data());
  TransposeMatrix<T>(*context.threads, plan.cols, plan.inner, dense.values, to);
  return to;
}

// P without the rows that have no terms.
template <typename T, typename C>
absl::StatusOr<T*> MultiplyCompact(const RunContext& context,
                                   const SparseProductPlan& plan,
                                   const Terms<C>& terms,
                                   const DenseFactor<T>& dense,
                                   Scratch& scratch) {
  MINNOW_RETURN_IF_ERROR(
      Shape({terms.count, plan.cols}).CheckedBytes(DTypeOf<T>).status());
  MINNOW_ASSIGN_OR_RETURN(T * product, scratch.New<T>(terms.count * plan.cols));
  Multiply(*context.threads, terms, RowsOf(context, plan, dense), plan.cols,
           nullptr, product);
  return product;
}

}  // namespace

template <typename T>
absl::Status MultiplyToDense(const RunContext& context,
                             const SparseProductPlan& plan, Csr<const T> sparse,
                             DenseFactor<T> dense, T* out) {
  using C = ComputeType<T>;
  Scratch scratch;
  MINNOW_ASSIGN_OR_RETURN(const Terms<C> terms,
                          TermsOf<C>(plan, sparse, dense, scratch));
  if (terms.count < plan.rows) std::fill_n(out, plan.rows * plan.cols, T{});
  if (!plan.transpose_out) {
    Multiply(*context.threads, terms, RowsOf(context, plan, dense), plan.cols,
             terms.rows, out);
    return absl::OkStatus();
  }
  MINNOW_ASSIGN_OR_RETURN(
      const T* product, MultiplyCompact(context, plan, terms, dense, scratch));
  if (terms.count == plan.rows) {
    TransposeMatrix<T>(*context.threads, plan.rows, plan.cols, product, out);
    return absl::OkStatus();
  }
  const int64_t grain = (1 << 14) / (terms.count + 1) + 1;
  ParallelFor(
      *context.threads, plan.cols, grain, [&](int64_t begin, int64_t end) {
        for (int64_t j = begin; j < end; ++j) {
          for (int64_t i = 0; i < terms.count; ++i) {
            out[j * plan.rows + terms.rows[i]] = product[i * plan.cols + j];
          }
        }
      });
  return absl::OkStatus();
}

template <typename T>
absl::Status MultiplyToRowSparse(const RunContext& context,
                                 const SparseProductPlan& plan,
                                 Csr<const T> sparse, DenseFactor<T> dense,
                                 RowSparse<T> out) {
  using C = ComputeType<T>;
  Scratch scratch;
  MINNOW_ASSIGN_OR_RETURN(const Terms<C> terms,
                          TermsOf<C>(plan, sparse, dense, scratch));
  MINNOW_ASSIGN_OR_RETURN(
      const int64_t bytes,
      Shape({terms.count, plan.cols}).CheckedBytes(DTypeOf<T>));
  MINNOW_RETURN_IF_ERROR(ResizeSparse(terms.count, bytes, *out.array));
  for (int64_t i = 0; i < terms.count; ++i) {
    out.array->indices[static_cast<size_t>(i)] =
        terms.rows == nullptr ? i : terms.rows[i];
  }
  Multiply(*context.threads, terms, RowsOf(context, plan, dense), plan.cols,
           nullptr, reinterpret_cast<T*>(out.array->values.data()));
  return absl::OkStatus();
}

template <typename T>
absl::Status MultiplyToCsr(const RunContext& context,
                           const SparseProductPlan& plan, Csr<const T> sparse,
                           DenseFactor<T> dense, Csr<T> out) {
  using C = ComputeType<T>;
  Scratch scratch;
  MINNOW_ASSIGN_OR_RETURN(const Terms<C> terms,
                          TermsOf<C>(plan, sparse, dense, scratch));
  MINNOW_ASSIGN_OR_RETURN(
      const T* product, MultiplyCompact(context, plan, terms, dense, scratch));
  const int64_t size = terms.count * plan.cols;
  MINNOW_RETURN_IF_ERROR(
      ResizeSparse(size, size * static_cast<int64_t>(sizeof(T)), *out.array));
  TransposeMatrix<T>(*context.threads, terms.count, plan.cols, product,
                     reinterpret_cast<T*>(out.array->values.data()));
  int64_t* column = out.array->indices.data();
  for (int64_t j = 0; j < plan.cols; ++j) {
    out.array->indptr[static_cast<size_t>(j) + 1] = (j + 1) * terms.count;
    for (int64_t i = 0; i < terms.count; ++i) {
      *column++ = terms.rows == nullptr ? i : terms.rows[i];
    }
  }
  return absl::OkStatus();
}

#define MINNOW_INSTANTIATE(T)                                                 \
  template absl::Status MultiplyToDense<T>(const RunContext&,                 \
                                           const SparseProductPlan&,          \
                                           Csr<const T>, DenseFactor<T>, T*); \
  template absl::Status MultiplyToRowSparse<T>(                               \
      const RunContext&, const SparseProductPlan&, Csr<const T>,              \
      DenseFactor<T>, RowSparse<T>);                                          \
  template absl::Status MultiplyToCsr<T>(                                     \
      const RunContext&, const SparseProductPlan&, Csr<const T>,              \
      DenseFactor<T>, Csr<T>);
MINNOW_INSTANTIATE(float)
MINNOW_INSTANTIATE(double)
MINNOW_INSTANTIATE(Float16)
MINNOW_INSTANTIATE(BFloat16)
#undef MINNOW_INSTANTIATE

}  // namespace minnow
