#include "minnow/ops/sort_values.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "absl/functional/function_ref.h"
#include "minnow/core/simd.h"
#include "minnow/core/thread_pool.h"
#include "minnow/ops/sort_keys.h"
#include "minnow/ops/sort_lines.h"

namespace minnow {
namespace {

constexpr int64_t kFillGrain = 1 << 16;

// What is sorted has 16 bits at least.
template <typename T>
using ValueKey = std::conditional_t<sizeof(T) == 1, uint16_t, SortKeyOf<T>>;

// Calls f.operator()<T>() with the type, which is not bool.
template <typename F>
void VisitNumber(DType dtype, const F& f) {
  VisitDType(dtype, [&]<typename T>() {
    if constexpr (!std::is_same_v<T, bool>) f.template operator()<T>();
  });
}

// Makes keys of elements of the line that begins at `first`.
void MakeKeys(const OrderPlan& plan, const AnyConstArray& data, int64_t first,
              int64_t begin, int64_t end, void* to) {
  VisitNumber(data.dtype, [&]<typename T>() {
    Vectorize([begin, end, x = data.as<T>() + first, stride = plan.lines.inner,
               descending = plan.descending,
               keys = static_cast<ValueKey<T>*>(to)]() MINNOW_INLINE {
      for (int64_t i = begin; i < end; ++i) {
        keys[i] = SortKey(x[i * stride], descending);
      }
    });
  });
}

// The other way round.
void StoreKeys(const OrderPlan& plan, const void* from, int64_t begin,
               int64_t end, const AnyArray& out, int64_t first) {
  VisitNumber(out.dtype, [&]<typename T>() {
    Vectorize([begin, end, y = out.as<T>() + first, stride = plan.lines.inner,
               descending = plan.descending,
               keys = static_cast<const ValueKey<T>*>(from)]() MINNOW_INLINE {
      for (int64_t i = begin; i < end; ++i) {
        y[i * stride] =
            FromSortKey<T>(static_cast<SortKeyOf<T>>(keys[i]), descending);
      }
    });
  });
}

// Calls f(begin, end) for blocks of a line, in threads if there are any.
void InBlocks(ThreadPool* threads, int64_t n,
              absl::FunctionRef<void(int64_t, int64_t)> f) {
  if (threads == nullptr) return f(0, n);
  ParallelFor(*threads, n, kFillGrain, f);
}

template <typename Key>
void SortByKeys(const RunContext& context, const OrderPlan& plan,
                const AnyConstArray& data, const AnyArray& out) {
  const int64_t n = plan.lines.size;
  ForEachOrderedLine<Key>(
      context, plan,
      [&](int64_t line, Key* keys, Key* spare, ThreadPool* threads) {
        const int64_t first = plan.lines.First(line);
        InBlocks(threads, n, [&](int64_t begin, int64_t end) {
          MakeKeys(plan, data, first, begin, end, keys);
        });
        SortKeys(threads, keys, n, spare);
        InBlocks(threads, n, [&](int64_t begin, int64_t end) {
          StoreKeys(plan, keys, begin, end, out, first);
        });
      });
}

}  // namespace

size_t ValueKeyBytes(DType dtype) {
  return std::max<size_t>(DTypeSize(dtype), sizeof(uint16_t));
}

void SortValues(const RunContext& context, const OrderPlan& plan,
                const AnyConstArray& data, const AnyArray& out) {
  switch (ValueKeyBytes(data.dtype)) {
    case sizeof(uint16_t):
      SortByKeys<uint16_t>(context, plan, data, out);
      break;
    case sizeof(uint32_t):
      SortByKeys<uint32_t>(context, plan, data, out);
      break;
    default:
      SortByKeys<uint64_t>(context, plan, data, out);
  }
}

}  // namespace minnow
