// Loops of the operators that read rows by number (take, Embedding), and of
// their gradients. They see element types as sizes, and ids through tiles, so
// that each is compiled once.
//
//   GatherRows(threads, {outer, num_rows, row_size}, TakeMode::kClip,
//              IdsOf(ids), sizeof(T), data, out);
#ifndef MINNOW_OPS_ROW_GATHER_H_
#define MINNOW_OPS_ROW_GATHER_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/coalesce_rows.h"
#include "minnow/core/view.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/row_ids.h"

namespace minnow {

// out[o, i, :] = data[o, row of id i, :], where `lines` are (o, rows, elements
// of a row).
void GatherRows(ThreadPool& threads, const Lines& lines, TakeMode mode,
                const Ids& ids, size_t element_size, const void* data,
                void* out);
// The same for the rows of a table, of which those that are not stored are
// zero.
void GatherTableRows(ThreadPool& threads, TakeMode mode, const Ids& ids,
                     int64_t row_bytes, const ArrayData& table,
                     int64_t num_rows, void* out);

// The gradient of GatherRows: what flows to a row is summed.
struct RowGradientPlan {
  Lines lines;
  int64_t num_ids;
  int64_t workspace_bytes;
};
absl::StatusOr<RowGradientPlan> PlanRowGradient(const Lines& lines,
                                                int64_t num_ids);
// As a dense array, whose other rows are zero.
void RowGradient(const RunContext& context, const RowGradientPlan& plan,
                 TakeMode mode, const Ids& ids, DType dtype, const void* head,
                 void* grad);
// As the rows that ids name. REQUIRES: lines.outer == 1.
absl::Status SparseRowGradient(const RunContext& context,
                               const RowGradientPlan& plan, TakeMode mode,
                               const Ids& ids, DType dtype, const void* head,
                               ArrayData& grad);

}  // namespace minnow

#endif  // MINNOW_OPS_ROW_GATHER_H_
