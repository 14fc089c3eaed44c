#include "minnow/core/coalesce_rows.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/half.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

using Entry = RowGroups::Entry;

// Rows are sorted by digits, the last one first; each pass keeps the order of
// equal digits.
constexpr int kDigitBits = 8;
constexpr int64_t kDigits = int64_t{1} << kDigitBits;

// Few blocks, so that their counts are little next to the entries.
int64_t BlockSize(int64_t n) {
  return std::max<int64_t>(int64_t{1} << 15, n / 64 + 1);
}
int64_t NumBlocks(int64_t n) { return n / BlockSize(n) + 1; }

// How many entries of a block have each digit, then where the next one goes.
using Counts = int64_t[kDigits];

// Where the entries of each block with each digit begin: those with smaller
// digits come before, then those of the blocks before.
void CountsToPlaces(int64_t num_blocks, Counts* counts) {
  int64_t next = 0;
  for (int64_t digit = 0; digit < kDigits; ++digit) {
    for (int64_t block = 0; block < num_blocks; ++block) {
      next += std::exchange(counts[block][digit], next);
    }
  }
}

void SortByDigit(ThreadPool& threads, int64_t n, int shift, const Entry* from,
                 Entry* to, Counts* counts) {
  const int64_t block_size = BlockSize(n);
  const auto digit = [shift](const Entry& entry) {
    return entry.row >> shift & (kDigits - 1);
  };
  std::fill_n(&counts[0][0], NumBlocks(n) * kDigits, int64_t{0});
  ParallelFor(threads, n, block_size, [&](int64_t begin, int64_t end) {
    int64_t* const count = counts[begin / block_size];
    for (int64_t i = begin; i < end; ++i) ++count[digit(from[i])];
  });
  CountsToPlaces(NumBlocks(n), counts);
  ParallelFor(threads, n, block_size, [&](int64_t begin, int64_t end) {
    int64_t* const place = counts[begin / block_size];
    for (int64_t i = begin; i < end; ++i) to[place[digit(from[i])]++] = from[i];
  });
}

// Integers are summed modulo 2^bits.
template <typename T>
using SumType =
    std::conditional_t<std::is_integral_v<T>, uint64_t, ComputeType<T>>;

// One row of sums: `entries` of `values`. Tile by tile, which stay in
// registers.
template <typename T>
MINNOW_INLINE inline void SumEntries(const Entry* entries, int64_t count,
                                     int64_t row_size, const T* values, T* to) {
  using C = SumType<T>;
  constexpr int64_t kTile = 64;
  C sum[kTile];
  for (int64_t begin = 0; begin < row_size; begin += kTile) {
    const int64_t size = std::min(kTile, row_size - begin);
    const T* first = values + entries[0].position * row_size + begin;
    for (int64_t j = 0; j < size; ++j) sum[j] = static_cast<C>(first[j]);
    for (int64_t k = 1; k < count; ++k) {
      const T* next = values + entries[k].position * row_size + begin;
      for (int64_t j = 0; j < size; ++j) {
        sum[j] += static_cast<C>(next[j]);
      }
    }
    for (int64_t j = 0; j < size; ++j) to[begin + j] = static_cast<T>(sum[j]);
  }
}

// `in_place`: the sum of a row goes to that row; else to the next one.
template <typename T>
void SumTyped(ThreadPool& threads, const RowGroups& groups,
              const RowSumShape& shape, bool in_place, const T* values,
              T* sums) {
  constexpr int64_t kGrain = int64_t{1} << 13;
  const int64_t num_groups = groups.size();
  ParallelFor(
      threads, shape.outer * num_groups,
      std::max<int64_t>(1, kGrain / std::max<int64_t>(1, shape.row_size)),
      [&](int64_t begin, int64_t end) {
        Vectorize([=, shape = shape, entries = groups.entries.data(),
                   begins = groups.begins.data()]() MINNOW_INLINE {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t outer = i / num_groups, group = i % num_groups;
            const Entry* const first = entries + begins[group];
            const int64_t row =
                outer * shape.num_rows + (in_place ? first->row : group);
            SumEntries(first, begins[group + 1] - begins[group], shape.row_size,
                       values + outer * shape.n * shape.row_size,
                       sums + row * shape.row_size);
          }
        });
      });
}

void Sum(ThreadPool& threads, const RowGroups& groups, DType dtype,
         const RowSumShape& shape, bool in_place, const void* values,
         void* sums) {
  VisitDType(dtype, [&]<typename T>() {
    SumTyped(threads, groups, shape, in_place, static_cast<const T*>(values),
             static_cast<T*>(sums));
  });
}

}  // namespace

absl::StatusOr<int64_t> GroupRowsBytes(int64_t n) {
  if (n > std::numeric_limits<int64_t>::max() / 64) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory to sort ", n, " rows"));
  }
  return 2 * n * static_cast<int64_t>(sizeof(Entry)) +
         NumBlocks(n) * static_cast<int64_t>(sizeof(Counts)) +
         (n + 1) * static_cast<int64_t>(sizeof(int64_t));
}

RowGroups GroupRows(
    ThreadPool& threads, int64_t n, int64_t num_rows,
    absl::FunctionRef<void(int64_t begin, int64_t count, int64_t* rows)> load,
    absl::Span<std::byte> memory) {
  auto* entries = reinterpret_cast<Entry*>(memory.data());
  Entry* other = entries + n;
  auto* const counts = reinterpret_cast<Counts*>(other + n);
  auto* const begins = reinterpret_cast<int64_t*>(counts + NumBlocks(n));
  ParallelFor(threads, n, BlockSize(n), [&](int64_t begin, int64_t end) {
    constexpr int64_t kTile = 512;
    int64_t rows[kTile];
    for (int64_t i = begin; i < end; i += kTile) {
      const int64_t count = std::min(kTile, end - i);
      load(i, count, rows);
      for (int64_t k = 0; k < count; ++k) entries[i + k] = {rows[k], i + k};
    }
  });
  const int bits =
      std::bit_width(static_cast<uint64_t>(std::max<int64_t>(num_rows, 1) - 1));
  for (int shift = 0; shift < bits; shift += kDigitBits) {
    SortByDigit(threads, n, shift, entries, other, counts);
    std::swap(entries, other);
  }
  int64_t num_groups = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (i == 0 || entries[i].row != entries[i - 1].row) {
      begins[num_groups++] = i;
    }
  }
  begins[num_groups] = n;
  return {absl::MakeConstSpan(entries, static_cast<size_t>(n)),
          absl::MakeConstSpan(begins, static_cast<size_t>(num_groups) + 1)};
}

void SumRows(ThreadPool& threads, const RowGroups& groups, DType dtype,
             int64_t row_size, const void* values, void* sums) {
  Sum(threads, groups, dtype, {1, 0, 0, row_size}, /*in_place=*/false, values,
      sums);
}

void SumRowsInto(ThreadPool& threads, const RowGroups& groups, DType dtype,
                 const RowSumShape& shape, const void* values, void* sums) {
  Sum(threads, groups, dtype, shape, /*in_place=*/true, values, sums);
}

absl::StatusOr<NDArray> CoalesceRows(const Shape& shape, const NDArray& values,
                                     absl::Span<const int64_t> rows,
                                     ThreadPool& threads) {
  const auto n = static_cast<int64_t>(rows.size());
  // Checks all but the order of the rows.
  MINNOW_RETURN_IF_ERROR(NDArray::CheckRowSparse(shape, values, n));
  for (int64_t i = 0; i < n; ++i) {
    if (rows[i] >= 0 && rows[i] < shape[0]) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("rows[", i, "]: expected a number in [0,", shape[0],
                     "), found ", rows[i]));
  }
  MINNOW_ASSIGN_OR_RETURN(const int64_t bytes, GroupRowsBytes(n));
  MINNOW_ASSIGN_OR_RETURN(Buffer memory, Buffer::Allocate(bytes));
  const RowGroups groups = GroupRows(
      threads, n, shape[0],
      [&](int64_t begin, int64_t count, int64_t* to) {
        std::copy_n(rows.begin() + begin, count, to);
      },
      absl::MakeSpan(memory.data(), static_cast<size_t>(bytes)));
  MINNOW_ASSIGN_OR_RETURN(
      NDArray result,
      NDArray::Zeros(shape, values.dtype(), StorageType::kRowSparse));
  const int64_t row_size = shape.num_elements(1, shape.rank());
  MINNOW_RETURN_IF_ERROR(
      ResizeSparse(groups.size(),
                   groups.size() * row_size *
                       static_cast<int64_t>(DTypeSize(values.dtype())),
                   *result.data()));
  for (int64_t i = 0; i < groups.size(); ++i) {
    result.data()->indices[static_cast<size_t>(i)] = groups.row(i);
  }
  SumRows(threads, groups, values.dtype(), row_size, values.raw(),
          result.raw());
  return result;
}

}  // namespace minnow
