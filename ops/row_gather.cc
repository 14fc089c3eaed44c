#include "minnow/ops/row_gather.h"

#include <algorithm>
#include <cstring>

#include "minnow/core/status.h"

namespace minnow {
namespace {

constexpr int64_t kTile = 512;
constexpr int64_t kGrainBytes = int64_t{1} << 16;

// Copies the rows `slots`; -1 is a row of zeros. A row is `size` bytes, which
// the compiler knows if `kSize` is not 0.
template <size_t kSize>
void CopyRowsOf(const std::byte* from, size_t size, const int64_t* slots,
                int64_t count, std::byte* to) {
  // Rows lie anywhere, so the processor cannot foresee them.
  constexpr int64_t kAhead = 16;
  if constexpr (kSize != 0) size = kSize;
  for (int64_t i = 0; i < count; ++i, to += size) {
    if (i + kAhead < count && slots[i + kAhead] >= 0) {
      const std::byte* next =
          from + size * static_cast<size_t>(slots[i + kAhead]);
      for (size_t k = 0; k < std::min<size_t>(size, 512); k += 64) {
        __builtin_prefetch(next + k);
      }
    }
    if (slots[i] < 0) {
      std::memset(to, 0, size);
    } else {
      std::memcpy(to, from + size * static_cast<size_t>(slots[i]), size);
    }
  }
}

void CopyRows(const std::byte* from, size_t size, const int64_t* slots,
              int64_t count, std::byte* to) {
  const auto copy = [&]<size_t kSize>() {
    CopyRowsOf<kSize>(from, size, slots, count, to);
  };
  switch (size) {
    case 1:
      return copy.template operator()<1>();
    case 2:
      return copy.template operator()<2>();
    case 4:
      return copy.template operator()<4>();
    case 8:
      return copy.template operator()<8>();
    case 32:
      return copy.template operator()<32>();
    case 64:
      return copy.template operator()<64>();
    case 128:
      return copy.template operator()<128>();
    default:
      return copy.template operator()<0>();
  }
}

}  // namespace

void GatherRows(ThreadPool& threads, const Lines& lines, TakeMode mode,
                const Ids& ids, size_t element_size, const void* data,
                void* out) {
  const auto row_bytes = lines.inner * static_cast<int64_t>(element_size);
  if (row_bytes == 0 || lines.size == 0) return;
  const auto* from = static_cast<const std::byte*>(data);
  auto* to = static_cast<std::byte*>(out);
  ParallelFor(
      threads, lines.outer * ids.size,
      std::max<int64_t>(1, kGrainBytes / row_bytes),
      [&](int64_t begin, int64_t end) {
        int64_t tile[kTile];
        const bool all_ids = ids.size <= kTile;
        if (all_ids) LoadRows(ids, mode, lines.size, 0, ids.size, tile);
        for (int64_t i = begin; i < end;) {
          const int64_t outer = i / ids.size, first = i % ids.size;
          const int64_t count = std::min({kTile, end - i, ids.size - first});
          if (!all_ids) LoadRows(ids, mode, lines.size, first, count, tile);
          CopyRows(from + outer * lines.size * row_bytes,
                   static_cast<size_t>(row_bytes),
                   all_ids ? tile + first : tile, count, to + i * row_bytes);
          i += count;
        }
      });
}

void GatherTableRows(ThreadPool& threads, TakeMode mode, const Ids& ids,
                     int64_t row_bytes, const ArrayData& table,
                     int64_t num_rows, void* out) {
  if (row_bytes == 0 || num_rows == 0) return;
  auto* to = static_cast<std::byte*>(out);
  ParallelFor(threads, ids.size, std::max<int64_t>(1, kGrainBytes / row_bytes),
              [&](int64_t begin, int64_t end) {
                int64_t tile[kTile];
                for (int64_t i = begin; i < end; i += kTile) {
                  const int64_t count = std::min(kTile, end - i);
                  LoadRows(ids, mode, num_rows, i, count, tile);
                  for (int64_t k = 0; k < count; ++k) {
                    tile[k] = table.FindRow(tile[k]);
                  }
                  CopyRows(table.values.data(), static_cast<size_t>(row_bytes),
                           tile, count, to + i * row_bytes);
                }
              });
}

absl::StatusOr<RowGradientPlan> PlanRowGradient(const Lines& lines,
                                                int64_t num_ids) {
  MINNOW_ASSIGN_OR_RETURN(const int64_t bytes, GroupRowsBytes(num_ids));
  return RowGradientPlan{lines, num_ids, bytes};
}

namespace {

RowGroups GroupIds(const RunContext& context, const RowGradientPlan& plan,
                   TakeMode mode, const Ids& ids) {
  return GroupRows(
      *context.threads, plan.num_ids, plan.lines.size,
      [&](int64_t begin, int64_t count, int64_t* rows) {
        LoadRows(ids, mode, plan.lines.size, begin, count, rows);
      },
      context.workspace);
}

}  // namespace

void RowGradient(const RunContext& context, const RowGradientPlan& plan,
                 TakeMode mode, const Ids& ids, DType dtype, const void* head,
                 void* grad) {
  const Lines& lines = plan.lines;
  auto* bytes = static_cast<std::byte*>(grad);
  const auto size = static_cast<int64_t>(DTypeSize(dtype)) * lines.outer *
                    lines.size * lines.inner;
  ParallelFor(*context.threads, size, int64_t{1} << 18,
              [&](int64_t begin, int64_t end) {
                std::memset(bytes + begin, 0, static_cast<size_t>(end - begin));
              });
  SumRowsInto(*context.threads, GroupIds(context, plan, mode, ids), dtype,
              {lines.outer, plan.num_ids, lines.size, lines.inner}, head, grad);
}

absl::Status SparseRowGradient(const RunContext& context,
                               const RowGradientPlan& plan, TakeMode mode,
                               const Ids& ids, DType dtype, const void* head,
                               ArrayData& grad) {
  const RowGroups groups = GroupIds(context, plan, mode, ids);
  const int64_t row_bytes =
      plan.lines.inner * static_cast<int64_t>(DTypeSize(dtype));
  // Room for as many rows as there can be, so that later runs find it.
  const int64_t most = std::min(plan.num_ids, plan.lines.size);
  MINNOW_RETURN_IF_ERROR(ResizeSparse(most, most * row_bytes, grad));
  MINNOW_RETURN_IF_ERROR(
      ResizeSparse(groups.size(), groups.size() * row_bytes, grad));
  for (int64_t i = 0; i < groups.size(); ++i) {
    grad.indices[static_cast<size_t>(i)] = groups.row(i);
  }
  SumRows(*context.threads, groups, dtype, plan.lines.inner, head,
          grad.values.data());
  return absl::OkStatus();
}

}  // namespace minnow
