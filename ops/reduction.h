// Reductions over some axes of an array.
//
// An operator of this kind is a rule: a struct template over the type that
// elements are computed with. It says what an empty reduction gives, what
// happens to each element, and how two values become one:
//
//   template <typename C>
//   struct MaxRule {
//     using Acc = C;
//     static constexpr Acc kEmpty = ...;
//     MINNOW_INLINE Acc Map(C x) const { return x; }
//     MINNOW_INLINE Acc Combine(Acc x, Acc y) const { return x > y ? x : y; }
//   };
//
//   ReduceLoops MaxLoops(DType dtype) { return LoopsFor<MaxRule>(dtype); }
//
//   .kernels = ReduceKernels<MaxLoops, PrepareReduce>(NumberTypes())
//
// The loops are compiled for each rule; everything around them is once here.
//
// The order of all operations depends on the shape alone: elements that follow
// one another in memory go to 32 lanes in turn, which are combined as a tree;
// segments of a fixed size are combined in order. So the bits are the same for
// any number of threads and on every instruction set.
#ifndef MINNOW_OPS_REDUCTION_H_
#define MINNOW_OPS_REDUCTION_H_

#include <algorithm>
#include <cstddef>
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
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/convert_elements.h"

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

  // A task is one segment of one output or, where runs are kept, of a chunk of
  // them. The segments of an output follow one another, then come its
  // neighbours.
  int64_t tasks_per_kept() const {
    return (run_is_reduced ? 1 : num_chunks) * num_segments;
  }
  // The first output of a task, or what is behind the last one.
  int64_t FirstOutput(int64_t task) const {
    const int64_t per_kept = tasks_per_kept();
    const int64_t kept_index = task / per_kept;
    if (run_is_reduced) return kept_index;
    return kept_index * run + task % per_kept / num_segments * chunk;
  }

  // Whether tasks are elements that follow one another, one task the other.
  bool is_in_order() const {
    return kept.size() <= 1 &&
           (run_is_reduced ? reduced.empty()
                           : reduced.size() <= 1 && num_chunks == 1);
  }
  // The first element of a task, or what is behind the last one.
  // REQUIRES: is_in_order().
  int64_t FirstElement(int64_t task) const {
    const int64_t item = run_is_reduced ? chunk : run;
    return task / num_segments * num_reduced * run +
           task % num_segments * segment * item;
  }

  // The place of the run in the array.
  int64_t Offset(int64_t kept_index, int64_t reduced_index) const;
};

ReducePlan PlanReduce(const Shape& x, const std::vector<bool>& is_reduced);

// For kernels whose first argument is reduced.
absl::StatusOr<ReducePlan> PrepareReduce(const Attrs& attrs,
                                         absl::Span<const Shape> shapes);

namespace internal {

inline constexpr int64_t kLanes = 32;

// x is an array, or what has x[i] as one has.
template <typename Rule, typename X, typename Acc>
MINNOW_INLINE inline void AddToLanes(const Rule& rule, X x, int64_t n,
                                     Acc* lanes) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) {
      lanes[l] = rule.Combine(lanes[l], rule.Map(x[i + l]));
    }
  }
  // Less than kLanes, as the compiler is to see.
  const int64_t rest = n % kLanes;
  for (int64_t l = 0; l < rest; ++l) {
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

// What is reduced.
struct ReduceSource {
  const std::byte* data;
  DType dtype;
  int64_t element_size;
  // What the loops take, to which elements have to be converted.
  DType to;
  // The place of the first element of `data` in the array.
  int64_t first = 0;

  bool converts() const { return dtype != to; }

  // The n elements from a place on; `tile` has room for them.
  template <typename T>
  MINNOW_INLINE const T* Load(int64_t place, int64_t n, T* tile) const {
    if (!converts()) return reinterpret_cast<const T*>(data) + (place - first);
    ConvertElements(dtype, data + (place - first) * element_size, to, tile, n);
    return tile;
  }
};

// The elements that are converted at a time: as many as a first-level cache
// keeps.
inline constexpr int64_t kMaxColumns = 1024;
// The columns that are reduced together: so many that processors see them as
// one stream.
inline constexpr int64_t kMaxChunk = 4096;
// Elements of a segment, and of a block.
inline constexpr int64_t kReduceGrain = 1 << 15;

// One segment of one output whose runs are reduced. Few elements are reduced in
// order: filling the lanes would cost more than they save.
template <typename Rule, typename T>
MINNOW_INLINE inline typename Rule::Acc ReduceRuns(const Rule& rule,
                                                   const ReducePlan& plan,
                                                   const ReduceSource& source,
                                                   int64_t kept,
                                                   int64_t segment, T* tile) {
  if (plan.count < kLanes) {
    typename Rule::Acc result = Rule::kEmpty;
    for (int64_t item = 0; item < plan.num_reduced; ++item) {
      const T* const run = source.Load(plan.Offset(kept, item), plan.run, tile);
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
    const int64_t place = plan.Offset(kept, item / plan.num_chunks) + begin;
    const int64_t n = std::min(plan.chunk, plan.run - begin);
    static_assert(kMaxColumns % kLanes == 0);
    for (int64_t i = 0; i < n; i += kMaxColumns) {
      const int64_t count = std::min(kMaxColumns, n - i);
      AddToLanes(rule, source.Load(place + i, count, tile), count, lanes);
    }
  }
  return CombineLanes(rule, lanes);
}

// to[j] is combined with element j of each of four rows that lie `distance`
// apart, in their order. So sums are loaded and stored once, not four times.
template <typename Rule, typename T>
MINNOW_INLINE inline void CombineFourRows(const Rule& rule, const T* x,
                                          int64_t distance, int64_t n,
                                          typename Rule::Acc* to) {
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    typename Rule::Acc lanes[kLanes];
    std::copy_n(to + j, kLanes, lanes);
    for (int64_t row = 0; row < 4; ++row) {
      const T* const from = x + row * distance + j;
      for (int64_t l = 0; l < kLanes; ++l) {
        lanes[l] = rule.Combine(lanes[l], rule.Map(from[l]));
      }
    }
    std::copy_n(lanes, kLanes, to + j);
  }
  for (; j < n; ++j) {
    for (int64_t row = 0; row < 4; ++row) {
      to[j] = rule.Combine(to[j], rule.Map(x[row * distance + j]));
    }
  }
}

// One segment of a chunk of outputs that lie side by side. Rows that are
// reduced at once are whole runs.
template <typename Rule, typename T>
MINNOW_INLINE inline void ReduceColumns(const Rule& rule,
                                        const ReducePlan& plan,
                                        const ReduceSource& source,
                                        int64_t kept, int64_t begin, int64_t n,
                                        int64_t segment, T* tile,
                                        typename Rule::Acc* sums) {
  const int64_t rows = plan.rows_at_once;
  std::fill_n(sums, rows * n, Rule::kEmpty);
  const int64_t end = std::min((segment + 1) * plan.segment, plan.num_reduced);
  int64_t item = segment * plan.segment;
  const bool is_regular = plan.reduced.size() == 1;
  // Rows of one page are read faster one after the other.
  constexpr int64_t kPageBytes = 4096;
  const bool by_four =
      rows == 1 && is_regular && !source.converts() &&
      plan.reduced[0].stride * source.element_size >= kPageBytes;
  for (; by_four && item + 4 <= end; item += 4) {
    const T* const x = source.Load(plan.Offset(kept, item) + begin, n, tile);
    CombineFourRows(rule, x, plan.reduced[0].stride, n, sums);
  }
  int64_t place = plan.Offset(kept, item) + begin;
  for (; item < end; item += rows) {
    const int64_t count = std::min(rows, end - item) * n;
    if (!is_regular) place = plan.Offset(kept, item) + begin;
    for (int64_t at = 0; at < count; at += kMaxColumns) {
      const int64_t m = std::min(kMaxColumns, count - at);
      const T* const row = source.Load(place + at, m, tile);
      typename Rule::Acc* const to = sums + at;
      for (int64_t j = 0; j < m; ++j) {
        to[j] = rule.Combine(to[j], rule.Map(row[j]));
      }
    }
    if (is_regular) place += rows * plan.reduced[0].stride;
  }
  for (int64_t i = 1; i < rows; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      sums[j] = rule.Combine(sums[j], sums[i * n + j]);
    }
  }
}

// The results of the tasks [begin, end), one after the other; see
// ReducePlan::FirstOutput.
template <typename Rule, typename T>
void ReduceTasks(const ReducePlan& plan, const ReduceSource& source,
                 int64_t begin, int64_t end, void* results) {
  using Acc = typename Rule::Acc;
  Vectorize(
      [=, &plan, &source, out = static_cast<Acc*>(results)]() MINNOW_INLINE {
        const Rule rule;
        T tile[kMaxColumns];
        const int64_t per_kept = plan.tasks_per_kept();
        Acc* to = out;
        for (int64_t i = begin; i < end; ++i) {
          const int64_t kept = i / per_kept;
          const int64_t segment = i % plan.num_segments;
          if (plan.run_is_reduced) {
            *to++ = ReduceRuns(rule, plan, source, kept, segment, +tile);
            continue;
          }
          Acc sums[kMaxColumns];
          const int64_t column = i % per_kept / plan.num_segments * plan.chunk;
          const int64_t n = std::min(plan.chunk, plan.run - column);
          const bool in_place = plan.rows_at_once == 1;
          ReduceColumns(rule, plan, source, kept, column, n, segment, +tile,
                        in_place ? to : sums);
          if (!in_place) std::copy_n(sums, n, to);
          to += n;
        }
      });
}

// x[i] = Combine(x[i], y[i])
template <typename Rule>
void CombineResults(int64_t n, void* x, const void* y) {
  using Acc = typename Rule::Acc;
  Vectorize([n, to = static_cast<Acc*>(x), from = static_cast<const Acc*>(y)]()
                MINNOW_INLINE {
                  const Rule rule;
                  for (int64_t i = 0; i < n; ++i) {
                    to[i] = rule.Combine(to[i], from[i]);
                  }
                });
}

}  // namespace internal

// A rule for elements of some type.
struct ReduceLoops {
  // What elements are converted to before, and what results are. Integers may
  // be unsigned in the loops.
  DType element, result;
  void (*tasks)(const ReducePlan& plan, const internal::ReduceSource& source,
                int64_t begin, int64_t end, void* results);
  void (*combine)(int64_t n, void* x, const void* y);
  // What happens to the results in the end, if not null.
  void (*finish)(const ReducePlan& plan, int64_t n, void* results) = nullptr;
};

// The elements of `x` from the one at `first` on, for these loops.
inline internal::ReduceSource SourceOf(const AnyConstArray& x, int64_t first,
                                       const ReduceLoops& loops) {
  return {.data = static_cast<const std::byte*>(x.at(first)),
          .dtype = x.dtype,
          .element_size = x.element_size(),
          .to = loops.element};
}

// The loops of Rule<Loop>, for elements of type T and results of type Result,
// which have the same bits.
template <typename Rule, typename Loop, typename T, typename Result>
ReduceLoops LoopsOf() {
  static_assert(sizeof(Loop) == sizeof(T));
  static_assert(sizeof(typename Rule::Acc) == sizeof(Result));
  return {DTypeOf<T>, DTypeOf<Result>, internal::ReduceTasks<Rule, Loop>,
          internal::CombineResults<Rule>};
}

// What sums and products of T are made in: those of integers wrap around, which
// only unsigned ones may do.
template <typename T>
using WrappingType =
    typename std::conditional_t<std::is_integral_v<T> &&
                                    !std::is_same_v<T, bool>,
                                std::make_unsigned<T>, ComputeTypeOf<T>>::type;

// The loops for elements of this type: those of 16 bits are reduced as float,
// and bool as uint8.
template <template <typename> class Rule>
ReduceLoops LoopsFor(DType dtype) {
  return VisitDType(dtype, []<typename T>() {
    using C = ComputeType<T>;
    using Loop = std::conditional_t<std::is_same_v<T, bool>, uint8_t, C>;
    return LoopsOf<Rule<Loop>, Loop, C, C>();
  });
}

// Of a rule that wraps around.
template <template <typename> class Rule>
ReduceLoops WrappingLoopsFor(DType dtype) {
  return VisitDType(dtype, []<typename T>() {
    using C = ComputeType<T>;
    using Loop =
        std::conditional_t<std::is_same_v<T, bool>, uint8_t, WrappingType<T>>;
    return LoopsOf<Rule<Loop>, Loop, C, C>();
  });
}

// Of sums; integers wrap around.
ReduceLoops SumLoops(DType dtype);
// Of the largest element.
ReduceLoops MaxLoops(DType dtype);

absl::Status RunReduce(const RunContext& context, const ReduceLoops& loops,
                       const ReducePlan& plan, const AnyConstArray& x,
                       const AnyArray& out);

namespace internal {

template <ReduceLoops (*loops)(DType dtype)>
absl::Status Reduce(const RunContext& context, const ReduceAttrs&,
                    const ReducePlan& plan, AnyIn<0> x, AnyOut<0> out) {
  return RunReduce(context, loops(x.dtype), plan, x, out);
}

}  // namespace internal

// The kernels of a rule. `prepare` is PrepareReduce or one that adds to it.
template <ReduceLoops (*loops)(DType dtype), auto prepare, typename TypeList>
std::vector<Kernel> ReduceKernels(TypeList types) {
  std::vector<Kernel> kernels =
      AnyKernels<internal::Reduce<loops>, prepare>(types);
  for (Kernel& kernel : kernels) {
    kernel.reads_blocks = [](const void* plan) {
      return static_cast<const ReducePlan*>(plan)->is_in_order();
    };
  }
  return kernels;
}

}  // namespace minnow

#endif  // MINNOW_OPS_REDUCTION_H_
