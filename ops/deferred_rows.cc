// The operator that reads rows of deferred weights, and its gradient.
#include "minnow/core/convert.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/deferred.h"
#include "minnow/ops/deferred_states.h"
#include "minnow/ops/row_gather.h"
#include "minnow/ops/row_ids.h"
#include "minnow/ops/row_update.h"

namespace minnow {
namespace {

template <typename T, typename Id>
absl::Status DeferredRows(const RunContext& context, const NoAttrs&,
                          Dense<const T> weight, Dense<const T> mom,
                          Dense<const int32_t> last,
                          Dense<const double> history,
                          Dense<const int64_t> step, Dense<const Id> ids,
                          Dense<T> out) {
  const DeferredHistory<const double> past(history.data(), history.dims[0]);
  MINNOW_ASSIGN_OR_RETURN(const int64_t now, StepsNow(past, step.data()[0]));
  MINNOW_RETURN_IF_ERROR(CheckRowIds("ids", IdsOf(ids), weight.dims[0]));
  const auto row_of = [&](int64_t i) {
    return Convert<int64_t>(ids.data()[i]);
  };
  MINNOW_RETURN_IF_ERROR(
      CheckLast(*context.threads, last.data(), now, ids.size(), row_of));
  const int64_t row_size = weight.row_size();
  ParallelFor(
      *context.threads, ids.size(), internal::RowGrain(row_size),
      [&](int64_t begin, int64_t end) {
        Vectorize(
            [=, ahead = internal::PrefetchDistance(row_size)]() MINNOW_INLINE {
              for (int64_t i = begin; i < end; ++i) {
                if (i + ahead < end) {
                  const auto next = Convert<int64_t>(ids.data()[i + ahead]);
                  internal::PrefetchRow(weight, next, row_size);
                  internal::PrefetchRow(mom, next, row_size);
                }
                const auto row = Convert<int64_t>(ids.data()[i]);
                const Advance missed = past.Since(last.data()[row], now);
                const T* w = weight.data() + row * row_size;
                const T* m = mom.data() + row * row_size;
                T* to = out.data() + i * row_size;
                for (int64_t j = 0; j < row_size; ++j) {
                  to[j] = static_cast<T>(missed.ww * static_cast<double>(w[j]) +
                                         missed.wm * static_cast<double>(m[j]));
                }
              }
            });
      });
  return absl::OkStatus();
}

absl::StatusOr<RowGradientPlan> PrepareRowsBackward(
    const Attrs&, absl::Span<const Shape> shapes) {
  return PlanRowGradient(LinesAlong(shapes[2], 0), shapes[1].num_elements());
}

// Of the third argument only the shape matters.
template <typename T, typename Id>
absl::Status DeferredRowsBackward(const RunContext& context, const NoAttrs&,
                                  const RowGradientPlan& plan,
                                  Dense<const T> head, Dense<const Id> ids,
                                  Dense<const T>, RowSparse<T> grad) {
  MINNOW_RETURN_IF_ERROR(CheckRowIds("ids", IdsOf(ids), plan.lines.size));
  return SparseRowGradient(context, plan, TakeMode::kRaise, IdsOf(ids),
                           DTypeOf<T>, head.data(), *grad.array);
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
      .kernels = KernelsForIds(FloatTypes(),
                               []<typename T, typename Id>() {
                                 return KernelOf<DeferredRows<T, Id>>();
                               }),
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
      .kernels = KernelsForIds(
          FloatTypes(),
          []<typename T, typename Id>() {
            return KernelOf<DeferredRowsBackward<T, Id>, PrepareRowsBackward>();
          }),
      .fails_on_data = true,
  };
}

}  // namespace

std::vector<OpDef> DeferredRowsOps() {
  return {DeferredRowsOp(), DeferredRowsBackwardOp()};
}

}  // namespace minnow
