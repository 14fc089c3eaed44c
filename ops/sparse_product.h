// Products of a csr matrix and a dense one: P = op(S) D, or its transpose.
//
//   SparseProductPlan plan = {.rows = m, .inner = k, .cols = n};
//   MINNOW_RETURN_IF_ERROR(MultiplyToDense(context, plan, s, {d}, out));
//
// A row of P is a sum of rows of D. Where S is transposed, its elements are
// sorted by column first, so that each row of P still belongs to one thread
// and is added up in the order of the rows of S: the bits are the same for any
// number of threads, and on every instruction set.
#ifndef MINNOW_OPS_SPARSE_PRODUCT_H_
#define MINNOW_OPS_SPARSE_PRODUCT_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/core/view.h"
#include "minnow/graph/kernel.h"

namespace minnow {

struct SparseProductPlan {
  // P is rows x cols, op(S) is rows x inner, D is inner x cols.
  int64_t rows, inner, cols;
  bool transpose_sparse = false;  // S is kept as inner x rows.
  bool transpose_dense = false;   // D is kept as cols x inner.
  bool transpose_out = false;     // The result is P transposed.
  int64_t workspace_bytes = 0;
};

// The dense factor: all of its rows, or those that are listed; the others are
// zero.
// REQUIRES: all of them, if plan.transpose_dense.
template <typename T>
struct DenseFactor {
  const T* values;
  std::optional<absl::Span<const int64_t>> rows = {};
};

template <typename T>
absl::Status MultiplyToDense(const RunContext& context,
                             const SparseProductPlan& plan, Csr<const T> sparse,
                             DenseFactor<T> dense, T* out);

// Stores the rows of P that have terms.
// REQUIRES: not plan.transpose_out.
template <typename T>
absl::Status MultiplyToRowSparse(const RunContext& context,
                                 const SparseProductPlan& plan,
                                 Csr<const T> sparse, DenseFactor<T> dense,
                                 RowSparse<T> out);

// Stores, in each row of the result, the columns that have terms.
// REQUIRES: plan.transpose_out.
template <typename T>
absl::Status MultiplyToCsr(const RunContext& context,
                           const SparseProductPlan& plan, Csr<const T> sparse,
                           DenseFactor<T> dense, Csr<T> out);

}  // namespace minnow

#endif  // MINNOW_OPS_SPARSE_PRODUCT_H_
