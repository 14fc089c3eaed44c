// Reductions over some axes of an array.
//
// An operator of this kind is a rule: a struct template over the type of the
// elements. It says what an empty reduction gives, how two values become one,
// and what happens to each element before and to each result after:
//
//   template <typename T>
//   struct MaxRule {
//     using Acc = ComputeType<T>;
//     explicit MaxRule(const ReducePlan& plan);
//     static constexpr Acc kEmpty = ...;
//     MINNOW_INLINE Acc Map(T x) const { return x; }
//     MINNOW_INLINE Acc Combine(Acc x, Acc y) const { return x > y ? x : y; }
//     MINNOW_INLINE T Finish(Acc x) const { return static_cast<T>(x); }
//   };
//
//   .kernels = ReduceKernels<MaxRule, PrepareReduce>(NumberTypes())
//
// The order of all operations depends on the shape alone: elements that follow
// one another in memory go to 32 lanes in turn, which are combined as a tree;
// segments of a fixed size are combined in order. So the bits are the same for
// any number of threads and on every instruction set.
#ifndef MINNOW_OPS_REDUCTION_H_
#define MINNOW_OPS_REDUCTION_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/attrs.h"
#include "minnow/core/half.h"
#include "minnow/core/simd.h"
#include "minnow/core/view.h"
#include "minnow/graph/inference.h"
#include "minnow/graph/kernel.h"

namespace minnow {

struct ReduceAttrs {
  std::optional<std::vector<int64_t>> axis = {};
  bool keepdims = false;
  bool exclude = false;

  static auto Fields() {
    using A = ReduceAttrs;
    return std::tuple(
        Field("axis", &A::axis, "The axes to reduce; None or () are all."),
        Field("keepdims", &A::keepdims, "Reduced axes stay, with size 1."),
        Field("exclude", &A::exclude, "Reduce the other axes instead."));
  }
};

// What sums and products of T are made in: those of integers wrap around, which
// only unsigned ones may do.
template <typename T>
using WrappingType =
    typename std::conditional_t<std::is_integral_v<T> &&
                                    !std::is_same_v<T, bool>,
                                std::make_unsigned<T>, ComputeTypeOf<T>>::type;

// Which axes are reduced. An error if an axis is out of range or repeated.
absl::StatusOr<std::vector<bool>> ReducedAxes(const ReduceAttrs& attrs,
                                              size_t rank);

// The shape of the result; a full reduction gives (1,) unless keepdims.
absl::StatusOr<Shape> ReducedShape(const ReduceAttrs& attrs, const Shape& x);

// Output 0 is the reduction of input 0.
absl::Status InferReduce(ShapeInference& node);

// How an array is gone through. It consists of runs: elements that follow one
// another in memory and are all kept, or all reduced. Runs are numbered by
// their place among the kept and among the reduced indices.
struct ReducePlan {
  struct Axis {
    int64_t size, stride;
  };
  std::vector<Axis> kept, reduced;  // Without the run's own; outermost first.
  int64_t num_kept = 1, num_reduced = 1;
  int64_t run = 1;
  bool run_is_reduced = false;
  // Long runs are cut into chunks.
  int64_t chunk = 1, num_chunks = 1;
  // An output is reduced in segments of so many items. An item is a chunk
  // where runs are reduced, else an element of a run.
  int64_t segment = 1, num_segments = 1;
  int64_t num_outputs = 1;
  // The elements that are reduced to one.
  int64_t count = 1;
  // Narrow kept runs that follow one another are reduced as if so many of them
  // were one.
  int64_t rows_at_once = 1;
  // What sums are divided by: 1, or the count for a mean.
  int64_t divisor = 1;
  int64_t workspace_bytes = 0;

  // The place of the run in the array.
  int64_t Offset(int64_t kept_index, int64_t reduced_index) const;
};

ReducePlan PlanReduce(const Shape& x, const std::vector<bool>& is_reduced);

// For kernels whose first argument is reduced.
absl::StatusOr<ReducePlan> PrepareReduce(const Attrs& attrs,
                                         absl::Span<const Shape> shapes);

namespace internal {

inline constexpr int64_t kLanes = 32;

template <typename Rule, typename T, typename Acc>
MINNOW_INLINE inline void AddToLanes(const Rule& rule, const T* x, int64_t n,
                                     Acc* lanes) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) {
      lanes[l] = rule.Combine(lanes[l], rule.Map(x[i + l]));
    }
  }
  for (int64_t l = 0; i + l < n; ++l) {
    lanes[l] = rule.Combine(lanes[l], rule.Map(x[i + l]));
  }
}

template <typename Rule, typename Acc>
MINNOW_INLINE inline Acc CombineLanes(const Rule& rule, Acc* lanes) {
  for (int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (int64_t l = 0; l < width; ++l) {
      lanes[l] = rule.Combine(lanes[l], lanes[l + width]);
    }
  }
  return lanes[0];
}

// One segment of one output whose runs are reduced. Few elements are reduced in
// order: filling the lanes would cost more than they save.
template <typename Rule, typename T>
MINNOW_INLINE inline typename Rule::Acc ReduceRuns(const Rule& rule,
                                                   const ReducePlan& plan,
                                                   const T* x, int64_t kept,
                                                   int64_t segment) {
  if (plan.count < kLanes) {
    typename Rule::Acc result = Rule::kEmpty;
    for (int64_t item = 0; item < plan.num_reduced; ++item) {
      const T* const run = x + plan.Offset(kept, item);
      for (int64_t i = 0; i < plan.run; ++i) {
        result = rule.Combine(result, rule.Map(run[i]));
      }
    }
    return result;
  }
  typename Rule::Acc lanes[kLanes];
  std::fill_n(lanes, kLanes, Rule::kEmpty);
  const int64_t end = std::min((segment + 1) * plan.segment,
                               plan.num_reduced * plan.num_chunks);
  for (int64_t item = segment * plan.segment; item < end; ++item) {
    const int64_t begin = item % plan.num_chunks * plan.chunk;
    AddToLanes(rule, x + plan.Offset(kept, item / plan.num_chunks) + begin,
               std::min(plan.chunk, plan.run - begin), lanes);
  }
  return CombineLanes(rule, lanes);
}

// One segment of a chunk of outputs that lie side by side. Rows that are
// reduced at once are whole runs.
template <typename Rule, typename T>
MINNOW_INLINE inline void ReduceColumns(const Rule& rule,
                                        const ReducePlan& plan, const T* x,
                                        int64_t kept, int64_t begin, int64_t n,
                                        int64_t segment,
                                        typename Rule::Acc* sums) {
  const int64_t rows = plan.rows_at_once;
  std::fill_n(sums, rows * n, Rule::kEmpty);
  const int64_t end = std::min((segment + 1) * plan.segment, plan.num_reduced);
  for (int64_t item = segment * plan.segment; item < end; item += rows) {
    const T* const row = x + plan.Offset(kept, item) + begin;
    const int64_t count = std::min(rows, end - item) * n;
    for (int64_t j = 0; j < count; ++j) {
      sums[j] = rule.Combine(sums[j], rule.Map(row[j]));
    }
  }
  for (int64_t i = 1; i < rows; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      sums[j] = rule.Combine(sums[j], sums[i * n + j]);
    }
  }
}

// The columns that are reduced together: as many as a first-level cache keeps.
inline constexpr int64_t kMaxColumns = 1024;
// Elements of a segment, and of a block.
inline constexpr int64_t kReduceGrain = 1 << 15;

// Calls store(output, segment, value) for each segment of each output.
template <typename Rule, typename T, typename Store>
void ReduceSegments(ThreadPool& threads, const Rule& rule,
                    const ReducePlan& plan, const T* x, const Store& store) {
  using Acc = typename Rule::Acc;
  if (plan.run_is_reduced) {
    const int64_t items = std::min(plan.segment, plan.num_reduced);
    const int64_t grain = std::max<int64_t>(
        1, kReduceGrain / std::max<int64_t>(1, items * plan.chunk));
    ParallelFor(threads, plan.num_kept * plan.num_segments, grain,
                [&](int64_t begin, int64_t end) {
                  Vectorize([&]() MINNOW_INLINE {
                    for (int64_t i = begin; i < end; ++i) {
                      const int64_t kept = i / plan.num_segments;
                      const int64_t segment = i % plan.num_segments;
                      store(kept, segment,
                            ReduceRuns(rule, plan, x, kept, segment));
                    }
                  });
                });
    return;
  }
  const int64_t per_kept = plan.num_chunks * plan.num_segments;
  const int64_t items = std::min(plan.segment, plan.num_reduced);
  const int64_t grain = std::max<int64_t>(
      1, kReduceGrain / std::max<int64_t>(1, items * plan.chunk));
  ParallelFor(threads, plan.num_kept * per_kept, grain,
              [&](int64_t begin, int64_t end) {
                Vectorize([&]() MINNOW_INLINE {
                  Acc sums[kMaxColumns];
                  for (int64_t i = begin; i < end; ++i) {
                    const int64_t kept = i / per_kept;
                    const int64_t segment = i % plan.num_segments;
                    const int64_t column =
                        i % per_kept / plan.num_segments * plan.chunk;
                    const int64_t n = std::min(plan.chunk, plan.run - column);
                    ReduceColumns(rule, plan, x, kept, column, n, segment,
                                  sums);
                    for (int64_t j = 0; j < n; ++j) {
                      store(kept * plan.run + column + j, segment, sums[j]);
                    }
                  }
                });
              });
}

// Combines the segments of each output, in order, into the first one.
template <typename Rule>
void CombineSegments(ThreadPool& threads, const Rule& rule,
                     const ReducePlan& plan, typename Rule::Acc* partial) {
  ParallelFor(threads, plan.num_outputs, kMaxColumns,
              [&](int64_t begin, int64_t end) {
                Vectorize([&]() MINNOW_INLINE {
                  for (int64_t s = 1; s < plan.num_segments; ++s) {
                    const auto* const from = partial + s * plan.num_outputs;
                    for (int64_t i = begin; i < end; ++i) {
                      partial[i] = rule.Combine(partial[i], from[i]);
                    }
                  }
                });
              });
}

template <typename Rule, typename T>
absl::Status Reduce(const RunContext& context, const ReduceAttrs&,
                    const ReducePlan& plan, Dense<const T> x, Dense<T> out) {
  using Acc = typename Rule::Acc;
  static_assert(sizeof(Acc) <= sizeof(int64_t), "see PlanReduce");
  const Rule rule(plan);
  T* const y = out.data();
  Acc* const partial = plan.num_segments == 1
                           ? nullptr
                           : reinterpret_cast<Acc*>(context.workspace.data());
  ReduceSegments(*context.threads, rule, plan, x.data(),
                 [&](int64_t output, int64_t segment, Acc value) MINNOW_INLINE {
                   if (partial == nullptr) {
                     y[output] = rule.Finish(value);
                   } else {
                     partial[segment * plan.num_outputs + output] = value;
                   }
                 });
  if (partial == nullptr) return absl::OkStatus();
  CombineSegments(*context.threads, rule, plan, partial);
  for (int64_t i = 0; i < plan.num_outputs; ++i) y[i] = rule.Finish(partial[i]);
  return absl::OkStatus();
}

}  // namespace internal

// The kernels of a rule. `prepare` is PrepareReduce or one that adds to it.
template <template <typename> class Rule, auto prepare, typename... T>
std::vector<Kernel> ReduceKernels(Types<T...> types) {
  return KernelsFor(types, []<typename U>() {
    return KernelOf<internal::Reduce<Rule<U>, U>, prepare>();
  });
}

}  // namespace minnow

#endif  // MINNOW_OPS_REDUCTION_H_
