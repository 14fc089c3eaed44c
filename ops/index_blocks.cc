#include "minnow/ops/index_blocks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "minnow/core/attr_value.h"
#include "minnow/core/status.h"
#include "minnow/core/thread_pool.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/first_index.h"

namespace minnow {
namespace {

constexpr int64_t kGrain = 1 << 13;

}  // namespace

absl::StatusOr<Blocks> BlocksOf(const Shape& array, const Shape& indices,
                                bool negative) {
  Blocks blocks;
  blocks.negative = negative;
  const auto num_axes = static_cast<size_t>(indices[0]);
  const absl::Span<const int64_t> dims = array.dims().subspan(0, num_axes);
  blocks.dims.assign(dims.begin(), dims.end());
  blocks.num_blocks = array.num_elements(0, num_axes);
  blocks.block_size = array.num_elements(num_axes, array.rank());
  // Not from the indices' own size, which is 0 where they name no axis.
  Shape tuples(indices.dims().subspan(1));
  MINNOW_ASSIGN_OR_RETURN(blocks.workspace_bytes,
                          tuples.CheckedBytes(DType::kInt64));
  blocks.num_tuples = tuples.num_elements();
  return blocks;
}

absl::Status FindBlocks(const RunContext& context, const Blocks& blocks,
                        const AnyConstArray& indices) {
  const int64_t n = blocks.num_tuples;
  int64_t* const numbers = blocks.numbers(context);
  ParallelFor(*context.threads, n, kGrain, [&](int64_t begin, int64_t end) {
    std::fill(numbers + begin, numbers + end, 0);
  });
  for (size_t axis = 0; axis < blocks.dims.size(); ++axis) {
    const int64_t dim = blocks.dims[axis];
    const int64_t least = blocks.negative ? -dim : 0;
    // After truncation towards zero.
    const auto is_inside = [least = static_cast<double>(least - 1),
                            bound = static_cast<double>(dim)](double index) {
      return index > least && index < bound;
    };
    const int64_t line = static_cast<int64_t>(axis) * n;
    // By tiles, each of which is one step of the search for a bad index.
    const int64_t num_tiles = (n + kTile - 1) / kTile;
    const int64_t bad_tile = FirstIndex(
        *context.threads, num_tiles, kGrain / kTile, [&](int64_t tile) {
          // In double, which tells a NaN from 0.
          double index[kTile];
          const int64_t first = tile * kTile;
          const int64_t count = std::min(kTile, n - first);
          LoadElements(indices, line + first, count, index);
          bool bad = false;
          for (int64_t i = 0; i < count; ++i) {
            const bool inside = is_inside(index[i]);
            bad |= !inside;
            const int64_t whole = inside ? static_cast<int64_t>(index[i]) : 0;
            int64_t& number = numbers[first + i];
            number = number * dim + (whole < 0 ? whole + dim : whole);
          }
          return bad;
        });
    for (int64_t i = bad_tile * kTile; i < n; ++i) {
      double index = 0;
      LoadElements(indices, line + i, 1, &index);
      if (is_inside(index)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("argument 'indices': expected an index in [", least,
                       ", ", dim, ") for axis ", axis, ", found ",
                       AttrText(AttrScalar(index)), " in tuple ", i));
    }
  }
  return absl::OkStatus();
}

}  // namespace minnow
