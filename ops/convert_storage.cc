#include "minnow/ops/convert_storage.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/core/view.h"
#include "minnow/ops/any_dtype.h"

namespace minnow {
namespace {

// Bytes of a block of work.
constexpr int64_t kGrain = 1 << 17;

// An array as rows.
struct RowsOf {
  int64_t count, size, item, bytes;  // `size` elements, `item` bytes each.

  explicit RowsOf(const ArrayType& type)
      : count(type.dims[0]),
        size(internal::RowSize(type.dims)),
        item(static_cast<int64_t>(DTypeSize(type.dtype))),
        bytes(size * item) {}

  int64_t grain() const {
    return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, bytes));
  }
};

// The bits that tell an element from zero: all but the sign of a float.
template <typename U>
U BitsOfValue(DType dtype) {
  constexpr U kAll = std::numeric_limits<U>::max();
  return IsFloating(dtype) ? static_cast<U>(kAll >> 1) : kAll;
}

template <typename U>
bool AnyStored(const U* x, int64_t n, U mask) {
  // Without a branch for each element, but no more is read than a few lines.
  constexpr int64_t kStep = 256;
  for (int64_t i = 0; i < n; i += kStep) {
    U bits = 0;
    for (int64_t k = i; k < std::min(n, i + kStep); ++k) {
      bits = static_cast<U>(bits | x[k]);
    }
    if ((bits & mask) != 0) return true;
  }
  return false;
}

// Calls f.operator()<U>(mask), where U has the size of the elements and `mask`
// the bits that tell them from zero.
template <typename F>
void VisitBits(DType dtype, const F& f) {
  VisitSize(static_cast<int64_t>(DTypeSize(dtype)),
            [&]<typename U>() { f(BitsOfValue<U>(dtype)); });
}

void Copy(const std::byte* from, int64_t bytes, std::byte* to) {
  if (bytes > 0) std::memcpy(to, from, static_cast<size_t>(bytes));
}
void Clear(std::byte* to, int64_t bytes) {
  if (bytes > 0) std::memset(to, 0, static_cast<size_t>(bytes));
}

}  // namespace

absl::Status DenseToRowSparse(ThreadPool& threads, const ArrayType& type,
                              const std::byte* data, ArrayData& out) {
  const RowsOf rows(type);
  std::vector<uint8_t> stored(static_cast<size_t>(rows.count));
  VisitBits(type.dtype, [&]<typename U>(U mask) {
    const U* const x = reinterpret_cast<const U*>(data);
    ParallelFor(threads, rows.count, rows.grain(),
                [&](int64_t begin, int64_t end) {
                  for (int64_t i = begin; i < end; ++i) {
                    stored[static_cast<size_t>(i)] =
                        AnyStored(x + i * rows.size, rows.size, mask);
                  }
                });
  });
  const auto count = static_cast<int64_t>(
      std::count(stored.begin(), stored.end(), uint8_t{1}));
  MINNOW_RETURN_IF_ERROR(ResizeSparse(count, count * rows.bytes, out));
  auto next = out.indices.begin();
  for (int64_t i = 0; i < rows.count; ++i) {
    if (stored[static_cast<size_t>(i)] != 0) *next++ = i;
  }
  ParallelFor(threads, count, rows.grain(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Copy(data + out.indices[static_cast<size_t>(i)] * rows.bytes, rows.bytes,
           out.values.data() + i * rows.bytes);
    }
  });
  return absl::OkStatus();
}

absl::Status DenseToCsr(ThreadPool& threads, const ArrayType& type,
                        const std::byte* data, ArrayData& out) {
  const RowsOf rows(type);
  absl::Status status;
  VisitBits(type.dtype, [&]<typename U>(U mask) {
    const U* const x = reinterpret_cast<const U*>(data);
    const auto is_stored = [mask](U bits) { return (bits & mask) != 0; };
    int64_t* const indptr = out.indptr.data();
    // First how many each row stores, then where they begin.
    ParallelFor(
        threads, rows.count, rows.grain(), [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const U* const row = x + i * rows.size;
            indptr[i + 1] = std::count_if(row, row + rows.size, is_stored);
          }
        });
    indptr[0] = 0;
    std::partial_sum(indptr, indptr + rows.count + 1, indptr);
    const int64_t count = indptr[rows.count];
    status = ResizeSparse(count, count * rows.item, out);
    if (!status.ok()) return;
    U* const values = reinterpret_cast<U*>(out.values.data());
    ParallelFor(threads, rows.count, rows.grain(),
                [&](int64_t begin, int64_t end) {
                  int64_t next = indptr[begin];
                  for (int64_t i = begin; i < end; ++i) {
                    for (int64_t k = 0; k < rows.size; ++k) {
                      const U element = x[i * rows.size + k];
                      if (!is_stored(element)) continue;
                      values[next] = element;
                      out.indices[static_cast<size_t>(next++)] = k;
                    }
                  }
                });
  });
  return status;
}

void RowSparseToDense(ThreadPool& threads, const ArrayType& type,
                      ArrayData& data, std::byte* out) {
  const RowsOf rows(type);
  SortRows(rows.bytes, data);
  const std::vector<int64_t>& listed = data.indices;
  ParallelFor(
      threads, rows.count, rows.grain(), [&](int64_t begin, int64_t end) {
        Clear(out + begin * rows.bytes, (end - begin) * rows.bytes);
        for (auto at = std::lower_bound(listed.begin(), listed.end(), begin);
             at != listed.end() && *at < end; ++at) {
          Copy(data.values.data() + (at - listed.begin()) * rows.bytes,
               rows.bytes, out + *at * rows.bytes);
        }
      });
}

void CsrToDense(ThreadPool& threads, const ArrayType& type,
                const ArrayData& data, std::byte* out) {
  const RowsOf rows(type);
  VisitSize(rows.item, [&]<typename U>() {
    const U* const values = reinterpret_cast<const U*>(data.values.data());
    const int64_t* const indptr = data.indptr.data();
    U* const to = reinterpret_cast<U*>(out);
    ParallelFor(threads, rows.count, rows.grain(),
                [&](int64_t begin, int64_t end) {
                  Clear(out + begin * rows.bytes, (end - begin) * rows.bytes);
                  for (int64_t i = begin; i < end; ++i) {
                    for (int64_t k = indptr[i]; k < indptr[i + 1]; ++k) {
                      to[i * rows.size + data.indices[static_cast<size_t>(k)]] =
                          values[k];
                    }
                  }
                });
  });
}

void CopyBytes(ThreadPool& threads, const std::byte* from, int64_t bytes,
               std::byte* to) {
  ParallelFor(threads, bytes, kGrain, [&](int64_t begin, int64_t end) {
    Copy(from + begin, end - begin, to + begin);
  });
}

}  // namespace minnow
