#include "minnow/ops/arg_reduce.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "minnow/core/convert.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/ordering.h"

namespace minnow {
namespace {

// Elements of a segment of a line, and about those of a block of work.
constexpr int64_t kSegment = 1 << 15;
// Elements of which only the best one is searched for.
constexpr int64_t kPiece = 1024;
// Lines that lie side by side and are searched together.
constexpr int64_t kColumns = 256;

struct SearchPlan {
  Lines lines;
  int64_t num_segments;
  int64_t workspace_bytes;  // For the place found in each segment.
};

std::optional<int64_t> AxisOf(const Attrs& attrs) {
  if (attrs.type() == AttrsTypeOf<NoAttrs>()) return 1;
  return attrs.As<ArgReduceAttrs>().axis;
}

absl::StatusOr<SearchPlan> PrepareSearch(const Attrs& attrs,
                                         absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(const Lines lines, LinesOf(AxisOf(attrs), shapes[0]));
  const int64_t segments =
      std::max<int64_t>(1, (lines.size + kSegment - 1) / kSegment);
  return SearchPlan{
      lines, segments,
      segments * lines.count() * static_cast<int64_t>(sizeof(int64_t))};
}

// Whether x comes before y: NaN before all numbers.
template <bool max, typename C>
MINNOW_INLINE inline bool IsBetter(C x, C y) {
  return (max ? x > y : x < y) || (x != x && y == y);
}

// The place of the best of n > 0 elements that follow one another.
template <bool max, typename T>
MINNOW_INLINE inline int64_t SearchRun(const T* x, int64_t n) {
  using C = ComputeType<T>;
  constexpr int64_t kLanes = 32;
  C best = static_cast<C>(x[0]);
  int64_t piece = 0;
  for (int64_t begin = 0; begin < n; begin += kPiece) {
    const int64_t end = std::min(begin + kPiece, n);
    C lanes[kLanes];
    std::fill_n(lanes, kLanes, best);
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) {
      for (int64_t l = 0; l < kLanes; ++l) {
        const C value = static_cast<C>(x[i + l]);
        lanes[l] = IsBetter<max>(value, lanes[l]) ? value : lanes[l];
      }
    }
    C found = best;
    for (; i < end; ++i) {
      const C value = static_cast<C>(x[i]);
      found = IsBetter<max>(value, found) ? value : found;
    }
    if (end - begin >= kLanes) {
      for (int64_t l = 0; l < kLanes; ++l) {
        found = IsBetter<max>(lanes[l], found) ? lanes[l] : found;
      }
    }
    if (IsBetter<max>(found, best)) {
      best = found;
      piece = begin;
    }
  }
  int64_t place = piece;
  while (IsBetter<max>(best, static_cast<C>(x[place]))) ++place;
  return place;
}

// The places of the best elements of n lines side by side, each of `size`
// elements that lie `stride` apart, plus `first`.
template <bool max, typename T>
MINNOW_INLINE inline void SearchColumns(const T* x, int64_t n, int64_t size,
                                        int64_t stride, int64_t first,
                                        int64_t* places) {
  using C = ComputeType<T>;
  C best[kColumns];
  for (int64_t j = 0; j < n; ++j) {
    best[j] = static_cast<C>(x[j]);
    places[j] = first;
  }
  for (int64_t i = 1; i < size; ++i) {
    const T* const row = x + i * stride;
    for (int64_t j = 0; j < n; ++j) {
      const C value = static_cast<C>(row[j]);
      const bool better = IsBetter<max>(value, best[j]);
      best[j] = better ? value : best[j];
      places[j] = better ? first + i : places[j];
    }
  }
}

template <bool max, typename T>
absl::Status SearchLines(const RunContext& context, const SearchPlan& plan,
                         Dense<const T> data, Dense<T> out) {
  using C = ComputeType<T>;
  const Lines& lines = plan.lines;
  const int64_t size = lines.size, inner = lines.inner;
  if (out.size() == 0) return absl::OkStatus();
  // By segment, then by line.
  int64_t* const places = reinterpret_cast<int64_t*>(context.workspace.data());
  const int64_t columns = std::min(inner, kColumns);
  const int64_t groups = (inner + columns - 1) / columns;
  // A task is a segment of a group of lines that lie side by side.
  const int64_t tasks = lines.outer * groups * plan.num_segments;
  const int64_t grain = std::max<int64_t>(
      1, kSegment / std::max<int64_t>(1, std::min(size, kSegment) * columns));
  ParallelFor(*context.threads, tasks, grain, [&](int64_t begin, int64_t end) {
    Vectorize([&]() MINNOW_INLINE {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t segment = task % plan.num_segments;
        const int64_t group = task / plan.num_segments;
        const int64_t column = group % groups * columns;
        const int64_t line = group / groups * inner + column;
        const int64_t first = segment * kSegment;
        const int64_t n = std::min(kSegment, size - first);
        int64_t* const to = places + segment * lines.count() + line;
        const T* const x = data.data() + lines.First(line) + first * inner;
        if (inner == 1) {
          *to = first + SearchRun<max>(x, n);
        } else {
          SearchColumns<max>(x, std::min(columns, inner - column), n, inner,
                             first, to);
        }
      }
    });
  });
  for (int64_t l = 0; l < lines.count(); ++l) {
    const T* const x = data.data() + lines.First(l);
    int64_t place = places[l];
    for (int64_t s = 1; s < plan.num_segments; ++s) {
      const int64_t other = places[s * lines.count() + l];
      if (IsBetter<max>(static_cast<C>(x[other * inner]),
                        static_cast<C>(x[place * inner]))) {
        place = other;
      }
    }
    out.data()[l] = Convert<T>(place);
  }
  return absl::OkStatus();
}

template <bool max, typename A, typename T>
absl::Status Search(const RunContext& context, const A&, const SearchPlan& plan,
                    Dense<const T> data, Dense<T> out) {
  return SearchLines<max>(context, plan, data, out);
}

absl::Status InferArgReduce(ShapeInference& node) {
  const Shape& data = node.input(0);
  if (!data.known_rank()) return absl::OkStatus();
  const Attrs& attrs = node.untyped_attrs();
  const std::optional<int64_t> axis = AxisOf(attrs);
  const bool keepdims = attrs.type() != AttrsTypeOf<NoAttrs>() &&
                        attrs.As<ArgReduceAttrs>().keepdims;
  size_t resolved = 0;
  if (axis.has_value()) {
    const absl::StatusOr<size_t> found = ResolveAxis(*axis, data.rank());
    if (!found.ok()) return Annotate(found.status(), "attribute 'axis'");
    resolved = *found;
  }
  Shape out = Shape::Scalar();
  bool is_empty = false;
  for (size_t i = 0; i < data.rank(); ++i) {
    if (axis.has_value() && i != resolved) {
      out.push_back(data[i]);
      continue;
    }
    is_empty = is_empty || data[i] == 0;
    if (keepdims) out.push_back(1);
  }
  if (out.rank() == 0 && !keepdims) out = {1};
  if (is_empty && out.known() && out.num_elements() > 0) {
    return node.InputError(0, "an axis with elements to search");
  }
  return node.MergeOutput(0, out);
}

template <bool max, typename A>
OpDef ArgReduceOp(std::string name, std::string doc) {
  return {
      .name = std::move(name),
      .doc = doc +
             "\nThe first one of several; NaN comes before any number. "
             "The index has the type of data.",
      .attrs = AttrsTypeOf<A>(),
      .inputs = {"data"},
      .shape = InferArgReduce,
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {Symbol{}};
      },
      .kernels =
          KernelsFor(NumberTypes(),
                     []<typename T>() {
                       return KernelOf<Search<max, A, T>, PrepareSearch>();
                     }),
  };
}

}  // namespace

std::vector<OpDef> ArgReduceOps() {
  return {
      ArgReduceOp<true, ArgReduceAttrs>(
          "argmax", "out = the index of the largest element, along the axis"),
      ArgReduceOp<false, ArgReduceAttrs>(
          "argmin", "out = the index of the smallest element, along the axis"),
      ArgReduceOp<true, NoAttrs>(
          "argmax_channel",
          "out = the index of the largest element, along axis 1"),
  };
}

}  // namespace minnow
