#include "minnow/core/array_data.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "minnow/core/status.h"

namespace minnow {
namespace {

// Room for `bytes` of values; those that are there stay.
absl::Status GrowValues(int64_t used, int64_t bytes, ArrayData& array) {
  if (bytes <= array.values.size()) return absl::OkStatus();
  // Doubled, so that growing row by row copies each byte a few times at most.
  MINNOW_ASSIGN_OR_RETURN(Buffer larger,
                          Buffer::Allocate(std::max(bytes, 2 * used)));
  std::memcpy(larger.data(), array.values.data(), static_cast<size_t>(used));
  array.values = std::move(larger);
  return absl::OkStatus();
}

}  // namespace

absl::Status ResizeSparse(int64_t num_indices, int64_t value_bytes,
                          ArrayData& array) {
  if (value_bytes > array.values.size()) {
    // Room for more than is asked for: sizes of the next runs will vary.
    const int64_t bytes = value_bytes + value_bytes / 4;
    MINNOW_ASSIGN_OR_RETURN(array.values, Buffer::Allocate(bytes));
  }
  array.indices.resize(static_cast<size_t>(num_indices));
  array.ascending = true;
  array.slots.clear();
  return absl::OkStatus();
}

void IndexRows(ArrayData& array) {
  const auto num_rows = static_cast<int64_t>(array.indices.size());
  if (!array.slots.empty() || num_rows == 0) return;
  // Ascending and unique: the last one says whether they are 0, 1, 2, ...
  if (array.ascending && array.indices.back() == num_rows - 1) return;
  array.slots.reserve(array.indices.size());
  for (int64_t slot = 0; slot < num_rows; ++slot) {
    array.slots.emplace(array.indices[static_cast<size_t>(slot)], slot);
  }
}

absl::Status AddRows(absl::Span<const int64_t> rows, int64_t row_bytes,
                     ArrayData& array) {
  IndexRows(array);
  const auto is_new = [&](int64_t row) { return array.FindRow(row) < 0; };
  auto row = std::find_if(rows.begin(), rows.end(), is_new);
  for (; row != rows.end(); row = std::find_if(row + 1, rows.end(), is_new)) {
    const auto slot = static_cast<int64_t>(array.indices.size());
    const int64_t used = slot * row_bytes;
    MINNOW_RETURN_IF_ERROR(GrowValues(used, used + row_bytes, array));
    std::memset(array.values.data() + used, 0, static_cast<size_t>(row_bytes));
    const bool is_next = array.slots.empty() && *row == slot;
    if (!array.indices.empty() && *row < array.indices.back()) {
      array.ascending = false;
    }
    array.indices.push_back(*row);
    if (is_next) continue;
    if (array.slots.empty()) {
      IndexRows(array);
    } else {
      array.slots.emplace(*row, slot);
    }
  }
  return absl::OkStatus();
}

void SortRows(int64_t row_bytes, ArrayData& array) {
  if (array.ascending) return;
  std::vector<int64_t>& indices = array.indices;
  // from[i] is the slot whose row belongs into slot i.
  std::vector<size_t> from(indices.size());
  std::iota(from.begin(), from.end(), size_t{0});
  std::sort(from.begin(), from.end(),
            [&](size_t a, size_t b) { return indices[a] < indices[b]; });
  // Each cycle of the permutation is moved in place, through one spare row.
  const auto size = static_cast<size_t>(row_bytes);
  std::vector<std::byte> spare(size);
  const auto slot = [&](size_t i) { return array.values.data() + i * size; };
  for (size_t first = 0; first < from.size(); ++first) {
    if (from[first] == first) continue;
    std::memcpy(spare.data(), slot(first), size);
    const int64_t spare_row = indices[first];
    size_t to = first;
    while (from[to] != first) {
      const size_t next = from[to];
      std::memcpy(slot(to), slot(next), size);
      indices[to] = indices[next];
      from[to] = to;
      to = next;
    }
    std::memcpy(slot(to), spare.data(), size);
    indices[to] = spare_row;
    from[to] = to;
  }
  array.ascending = true;
  array.slots.clear();
}

}  // namespace minnow
