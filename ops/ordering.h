// Orders the elements of lines: what sort, argsort and topk are made of.
//
//   MINNOW_ASSIGN_OR_RETURN(OrderPlan plan, PlanOrder(shape, order, bytes));
//   ForEachOrder(context, plan, dtype, data,
//                [&](int64_t line, const int64_t* indices) { ... });
#ifndef MINNOW_OPS_ORDERING_H_
#define MINNOW_OPS_ORDERING_H_

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "minnow/core/dtype.h"
#include "minnow/core/shape.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/lines.h"

namespace minnow {

struct Order {
  std::optional<int64_t> axis;  // None: the whole array is one line.
  int64_t k;                    // The first elements; all if below 1.
  bool descending;
};

struct OrderPlan {
  Lines lines;
  int64_t k;
  bool descending;
  // Long lines are worked on by all threads, one after another; else blocks of
  // lines are.
  bool one_by_one;
  int64_t lines_per_block;
  int64_t block_bytes;
  int64_t workspace_bytes;
};

// The lines of the array. An error for an axis that does not exist.
absl::StatusOr<Lines> LinesOf(std::optional<int64_t> axis, const Shape& shape);

// The shape of the first elements in an order of `data`; one axis if the order
// has none. An error for an axis that does not exist or a `k` that is too
// large.
absl::StatusOr<Shape> OrderedShape(const Order& order, const Shape& data);

// An error also for a `k` that is too large. `key_bytes` is the size of what
// is sorted: a key, or a key with an index (see sort_keys.h).
absl::StatusOr<OrderPlan> PlanOrder(const Order& order, const Shape& shape,
                                    size_t key_bytes);

// Calls f(line, keys, spare, threads) for each line, with memory for its keys;
// with threads, and spare memory, if the lines go one by one.
template <typename Key, typename F>
void ForEachOrderedLine(const RunContext& context, const OrderPlan& plan,
                        const F& f) {
  Key* const memory = reinterpret_cast<Key*>(context.workspace.data());
  if (plan.one_by_one) {
    for (int64_t l = 0; l < plan.lines.count(); ++l) {
      f(l, memory, memory + plan.lines.size, context.threads);
    }
    return;
  }
  ParallelFor(*context.threads, plan.lines.count(), plan.lines_per_block,
              [&](int64_t begin, int64_t end) {
                Key* const keys = reinterpret_cast<Key*>(
                    context.workspace.data() +
                    begin / plan.lines_per_block * plan.block_bytes);
                for (int64_t l = begin; l < end; ++l) {
                  f(l, keys, static_cast<Key*>(nullptr),
                    static_cast<ThreadPool*>(nullptr));
                }
              });
}

// Calls f with the indices of the first `k` elements of each line in the order,
// for several lines at a time in several threads.
void ForEachOrder(
    const RunContext& context, const OrderPlan& plan, DType dtype,
    const void* data,
    absl::FunctionRef<void(int64_t line, const int64_t* indices)> f);

// Bytes of a key with an index.
size_t IndexedKeyBytes(DType dtype);

}  // namespace minnow

#endif  // MINNOW_OPS_ORDERING_H_
