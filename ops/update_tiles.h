// The arrays of an update, and the loop of a rule (update.h) around elements
// that are not of its type: tile by tile, they are converted before and after.
#ifndef MINNOW_OPS_UPDATE_TILES_H_
#define MINNOW_OPS_UPDATE_TILES_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "minnow/core/array_data.h"
#include "minnow/core/dtype.h"
#include "minnow/ops/update.h"

namespace minnow {

// Weight, gradient, three states, and the weight that is rounded.
inline constexpr int64_t kMaxUpdateArrays = 6;
inline constexpr int64_t kGradientArray = 1;

struct UpdateArray {
  DType dtype;
  int64_t item;  // Bytes of an element.
  std::byte* values;
  ArrayData* table;  // Null where rows are found by their number.

  std::byte* Element(int64_t i) const { return values + i * item; }
  // REQUIRES: the row is stored.
  std::byte* Row(int64_t row, int64_t row_size) const {
    return Element((table ? table->FindRow(row) : row) * row_size);
  }
};

// Updates elements of these arrays, whose places are those of `runs`. If it
// `rounds`, the last array becomes the first one, rounded.
void RunInTiles(const UpdateRule& rule, absl::Span<const UpdateArray> arrays,
                bool rounds, const UpdateRuns& runs);

}  // namespace minnow

#endif  // MINNOW_OPS_UPDATE_TILES_H_
