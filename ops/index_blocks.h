// An array as blocks that tuples of indices name, as gather_nd and scatter_nd
// see it.
//
//   MINNOW_ASSIGN_OR_RETURN(Blocks blocks,
//                           BlocksOf(array, indices, /*negative=*/true));
//   MINNOW_RETURN_IF_ERROR(FindBlocks(context, blocks, indices));
//   const int64_t* numbers = blocks.numbers(context);
#ifndef MINNOW_OPS_INDEX_BLOCKS_H_
#define MINNOW_OPS_INDEX_BLOCKS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/shape.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/any_dtype.h"

namespace minnow {

// The workspace holds the number of the block for each tuple, then what its
// user adds to it.
struct Blocks {
  std::vector<int64_t> dims;  // Of the axes that the indices name.
  int64_t num_blocks = 0, block_size = 0, num_tuples = 0;
  bool negative = false;  // Negative indices count from the end.
  int64_t workspace_bytes = 0;

  int64_t* numbers(const RunContext& context) const {
    return reinterpret_cast<int64_t*>(context.workspace.data());
  }
};

// The first axis of `indices` is as long as a tuple. `negative` ones count from
// the end of their axis.
absl::StatusOr<Blocks> BlocksOf(const Shape& array, const Shape& indices,
                                bool negative);

// Computes the number of the block of each tuple. An error that names the first
// index that is out of range.
absl::Status FindBlocks(const RunContext& context, const Blocks& blocks,
                        const AnyConstArray& indices);

}  // namespace minnow

#endif  // MINNOW_OPS_INDEX_BLOCKS_H_
