// The operator that reads rows of deferred weights, and its gradient.
#include "minnow/core/convert.h"
#include "minnow/core/prefetch.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/deferred.h"
#include "minnow/ops/deferred_states.h"
#include "minnow/ops/row_gather.h"
#include "minnow/ops/row_ids.h"
#include "minnow/ops/row_update.h"

namespace minnow {
namespace {

// What is read: the row row_of(i) for each i, after the steps that it missed.
struct Reading {
  DeferredHistory<const double> history;
  int64_t now;
  DeferredTable table;
  const int32_t* last;
  absl::FunctionRef<int64_t(int64_t i)> row_of;
  std::byte* out;
};

template <typename T>
MINNOW_INLINE inline void ReadRow(const Advance& missed, int64_t n, const T* w,
                                  const T* m, T* __restrict to) {
  const ElementAdvance<T> advance(missed);
  for (int64_t i = 0; i < n; ++i) to[i] = advance.Weight(w[i], m[i]);
}

// Reads the rows of [begin, end), of elements of type T.
template <typename T>
void ReadRows(const Reading& reading, int64_t begin, int64_t end) {
  const int64_t row_size = reading.table.row_size;
  const int64_t bytes = reading.table.row_bytes();
  Vectorize([=, history = reading.history, now = reading.now,
             last = reading.last, row_of = reading.row_of,
             weight = reinterpret_cast<const T*>(reading.table.weight),
             mom = reinterpret_cast<const T*>(reading.table.mom),
             out = reinterpret_cast<T*>(reading.out),
             ahead = internal::PrefetchDistance(row_size)]() MINNOW_INLINE {
    for (int64_t i = begin; i < end; ++i) {
      if (i + ahead < end) {
        const int64_t next = row_of(i + ahead);
        Prefetch(weight + next * row_size, bytes);
        Prefetch(mom + next * row_size, bytes);
        __builtin_prefetch(last + next);
      }
      const int64_t row = row_of(i);
      ReadRow(history.Since(last[row], now), row_size, weight + row * row_size,
              mom + row * row_size, out + i * row_size);
    }
  });
}

// The same for elements of 16 bits: a row at a time, as float.
void ReadHalfRows(const Reading& reading, int64_t begin, int64_t end) {
  const DeferredTable& table = reading.table;
  const int64_t bytes = table.row_bytes();
  for (int64_t i = begin; i < end; ++i) {
    const int64_t row = reading.row_of(i);
    const Advance missed =
        reading.history.Since(reading.last[row], reading.now);
    VisitInFloats(
        table.dtype, table.row_size,
        {{{table.weight + row * bytes, nullptr},
          {table.mom + row * bytes, nullptr},
          {nullptr, reading.out + i * bytes}}},
        [&](int64_t n, std::byte* const* at) {
          Vectorize([=, w = reinterpret_cast<const float*>(at[0]),
                     m = reinterpret_cast<const float*>(at[1]),
                     to = reinterpret_cast<float*>(at[2])]()
                        MINNOW_INLINE { ReadRow(missed, n, w, m, to); });
        });
  }
}

// `row_of` says the row of each id.
absl::Status ReadDeferred(const RunContext& context, const DeferredTable& table,
                          const int32_t* last, Dense<const double> history,
                          int64_t step, const Ids& ids,
                          absl::FunctionRef<int64_t(int64_t i)> row_of,
                          std::byte* out) {
  const DeferredHistory<const double> past(history.data(), history.dims[0]);
  MINNOW_ASSIGN_OR_RETURN(const int64_t now, StepsNow(past, step));
  MINNOW_RETURN_IF_ERROR(CheckRowIds("ids", ids, table.num_rows));
  MINNOW_RETURN_IF_ERROR(
      CheckLast(*context.threads, last, now, ids.size, row_of));
  const auto read = table.dtype == DType::kFloat32   ? ReadRows<float>
                    : table.dtype == DType::kFloat64 ? ReadRows<double>
                                                     : ReadHalfRows;
  const Reading reading = {past, now, table, last, row_of, out};
  ParallelFor(*context.threads, ids.size, internal::RowGrain(table.row_size),
              [&](int64_t begin, int64_t end) { read(reading, begin, end); });
  return absl::OkStatus();
}

absl::Status DeferredRows(const RunContext& context, const NoAttrs&,
                          AnyIn<0> weight, AnyIn<0> mom,
                          Dense<const int32_t> last,
                          Dense<const double> history,
                          Dense<const int64_t> step, AnyIn<1> ids,
                          AnyOut<0> out) {
  absl::Status status;
  VisitDType(ids.dtype, [&]<typename Id>() {
    status = ReadDeferred(
        context, TableOf(weight, mom), last.data(), history, step.data()[0],
        IdsOf(ids),
        [data = ids.as<Id>()](int64_t i) { return Convert<int64_t>(data[i]); },
        static_cast<std::byte*>(out.data));
  });
  return status;
}

absl::StatusOr<RowGradientPlan> PrepareRowsBackward(
    const Attrs&, absl::Span<const Shape> shapes) {
  return PlanRowGradient(LinesAlong(shapes[2], 0), shapes[1].num_elements());
}

// Of the third argument only the shape matters.
absl::Status DeferredRowsBackward(const RunContext& context, const NoAttrs&,
                                  const RowGradientPlan& plan, AnyIn<0> head,
                                  AnyIn<1> ids, AnyIn<0>,
                                  AnyRowSparseOut<0> grad) {
  MINNOW_RETURN_IF_ERROR(CheckRowIds("ids", IdsOf(ids), plan.lines.size));
  return SparseRowGradient(context, plan, TakeMode::kRaise, IdsOf(ids),
                           head.dtype, head.data, *grad.array);
}

Shape ShapeOfRows(const Shape& weight, Shape ids) {
  for (size_t i = 1; i < weight.rank(); ++i) ids.push_back(weight[i]);
  return ids;
}

OpDef DeferredRowsOp() {
  return {
      .name = "deferred_rows",
      .doc =
          "out[i...] = weight[ids[i...]], after the steps that the row has "
          "missed",
      .inputs = {InputDef("weight").Takes(Rows::kDeferred),
                 InputDef("mom").Takes(Rows::kDeferred), "last", "history",
                 "step", "ids"},
      .shape = [](ShapeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(InferStates(node, kRowsPlaces));
        const Shape& weight = node.input(0);
        const Shape& ids = node.input(5);
        if (!weight.known_rank() || !ids.known_rank()) return absl::OkStatus();
        return node.MergeOutput(0, ShapeOfRows(weight, ids));
      },
      .dtype =
          [](DTypeInference& node) {
            return InferStateTypes(node, kRowsPlaces);
          },
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        // The states have none, which they say by their number.
        return {Compose("_backward_deferred_rows",
                        {node.head(0), node.input(5), node.input(0)})};
      },
      .kernels = AnyKernels<DeferredRows>(FloatTypes(), RowIdTypes()),
      .fails_on_data = true,
  };
}

OpDef DeferredRowsBackwardOp() {
  return {
      .name = "_backward_deferred_rows",
      .doc =
          "grad[k] = the sum of head[i...] with ids[i...] = k, row_sparse, in "
          "the shape of weight",
      .inputs = {"head", "ids", {"weight", Access::kUnread}},
      .outputs = {"grad"},
      .shape = [](ShapeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(2)));
        MINNOW_RETURN_IF_ERROR(node.MergeInput(2, node.output(0)));
        const Shape& weight = node.input(2);
        const Shape& ids = node.input(1);
        if (!weight.known_rank() || !ids.known_rank()) return absl::OkStatus();
        if (weight.rank() < 1) {
          return node.InputError(2, "one dimension or more");
        }
        return node.MergeInput(0, ShapeOfRows(weight, ids));
      },
      .dtype = [](DTypeInference& node) -> absl::Status {
        for (size_t i : {0, 2}) {
          MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(i)));
        }
        MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
        return node.MergeInput(2, node.output(0));
      },
      .kernels = AnyKernels<DeferredRowsBackward, PrepareRowsBackward>(
          FloatTypes(), RowIdTypes()),
      .fails_on_data = true,
  };
}

}  // namespace

std::vector<OpDef> DeferredRowsOps() {
  return {DeferredRowsOp(), DeferredRowsBackwardOp()};
}

}  // namespace minnow
