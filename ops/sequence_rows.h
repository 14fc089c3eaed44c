// Arrays of sequences, as rows that operators of sequences move.
//
//   Sequences s = SequencesOf(data.shape, attrs.axis);
//   MINNOW_ASSIGN_OR_RETURN(const int64_t* lengths,
//                           LoadLengths(context, s, 1, sequence_length));
//   ForEachRow(context, s, s.count, [&](int64_t i) {
//     CopyRow(s, data, s.Row(lengths[i] - 1, i), out, i);
//   });
#ifndef MINNOW_OPS_SEQUENCE_ROWS_H_
#define MINNOW_OPS_SEQUENCE_ROWS_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/statusor.h"
#include "minnow/core/shape.h"
#include "minnow/core/thread_pool.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/elementwise.h"

namespace minnow {

// An array of sequences. A row is what stands behind its first two axes.
struct Sequences {
  int64_t steps, count;
  bool steps_first;
  int64_t row_size;
  int64_t workspace_bytes;  // For the lengths.

  int64_t Row(int64_t step, int64_t sequence) const {
    return steps_first ? step * count + sequence : sequence * steps + step;
  }
  int64_t Step(int64_t row) const {
    return steps_first ? row / count : row % steps;
  }
  int64_t Sequence(int64_t row) const {
    return steps_first ? row % count : row / steps;
  }
};

// The elements of sequences are along `axis`, 0 or 1.
// REQUIRES: data.rank() >= 2.
Sequences SequencesOf(const Shape& data, int64_t axis);

// Room for the lengths, in the workspace.
inline int64_t* LengthsIn(const RunContext& context) {
  return reinterpret_cast<int64_t*>(context.workspace.data());
}

// The lengths of sequences that are all whole.
int64_t* WholeLengths(const RunContext& context, const Sequences& s);

// An error unless each length is in [least, steps].
absl::StatusOr<int64_t*> LoadLengths(const RunContext& context,
                                     const Sequences& s, int64_t least,
                                     const AnyConstArray& sequence_length);

// Calls f(i) for each of n rows.
template <typename F>
void ForEachRow(const RunContext& context, const Sequences& s, int64_t n,
                const F& f) {
  const int64_t grain = std::max<int64_t>(
      1, kElementwiseGrain / std::max<int64_t>(1, s.row_size));
  ParallelFor(*context.threads, n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i);
  });
}

// Copies a row; `from` and `to` are their numbers.
void CopyRow(const Sequences& s, const AnyConstArray& x, int64_t from,
             const AnyArray& y, int64_t to);

}  // namespace minnow

#endif  // MINNOW_OPS_SEQUENCE_ROWS_H_
