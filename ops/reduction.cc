#include "minnow/ops/reduction.h"

#include "absl/strings/str_cat.h"
#include "minnow/core/round_up.h"
#include "minnow/core/status.h"
#include "minnow/ops/reduction_gradient.h"

namespace minnow {
namespace {

bool ReducesAll(const ReduceAttrs& attrs) {
  return !attrs.axis.has_value() || attrs.axis->empty();
}

// Rows of fewer elements are too short for a loop over vectors.
constexpr int64_t kNarrow = 256;

// The segments of runs that are kept; each has results of its own in memory.
constexpr int64_t kMaxSegments = 32;

using internal::kMaxChunk;
using internal::kMaxColumns;
using internal::ReduceSource;

// Room for as many values of any type.
struct Tile {
  alignas(64) std::byte bytes[kMaxChunk * sizeof(int64_t)];
};

// The results of the tasks [begin, end) of one block. Short lines that follow
// one another are converted together.
void ReduceBlock(const ReduceLoops& loops, const ReducePlan& plan,
                 const ReduceSource& source, int64_t begin, int64_t end,
                 void* results) {
  const int64_t size = (end - begin) * plan.run;
  const bool are_adjacent = plan.run_is_reduced && plan.reduced.empty();
  if (!source.converts() || !are_adjacent || size > kMaxColumns) {
    loops.tasks(plan, source, begin, end, results);
    return;
  }
  Tile tile;
  const int64_t first = begin * plan.run;
  ConvertElements(source.dtype, source.data + first * source.element_size,
                  loops.element, tile.bytes, size);
  loops.tasks(plan,
              {.data = tile.bytes,
               .dtype = loops.element,
               .element_size = static_cast<int64_t>(DTypeSize(loops.element)),
               .to = loops.element,
               .first = first},
              begin, end, results);
}

// Makes `n` outputs from `first` on of their results, which are there already
// or elsewhere.
void Finish(const ReduceLoops& loops, const ReducePlan& plan, void* results,
            int64_t n, const AnyArray& out, int64_t first) {
  if (loops.finish != nullptr) loops.finish(plan, n, results);
  ConvertElements(loops.result, results, out.dtype, out.at(first), n);
}

// Makes the elements of some tasks, if they are made for each block.
void Produce(const RunContext& context, const ReducePlan& plan, int64_t begin,
             int64_t end) {
  if (!context.produce.is_set()) return;
  context.produce(plan.FirstElement(begin), plan.FirstElement(end));
}

int64_t OffsetOf(const std::vector<ReducePlan::Axis>& axes, int64_t index) {
  int64_t offset = 0;
  for (size_t i = axes.size(); i-- > 1;) {
    offset += index % axes[i].size * axes[i].stride;
    index /= axes[i].size;
  }
  return axes.empty() ? 0 : offset + index * axes[0].stride;
}

}  // namespace

absl::StatusOr<std::vector<bool>> ReducedAxes(const ReduceAttrs& attrs,
                                              size_t rank) {
  if (ReducesAll(attrs)) return std::vector<bool>(rank, true);
  std::vector<bool> listed(rank, false);
  for (int64_t axis : *attrs.axis) {
    absl::StatusOr<size_t> resolved = ResolveAxis(axis, rank);
    if (!resolved.ok()) return Annotate(resolved.status(), "attribute 'axis'");
    if (listed[*resolved]) {
      return absl::InvalidArgumentError(absl::StrCat(
          "attribute 'axis': expected each axis once, found ", axis, " again"));
    }
    listed[*resolved] = true;
  }
  if (attrs.exclude) listed.flip();
  return listed;
}

absl::StatusOr<Shape> ReducedShape(const ReduceAttrs& attrs, const Shape& x) {
  MINNOW_ASSIGN_OR_RETURN(std::vector<bool> reduced,
                          ReducedAxes(attrs, x.rank()));
  Shape out = Shape::Scalar();
  bool all = true;
  for (size_t i = 0; i < x.rank(); ++i) {
    if (!reduced[i]) {
      out.push_back(x[i]);
      all = false;
    } else if (attrs.keepdims) {
      out.push_back(1);
    }
  }
  if (all && !attrs.keepdims) return Shape{1};
  return out;
}

absl::Status InferReduce(ShapeInference& node) {
  if (!node.input(0).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(
      Shape out, ReducedShape(node.attrs<ReduceAttrs>(), node.input(0)));
  return node.MergeOutput(0, out);
}

int64_t ReducePlan::Offset(int64_t kept_index, int64_t reduced_index) const {
  return OffsetOf(kept, kept_index) + OffsetOf(reduced, reduced_index);
}

ReducePlan PlanReduce(const Shape& x, const std::vector<bool>& is_reduced) {
  ReducePlan plan;
  // From the innermost axis on: neighbours of one kind are one axis.
  struct Group {
    int64_t size, stride;
    bool reduced;
  };
  std::vector<Group> groups;
  int64_t stride = 1;
  for (size_t i = x.rank(); i-- > 0;) {
    if (is_reduced[i]) {
      plan.count *= x[i];
    } else {
      plan.num_outputs *= x[i];
    }
    if (x[i] == 1) continue;
    if (!groups.empty() && groups.back().reduced == is_reduced[i]) {
      groups.back().size *= x[i];
    } else {
      groups.push_back({x[i], stride, is_reduced[i]});
    }
    stride *= x[i];
  }
  if (!groups.empty()) {
    plan.run = groups[0].size;
    plan.run_is_reduced = groups[0].reduced;
  }
  for (size_t i = groups.size(); i-- > 1;) {
    const Group& group = groups[i];
    (group.reduced ? plan.reduced : plan.kept)
        .push_back({group.size, group.stride});
    (group.reduced ? plan.num_reduced : plan.num_kept) *= group.size;
  }
  using internal::kReduceGrain;
  plan.chunk =
      std::min(plan.run, plan.run_is_reduced ? kReduceGrain : kMaxChunk);
  plan.chunk = std::max<int64_t>(plan.chunk, 1);
  plan.num_chunks = DivideUp(plan.run, plan.chunk);
  plan.segment = std::max<int64_t>(1, kReduceGrain / plan.chunk);
  if (!plan.run_is_reduced) {
    plan.segment =
        std::max(plan.segment, DivideUp(plan.num_reduced, kMaxSegments));
  }
  const int64_t items =
      plan.num_reduced * (plan.run_is_reduced ? plan.num_chunks : 1);
  plan.num_segments = std::max<int64_t>(1, DivideUp(items, plan.segment));
  const bool rows_are_adjacent =
      plan.reduced.size() == 1 && plan.reduced[0].stride == plan.run;
  if (!plan.run_is_reduced && rows_are_adjacent) {
    plan.rows_at_once = std::clamp<int64_t>(
        kNarrow / std::max<int64_t>(plan.run, 1), 1, plan.segment);
  }
  if (plan.num_segments > 1) {
    plan.workspace_bytes = plan.num_outputs * plan.num_segments *
                           static_cast<int64_t>(sizeof(int64_t));
  }
  return plan;
}

absl::StatusOr<ReducePlan> PrepareReduce(const Attrs& attrs,
                                         absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(
      std::vector<bool> reduced,
      ReducedAxes(attrs.As<ReduceAttrs>(), shapes[0].rank()));
  return PlanReduce(shapes[0], reduced);
}

absl::Status RunReduce(const RunContext& context, const ReduceLoops& loops,
                       const ReducePlan& plan, const AnyConstArray& x,
                       const AnyArray& out) {
  const ReduceSource source = SourceOf(x, 0, loops);
  const auto result_size = static_cast<int64_t>(DTypeSize(loops.result));
  const int64_t num_tasks = plan.num_kept * plan.tasks_per_kept();
  const int64_t task_size =
      std::min(plan.segment, plan.num_reduced) * plan.chunk;
  const int64_t grain = std::max<int64_t>(
      1, internal::kReduceGrain / std::max<int64_t>(1, task_size));
  if (plan.num_segments > 1) {
    std::byte* const partial = context.workspace.data();
    const int64_t stride = plan.num_outputs * result_size;
    ParallelFor(*context.threads, num_tasks, grain,
                [&](int64_t begin, int64_t end) {
                  for (int64_t i = begin; i < end; ++i) {
                    Produce(context, plan, i, i + 1);
                    loops.tasks(plan, source, i, i + 1,
                                partial + i % plan.num_segments * stride +
                                    plan.FirstOutput(i) * result_size);
                  }
                });
    // The segments of each output, in order.
    ParallelFor(*context.threads, plan.num_outputs, kMaxColumns,
                [&](int64_t begin, int64_t end) {
                  std::byte* const to = partial + begin * result_size;
                  for (int64_t s = 1; s < plan.num_segments; ++s) {
                    loops.combine(end - begin, to, to + s * stride);
                  }
                  Finish(loops, plan, to, end - begin, out, begin);
                });
    return absl::OkStatus();
  }
  // As many tasks at a time as their results, or elements to convert, have
  // room.
  int64_t step = plan.run_is_reduced ? kMaxColumns : kMaxColumns / plan.chunk;
  if (source.converts() && plan.run_is_reduced) {
    step = kMaxColumns / std::max<int64_t>(plan.run, 1);
  }
  step = std::max<int64_t>(step, 1);
  ParallelFor(*context.threads, num_tasks, grain,
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i += step) {
                  const int64_t stop = std::min(i + step, end);
                  Produce(context, plan, i, stop);
                  const int64_t first = plan.FirstOutput(i);
                  const int64_t n = plan.FirstOutput(stop) - first;
                  Tile tile;
                  void* const results =
                      loops.result == out.dtype ? out.at(first) : tile.bytes;
                  ReduceBlock(loops, plan, source, i, stop, results);
                  Finish(loops, plan, results, n, out, first);
                }
              });
  return absl::OkStatus();
}

absl::Status RunReduceGradient(const RunContext& context,
                               const ReducePlan& plan, ReduceGradientLoop loop,
                               const AnyConstArray& head,
                               const AnyConstArray& data,
                               const AnyConstArray& out, const AnyArray& grad) {
  const DType compute =
      data.dtype == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
  const bool converts = data.dtype != compute;
  ReduceGradientArgs args = {
      .x = {.data = data.as<std::byte>(),
            .dtype = data.dtype,
            .element_size = data.element_size(),
            .to = compute},
      .heads = head.data,
      .results = out.data,
      .grad = grad.as<std::byte>(),
  };
  if (converts) {
    float* const heads = reinterpret_cast<float*>(context.workspace.data());
    float* const results = heads + plan.num_outputs;
    ParallelFor(*context.threads, plan.num_outputs, internal::kReduceGrain,
                [&](int64_t begin, int64_t end) {
                  LoadElements(head, begin, end - begin, heads + begin);
                  LoadElements(out, begin, end - begin, results + begin);
                });
    args.heads = heads;
    args.results = results;
  }
  // Short chunks that follow one another are converted together.
  const bool are_adjacent =
      plan.run <= kMaxColumns &&
      (plan.run_is_reduced ? plan.reduced.empty() : plan.kept.empty());
  const int64_t grain =
      std::max<int64_t>(1, internal::kReduceGrain / plan.chunk);
  ParallelFor(
      *context.threads, plan.num_kept * plan.num_reduced * plan.num_chunks,
      grain, [&](int64_t begin, int64_t end) {
        if (!converts || !are_adjacent) return loop(plan, args, begin, end);
        const int64_t step = kMaxColumns / std::max<int64_t>(plan.run, 1);
        for (int64_t i = begin; i < end; i += step) {
          const int64_t stop = std::min(i + step, end);
          const int64_t first = i * plan.run;
          const int64_t size = (stop - i) * plan.run;
          Tile x, g;
          ConvertElements(data.dtype, data.at(first), compute, x.bytes, size);
          ReduceGradientArgs tiles = args;
          tiles.x = {.data = x.bytes,
                     .dtype = compute,
                     .element_size = static_cast<int64_t>(DTypeSize(compute)),
                     .to = compute,
                     .first = first};
          tiles.grad = g.bytes;
          loop(plan, tiles, i, stop);
          ConvertElements(compute, g.bytes, grad.dtype, grad.at(first), size);
        }
      });
  return absl::OkStatus();
}

}  // namespace minnow
