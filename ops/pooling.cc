#include "minnow/ops/pooling.h"

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/core/thread_pool.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/compute_bytes.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/pool_plan.h"
#include "minnow/ops/pool_rows.h"
#include "minnow/ops/pool_rules.h"
#include "minnow/ops/pool_shape.h"

namespace minnow {
namespace {

// Kernels ---------------------------------------------------------------------

// Elements of 16 bits are converted, a unit at a time, so windows that overlap
// do not convert them again. Others are read, and gradients written, in place.
template <typename T>
inline constexpr bool kConverts = !std::is_same_v<T, ComputeType<T>>;

// Copies of the data of a unit: of 16-bit elements, for the operator or for the
// gradient.
absl::StatusOr<PoolPlan> Plan(const Attrs& attrs, const Shape& data,
                              DType dtype, int64_t copies) {
  return PlanPool(GeometryOf(attrs.As<PoolingAttrs>(), data),
                  ComputeBytes(dtype), DTypeSize(dtype) > 2 ? 0 : copies);
}

absl::StatusOr<PoolPlan> PreparePooling(const Attrs& attrs,
                                        absl::Span<const Shape> shapes,
                                        const ArgTypes& types) {
  return Plan(attrs, shapes[0], types[0].dtype, 1);
}

// Of (head, data, ...).
absl::StatusOr<PoolPlan> PreparePoolingBackward(const Attrs& attrs,
                                                absl::Span<const Shape> shapes,
                                                const ArgTypes& types) {
  return Plan(attrs, shapes[1], types[0].dtype, 2);
}

// Some channels of `count` places that follow one another. From place to place
// it is `step` elements in the array; in the memory of a block there is no gap.
struct PoolPlaces {
  int64_t count, channels, step;

  template <typename From, typename To>
  void Load(const From* from, To* to) const {
    if (step == channels) return ConvertElements(from, to, count * channels);
    for (int64_t i = 0; i < count; ++i) {
      ConvertElements(from + i * step, to + i * channels, channels);
    }
  }
  template <typename From, typename To>
  void Store(const From* from, To* to) const {
    if (step == channels) return ConvertElements(from, to, count * channels);
    for (int64_t i = 0; i < count; ++i) {
      ConvertElements(from + i * channels, to + i * step, channels);
    }
  }
  template <typename To>
  void Clear(To* to) const {
    if (step == channels) {
      std::fill_n(to, count * channels, To{0});
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      std::fill_n(to + i * step, channels, To{0});
    }
  }
};

// The memory of a block.
template <typename C>
struct PoolMemory {
  C* rows[2];
  C* line;
  C* planes[2];
};

// Calls f(unit, memory).
template <typename C, typename F>
void ForEachUnit(const RunContext& context, const PoolPlan& plan, const F& f) {
  ParallelFor(
      *context.threads, plan.num_units(), plan.block,
      [&](int64_t begin, int64_t end) {
        std::byte* const block =
            context.workspace.data() + begin / plan.block * plan.block_bytes;
        std::byte* const line = block + 2 * plan.row_bytes;
        std::byte* const planes = line + plan.line_bytes;
        const auto at = [](std::byte* p) { return reinterpret_cast<C*>(p); };
        const PoolMemory<C> memory = {
            {at(block), at(block + plan.row_bytes)},
            at(line),
            {at(planes), at(planes + plan.plane_bytes)}};
        for (int64_t i = begin; i < end; ++i) f(UnitAt(plan, i), memory);
      });
}

// Calls f(row, place) with the first place of each row of results.
template <typename F>
void ForEachRow(const PoolPlan& plan, int64_t channels, int64_t step,
                const F& f) {
  int64_t place = 0;
  for (const PoolWindow& depth : plan.windows[0]) {
    for (const PoolWindow& height : plan.windows[1]) {
      f(PoolRow{depth, height, channels, step}, place);
      place += plan.axes[2].out;
    }
  }
}

template <typename T>
absl::Status Pooling(const RunContext& context, const PoolingAttrs& attrs,
                     const PoolPlan& plan, Dense<const T> data, Dense<T> out) {
  using C = ComputeType<T>;
  const int64_t step = plan.channels;
  const auto pool_unit = [&](const auto& rule, const PoolUnit& unit,
                             const PoolMemory<C>& memory) {
    const T* const from =
        data.data() + unit.plane * plan.in_places() * step + unit.first_channel;
    T* const to =
        out.data() + unit.plane * plan.out_places() * step + unit.first_channel;
    const C* x;
    if constexpr (kConverts<T>) {
      PoolPlaces{plan.in_places(), unit.channels, step}.Load(from,
                                                             memory.planes[0]);
      x = memory.planes[0];
    } else {
      x = from;
    }
    const PoolPlaces places = {plan.axes[2].out, unit.channels, step};
    C* const results = memory.rows[0];
    ForEachRow(plan, unit.channels, kConverts<T> ? unit.channels : step,
               [&](const PoolRow& row, int64_t place) {
                 PoolOneRow(rule, plan, row, x, memory.line, results);
                 places.Store(results, to + place * step);
               });
  };
  VisitPoolRule<C>(attrs, [&](const auto& rule) {
    ForEachUnit<C>(context, plan,
                   [&](const PoolUnit& unit, const PoolMemory<C>& memory) {
                     pool_unit(rule, unit, memory);
                   });
  });
  return absl::OkStatus();
}

// Reads neither data nor out where the rule does not.
template <typename T>
absl::Status PoolingBackward(const RunContext& context,
                             const PoolingAttrs& attrs, const PoolPlan& plan,
                             Dense<const T> head, Dense<const T> data,
                             Dense<const T> out, Dense<T> grad) {
  using C = ComputeType<T>;
  const int64_t step = plan.channels;
  const auto spread_unit = [&]<typename Rule>(const Rule& rule,
                                              const PoolUnit& unit,
                                              const PoolMemory<C>& memory) {
    const int64_t first_in =
        unit.plane * plan.in_places() * step + unit.first_channel;
    const int64_t first_out =
        unit.plane * plan.out_places() * step + unit.first_channel;
    const PoolPlaces all = {plan.in_places(), unit.channels, step};
    C* grads;
    const C* x;
    if constexpr (kConverts<T>) {
      grads = memory.planes[1];
      std::fill_n(grads, all.count * all.channels, C{0});
      x = memory.planes[0];
      if (Rule::kReadsData) all.Load(data.data() + first_in, memory.planes[0]);
    } else {
      grads = grad.data() + first_in;
      all.Clear(grads);
      x = Rule::kReadsData ? data.data() + first_in : grads;
    }
    const PoolPlaces places = {plan.axes[2].out, unit.channels, step};
    C* const heads = memory.rows[0];
    C* const outs = memory.rows[1];
    ForEachRow(plan, unit.channels, kConverts<T> ? unit.channels : step,
               [&](const PoolRow& row, int64_t place) {
                 const int64_t first = first_out + place * step;
                 places.Load(head.data() + first, heads);
                 if (Rule::kReadsData) places.Load(out.data() + first, outs);
                 SpreadOneRow(rule, plan, row, x, outs, heads, grads);
               });
    if constexpr (kConverts<T>) all.Store(grads, grad.data() + first_in);
  };
  VisitPoolRule<C>(attrs, [&](const auto& rule) {
    ForEachUnit<C>(context, plan,
                   [&](const PoolUnit& unit, const PoolMemory<C>& memory) {
                     spread_unit(rule, unit, memory);
                   });
  });
  return absl::OkStatus();
}

// Operators -------------------------------------------------------------------

OpDef PoolingOp() {
  return {
      .name = "Pooling",
      .aliases = {"_npx_pooling"},
      .doc =
          R"(out[n, c, y, x] = f of the window data[n, c, y0 + i, x0 + j]
where y0 = y * stride[0] - pad[0] and 0 <= i < kernel[0], so for x, and so with
one or three spatial axes. Only elements that exist are taken. f is max; sum;
avg = sum / count; or lp = (sum of data^p_value)^(1 / p_value), without absolute
values. count is that of all elements of the window, with those of the padding
unless count_include_pad is false. The maximum of no element is -inf, all else
of none is 0; NaN is the largest number. The number of windows along an axis is
  valid: 1 + floor((size + 2 * pad - kernel) / stride)
  full:  1 + ceil((size + 2 * pad - kernel) / stride)
  same:  ceil(size / stride))",
      .attrs = AttrsTypeOf<PoolingAttrs>(),
      .inputs = {"data"},
      .shape = InferPooling,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("_backward_Pooling",
                        {node.head(0), node.input(0), node.output(0)},
                        node.untyped_attrs())};
      },
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() { return KernelOf<Pooling<T>, PreparePooling>(); }),
  };
}

OpDef PoolingBackwardOp() {
  return {
      .name = "_backward_Pooling",
      .doc =
          R"(grad[i] = the sum, over the windows that data[i] lies in, of
  max: head, if data[i] is the first maximum in the order of memory; else 0
  sum: head
  avg: head / count
  lp:  head * (data[i] / out)^(p_value - 1), but 0 where out is 0)",
      .attrs = AttrsTypeOf<PoolingAttrs>(),
      .inputs = InputDefs([](const Attrs& attrs) -> std::vector<InputDef> {
        const Access access = ReadsPooledData(attrs.As<PoolingAttrs>())
                                  ? Access::kRead
                                  : Access::kUnread;
        return {"head", {"data", access}, {"out", access}};
      }),
      .outputs = {"grad"},
      .shape = InferPoolingBackward,
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() {
            return KernelOf<PoolingBackward<T>, PreparePoolingBackward>();
          }),
  };
}

}  // namespace

namespace op {

Symbol Pooling(Symbol data, const PoolingAttrs& attrs, NodeOptions options) {
  return Compose("Pooling", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> PoolingOps() { return {PoolingOp(), PoolingBackwardOp()}; }

}  // namespace minnow
