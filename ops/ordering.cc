#include "minnow/ops/ordering.h"

#include <algorithm>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/ops/sort_keys.h"
#include "minnow/ops/sort_lines.h"

namespace minnow {
namespace {

constexpr int64_t kLongLine = 1 << 17;
// Keys that are made at a time.
constexpr int64_t kKeyTile = 1024;

// Selecting the first ones of a line is for lines that are much longer.
bool Selects(int64_t size, int64_t k) { return k <= size / 16; }

// Keys that a selection keeps at a time.
int64_t SelectionCapacity(int64_t k) { return 2 * k + 512; }

// The keys of the elements [begin, end) of a line.
template <typename T>
void MakeKeys(const T* line, int64_t stride, int64_t begin, int64_t end,
              bool descending, IndexedKeyOf<T>* keys) {
  const T* const x = line + begin * stride;
  const int64_t n = end - begin;
  if (stride == 1) {
    Vectorize([=]() MINNOW_INLINE {
      for (int64_t i = 0; i < n; ++i) {
        keys[i] =
            KeyWithIndex(x[i], static_cast<uint64_t>(begin + i), descending);
      }
    });
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    keys[i] = KeyWithIndex(x[i * stride], static_cast<uint64_t>(begin + i),
                           descending);
  }
}

// The smallest k keys of the elements [begin, end), in no order; how many.
template <typename T>
int64_t Select(const T* line, int64_t stride, int64_t begin, int64_t end,
               const OrderPlan& plan, IndexedKeyOf<T>* memory) {
  SmallestKeys<IndexedKeyOf<T>> smallest(memory, plan.k,
                                         SelectionCapacity(plan.k));
  IndexedKeyOf<T> tile[kKeyTile];
  for (int64_t i = begin; i < end; i += kKeyTile) {
    const int64_t stop = std::min(i + kKeyTile, end);
    MakeKeys(line, stride, i, stop, plan.descending, tile);
    smallest.Add(tile, stop - i);
  }
  return smallest.Finish();
}

// Sorts the keys of the first k elements of a line to the front of `keys`.
// With threads `spare` follows `keys`.
template <typename T>
void OrderLine(const T* line, const OrderPlan& plan, ThreadPool* threads,
               IndexedKeyOf<T>* keys, IndexedKeyOf<T>* spare) {
  const int64_t n = plan.lines.size, stride = plan.lines.inner;
  if (!Selects(n, plan.k) || SelectionCapacity(plan.k) > n) {
    const auto make = [&](int64_t begin, int64_t end) {
      MakeKeys(line, stride, begin, end, plan.descending, keys + begin);
    };
    if (threads == nullptr) {
      make(0, n);
    } else {
      ParallelFor(*threads, n, int64_t{1} << 15, make);
    }
    return SortKeys(threads, keys, n, spare);
  }
  if (threads == nullptr) {
    return SortKeys(threads, keys, Select(line, stride, 0, n, plan, keys),
                    spare);
  }
  // Each part selects; of what they have found the first are the result.
  const int64_t capacity = SelectionCapacity(plan.k);
  const int64_t part = std::max(kLongLine / 2, 4 * capacity);
  ParallelFor(*threads, n, part, [&](int64_t begin, int64_t end) {
    Select(line, stride, begin, end, plan, keys + begin / part * capacity);
  });
  int64_t count = 0;
  for (int64_t begin = 0; begin < n; begin += part) {
    const auto* const found = keys + begin / part * capacity;
    const int64_t length = std::min({plan.k, part, n - begin});
    std::copy(found, found + length, keys + count);
    count += length;
  }
  SortKeys(threads, keys, count, keys + count);
}

template <typename T>
void ForEachOrderOf(const RunContext& context, const OrderPlan& plan,
                    const T* data,
                    absl::FunctionRef<void(int64_t, const int64_t*)> f) {
  using Key = IndexedKeyOf<T>;
  ForEachOrderedLine<Key>(
      context, plan,
      [&](int64_t l, Key* keys, Key* spare, ThreadPool* threads) {
        OrderLine(data + plan.lines.First(l), plan, threads, keys, spare);
        // An index is not longer than its key, whose place it takes.
        int64_t* const indices = reinterpret_cast<int64_t*>(keys);
        for (int64_t i = 0; i < plan.k; ++i) {
          const Key key = keys[i];
          indices[i] = IndexOf(key);
        }
        f(l, indices);
      });
}

}  // namespace

size_t IndexedKeyBytes(DType dtype) {
  return VisitDType(dtype,
                    []<typename T>() { return sizeof(IndexedKeyOf<T>); });
}

absl::StatusOr<Lines> LinesOf(std::optional<int64_t> axis, const Shape& shape) {
  if (!axis.has_value()) return Lines{1, shape.num_elements(), 1};
  const absl::StatusOr<size_t> resolved = ResolveAxis(*axis, shape.rank());
  if (!resolved.ok()) return Annotate(resolved.status(), "attribute 'axis'");
  return LinesAlong(shape, *resolved);
}

absl::StatusOr<Shape> OrderedShape(const Order& order, const Shape& data) {
  size_t axis = 0;
  if (order.axis.has_value()) {
    const absl::StatusOr<size_t> resolved =
        ResolveAxis(*order.axis, data.rank());
    if (!resolved.ok()) return Annotate(resolved.status(), "attribute 'axis'");
    axis = *resolved;
  }
  Shape out = data;
  if (!order.axis.has_value()) {
    out = {data.known() ? data.num_elements() : Shape::kUnknown};
  }
  if (order.k < 1) return out;
  if (out[axis] != Shape::kUnknown && order.k > out[axis]) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'k': expected at most the ", out[axis],
                     " elements of a line, found ", order.k));
  }
  out.set(axis, order.k);
  return out;
}

absl::StatusOr<OrderPlan> PlanOrder(const Order& order, const Shape& shape,
                                    size_t key_bytes) {
  MINNOW_ASSIGN_OR_RETURN(const Lines lines, LinesOf(order.axis, shape));
  // Of a key with an index, the index has 32 bits unless the key is wide.
  if (lines.size > int64_t{1} << 32 && key_bytes != sizeof(WideKey)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected lines of at most 2^32 elements, found ", lines.size));
  }
  const int64_t bytes = static_cast<int64_t>(key_bytes);
  OrderPlan plan = {.lines = lines,
                    .k = order.k < 1 ? lines.size : order.k,
                    .descending = order.descending,
                    .one_by_one = lines.size >= kLongLine && lines.count() < 32,
                    .lines_per_block = 1,
                    .block_bytes = 0,
                    .workspace_bytes = 2 * lines.size * bytes};
  if (plan.one_by_one) return plan;
  const LinePlan blocks = PlanLines(lines, 1, bytes);
  plan.lines_per_block = blocks.block;
  plan.block_bytes = (lines.size * bytes + 63) / 64 * 64;
  plan.workspace_bytes =
      plan.block_bytes * ((lines.count() + blocks.block - 1) / blocks.block);
  return plan;
}

void ForEachOrder(const RunContext& context, const OrderPlan& plan, DType dtype,
                  const void* data,
                  absl::FunctionRef<void(int64_t, const int64_t*)> f) {
  VisitDType(dtype, [&]<typename T>() {
    if constexpr (!std::is_same_v<T, bool>) {
      ForEachOrderOf(context, plan, static_cast<const T*>(data), f);
    }
  });
}

}  // namespace minnow
