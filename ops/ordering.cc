#include "minnow/ops/ordering.h"

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "minnow/core/round_up.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/ops/sort_keys.h"
#include "minnow/ops/sort_lines.h"

namespace minnow {
namespace {

constexpr int64_t kLongLine = 1 << 17;
// Threads select from so many parts of a line.
constexpr int64_t kParts = 32;
// Elements that are left out together.
constexpr int64_t kGroup = 64;

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

// Whether one of n elements has a key of at most `bound`.
template <typename T>
bool AnyUpTo(SortKeyOf<T> bound, const T* x, int64_t n, bool descending) {
  bool any = false;
  Vectorize([=, &any]() MINNOW_INLINE {
    SortKeyOf<T> found = 0;
    for (int64_t i = 0; i < n; ++i) {
      found |= SortKeyOf<T>{EqualZerosKey(x[i], descending) <= bound};
    }
    any = found != 0;
  });
  return any;
}

// The smallest k keys of the elements [begin, end) that are below the bound, in
// no order; how many.
template <typename T>
int64_t Select(const T* line, int64_t begin, int64_t end, const OrderPlan& plan,
               std::optional<IndexedKeyOf<T>> below, IndexedKeyOf<T>* memory) {
  SmallestKeys<IndexedKeyOf<T>> smallest(memory, plan.k,
                                         SelectionCapacity(plan.k), below);
  const int64_t stride = plan.lines.inner;
  IndexedKeyOf<T> tile[kGroup];
  for (int64_t i = begin; i < end; i += kGroup) {
    const int64_t stop = std::min(i + kGroup, end);
    // Most groups have none that counts, and are left out by their values.
    if (stride == 1 && smallest.bound().has_value()) {
      const auto bound = static_cast<SortKeyOf<T>>(ValueOf(*smallest.bound()));
      if (!AnyUpTo(bound, line + i, stop - i, plan.descending)) continue;
    }
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
    return SortKeys(threads, keys, Select<T>(line, 0, n, plan, {}, keys),
                    spare);
  }
  // The first part says what the others have to be below, so that they find
  // little; the first ones of what all have found are the result.
  const int64_t capacity = SelectionCapacity(plan.k);
  const int64_t part = std::max({kLongLine / 2, 4 * capacity, n / kParts + 1});
  std::array<int64_t, kParts> found = {};
  found[0] = Select<T>(line, 0, std::min(part, n), plan, {}, keys);
  const auto bound = *std::max_element(keys, keys + found[0]);
  ParallelFor(*threads, std::max<int64_t>(n - part, 0), part,
              [&](int64_t begin, int64_t end) {
                const int64_t p = 1 + begin / part;
                found[static_cast<size_t>(p)] =
                    Select<T>(line, part + begin, part + end, plan, bound,
                              keys + p * capacity);
              });
  int64_t count = found[0];
  for (size_t p = 1; p < found.size(); ++p) {
    const auto* const first = keys + static_cast<int64_t>(p) * capacity;
    std::copy(first, first + found[p], keys + count);
    count += found[p];
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
  plan.block_bytes = RoundUp(lines.size * bytes, 64);
  plan.workspace_bytes =
      plan.block_bytes * DivideUp(lines.count(), blocks.block);
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
