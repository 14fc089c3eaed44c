#include "minnow/ops/deferred.h"

#include <vector>

#include "minnow/core/prefetch.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/deferred_history.h"
#include "minnow/ops/deferred_states.h"
#include "minnow/ops/row_update.h"
#include "minnow/ops/sgd_rules.h"

namespace minnow {
namespace {

// Brings n elements of a weight and its momentum up to date.
template <typename T>
void CatchUpOf(const Advance& missed, int64_t n, std::byte* weight,
               std::byte* mom) {
  Vectorize([missed = ElementAdvance<T>(missed), n,
             w = reinterpret_cast<T*>(weight), m = reinterpret_cast<T*>(mom)]()
                MINNOW_INLINE {
                  T* __restrict weight = w;
                  T* __restrict mom = m;
                  for (int64_t i = 0; i < n; ++i) {
                    const T w = weight[i];
                    const T m = mom[i];
                    weight[i] = missed.Weight(w, m);
                    mom[i] = missed.Mom(w, m);
                  }
                });
}

void CatchUp(DType dtype, const Advance& missed, int64_t n, std::byte* weight,
             std::byte* mom) {
  if (dtype == DType::kFloat64) {
    CatchUpOf<double>(missed, n, weight, mom);
  } else {
    CatchUpOf<float>(missed, n, weight, mom);
  }
}

// Brings all rows to the step `now`, which is written to `last` as `mark`.
// REQUIRES: CheckLast().
void Flush(ThreadPool& threads, const DeferredHistory<const double>& history,
           int64_t now, int32_t mark, const DeferredTable& table,
           int32_t* last) {
  ParallelFor(threads, table.num_rows, internal::RowGrain(table.row_size),
              [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                  if (last[row] != now) {
                    const Advance missed = history.Since(last[row], now);
                    std::byte* const w = table.weight + row * table.row_bytes();
                    std::byte* const m = table.mom + row * table.row_bytes();
                    VisitInFloats(table.dtype, table.row_size,
                                  {{{w, w}, {m, m}, {nullptr, nullptr}}},
                                  [&](int64_t size, std::byte* const* at) {
                                    CatchUp(table.dtype, missed, size, at[0],
                                            at[1]);
                                  });
                  }
                  last[row] = mark;
                }
              });
}

// Brings n elements of a weight and its momentum up to date, and updates them.
template <typename Rule, typename T>
MINNOW_INLINE inline void UpdateAfter(const ElementAdvance<T>& missed,
                                      const Rule& rule, int64_t n,
                                      T* __restrict weight, const T* grad,
                                      T* __restrict mom) {
  for (int64_t i = 0; i < n; ++i) {
    T m = missed.Mom(weight[i], mom[i]);
    weight[i] = rule(missed.Weight(weight[i], mom[i]), grad[i], m);
    mom[i] = m;
  }
}

// Rows that a gradient updates, after the steps that each has missed.
struct ListedRows {
  DeferredHistory<const double> history;
  int64_t now;
  DeferredTable table;
  absl::Span<const int64_t> rows;
  const std::byte* grad;
  int32_t* last;
};

// Updates the rows [begin, end) of the gradient, of elements of type T.
template <typename T>
void UpdateRows(const ListedRows& update, const SgdMomUpdateAttrs& attrs,
                int64_t begin, int64_t end) {
  const int64_t row_size = update.table.row_size;
  const int64_t bytes = update.table.row_bytes();
  Vectorize([=, rule = SgdMomRule<T>(attrs), history = update.history,
             now = update.now, rows = update.rows.data(), last = update.last,
             weight = reinterpret_cast<T*>(update.table.weight),
             mom = reinterpret_cast<T*>(update.table.mom),
             grad = reinterpret_cast<const T*>(update.grad),
             ahead = internal::PrefetchDistance(row_size)]() MINNOW_INLINE {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = rows[i];
      T* const w = weight + row * row_size;
      T* const m = mom + row * row_size;
      const T* const g = grad + i * row_size;
      if (i + ahead < end) {
        const int64_t next = rows[i + ahead];
        Prefetch(weight + next * row_size, bytes);
        Prefetch(mom + next * row_size, bytes);
        __builtin_prefetch(last + next, /*rw=*/1);
        history.Prefetch(last[rows[i + ahead / 2]]);
      }
      if (last[row] == now) {
        internal::UpdateElements(rule, row_size, w, g, m);
      } else {
        UpdateAfter(ElementAdvance<T>(history.Since(last[row], now)), rule,
                    row_size, w, g, m);
      }
      last[row] = static_cast<int32_t>(now + 1);
    }
  });
}

// The same for elements of 16 bits: a row at a time, as float.
void UpdateHalfRows(const ListedRows& update, const SgdMomUpdateAttrs& attrs,
                    int64_t begin, int64_t end) {
  const UpdateRule rule{SgdMomRule<float>(attrs)};
  const DeferredTable& table = update.table;
  const int64_t bytes = table.row_bytes();
  for (int64_t i = begin; i < end; ++i) {
    int32_t& last = update.last[update.rows[i]];
    std::byte* const w = table.weight + update.rows[i] * bytes;
    std::byte* const m = table.mom + update.rows[i] * bytes;
    VisitInFloats(table.dtype, table.row_size,
                  {{{w, w}, {update.grad + i * bytes, nullptr}, {m, m}}},
                  [&](int64_t size, std::byte* const* at) {
                    if (last != update.now) {
                      CatchUp(table.dtype,
                              update.history.Since(last, update.now), size,
                              at[0], at[2]);
                    }
                    rule({1, size, 3, at});
                  });
    last = static_cast<int32_t>(update.now + 1);
  }
}

absl::Status UpdateDeferred(const RunContext& context,
                            const DeferredSgdMomUpdateAttrs& attrs,
                            const DeferredTable& table,
                            absl::Span<const int64_t> rows,
                            const std::byte* grad, Dense<int32_t> last,
                            Dense<double> history, int64_t* step) {
  const DeferredHistory<double> past(history.data(), history.dims[0]);
  const DeferredHistory<const double> read(history.data(), history.dims[0]);
  MINNOW_ASSIGN_OR_RETURN(const int64_t now, StepsNow(past, *step));
  MINNOW_RETURN_IF_ERROR(CheckLast(*context.threads, last.data(), now,
                                   static_cast<int64_t>(rows.size()),
                                   [&](int64_t i) { return rows[i]; }));
  const bool becomes_full = now + 1 == past.num_steps();
  if (becomes_full) {
    MINNOW_RETURN_IF_ERROR(CheckLast(*context.threads, last.data(), now,
                                     last.size(), [](int64_t i) { return i; }));
  }
  const SgdMomUpdateAttrs sgd = {.lr = attrs.lr,
                                 .momentum = attrs.momentum,
                                 .wd = attrs.wd,
                                 .rescale_grad = attrs.rescale_grad,
                                 .clip_gradient = attrs.clip_gradient};
  const auto update = table.dtype == DType::kFloat32   ? UpdateRows<float>
                      : table.dtype == DType::kFloat64 ? UpdateRows<double>
                                                       : UpdateHalfRows;
  const ListedRows listed = {read, now, table, rows, grad, last.data()};
  ParallelFor(
      *context.threads, static_cast<int64_t>(rows.size()),
      internal::RowGrain(table.row_size),
      [&](int64_t begin, int64_t end) { update(listed, sgd, begin, end); });
  past.Append(Advance::Step(attrs.lr, attrs.momentum, attrs.wd), now);
  ++*step;
  if (becomes_full) {
    Flush(*context.threads, read, now + 1, /*mark=*/0, table, last.data());
  }
  return absl::OkStatus();
}

absl::Status FlushAll(const RunContext& context, const DeferredTable& table,
                      Dense<int32_t> last, Dense<const double> history,
                      int64_t step) {
  const DeferredHistory<const double> past(history.data(), history.dims[0]);
  MINNOW_ASSIGN_OR_RETURN(const int64_t now, StepsNow(past, step));
  MINNOW_RETURN_IF_ERROR(CheckLast(*context.threads, last.data(), now,
                                   last.size(), [](int64_t i) { return i; }));
  Flush(*context.threads, past, now, static_cast<int32_t>(now), table,
        last.data());
  return absl::OkStatus();
}

absl::Status DeferredSgdMomUpdate(const RunContext& context,
                                  const DeferredSgdMomUpdateAttrs& attrs,
                                  AnyOut<0> weight, AnyRowSparseIn<0> grad,
                                  AnyOut<0> mom, Dense<int32_t> last,
                                  Dense<double> history, Dense<int64_t> step) {
  return UpdateDeferred(context, attrs, TableOf(weight, mom),
                        grad.array->indices, grad.array->values.data(), last,
                        history, step.data());
}

absl::Status DeferredFlush(const RunContext& context, const NoAttrs&,
                           AnyOut<0> weight, AnyOut<0> mom, Dense<int32_t> last,
                           Dense<const double> history,
                           Dense<const int64_t> step) {
  return FlushAll(context, TableOf(weight, mom), last, history, step.data()[0]);
}

OpDef DeferredSgdMomUpdateOp() {
  return {
      .name = "deferred_sgd_mom_update",
      .doc = R"(the rows of grad, after the steps that each has missed:
g = clip(rescale_grad * grad, clip_gradient)
mom = momentum * mom - lr * wd * weight - lr * g
out = weight + mom
and later, when they are needed, the others, with g = 0)",
      .attrs = AttrsTypeOf<DeferredSgdMomUpdateAttrs>(),
      .inputs = {InputDef("weight", Access::kUpdate).Takes(Rows::kDeferred),
                 {"grad"},
                 InputDef("mom", Access::kMutate).Takes(Rows::kDeferred),
                 {"last", Access::kMutate},
                 {"history", Access::kMutate},
                 {"step", Access::kMutate}},
      .shape = [](ShapeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(InferStates(node, kUpdatePlaces));
        MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.input(0)));
        MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(1)));
        return node.MergeOutput(0, node.input(0));
      },
      .dtype = [](DTypeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(1)));
        MINNOW_RETURN_IF_ERROR(InferStateTypes(node, kUpdatePlaces));
        return node.MergeInput(1, node.input(0));
      },
      .kernels = AnyKernels<DeferredSgdMomUpdate>(FloatTypes()),
      .fails_on_data = true,
  };
}

OpDef DeferredFlushOp() {
  return {
      .name = "deferred_flush",
      .doc = "out = weight, and mom, after the steps that each row has missed",
      .inputs = {InputDef("weight", Access::kUpdate).Takes(Rows::kFlushed),
                 InputDef("mom", Access::kMutate).Takes(Rows::kFlushed),
                 {"last", Access::kMutate},
                 "history",
                 "step"},
      .shape = [](ShapeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(InferStates(node, kRowsPlaces));
        return node.MergeOutput(0, node.input(0));
      },
      .dtype =
          [](DTypeInference& node) {
            return InferStateTypes(node, kRowsPlaces);
          },
      .kernels = AnyKernels<DeferredFlush>(FloatTypes()),
      .fails_on_data = true,
  };
}

}  // namespace

DeferredWeight MakeDeferred(Symbol weight, int64_t num_steps) {
  DeferredWeight result;
  result.weight = weight;
  if (weight.omitted() || weight.failed()) return result;
  GraphBuilder& builder = *weight.builder;
  const auto fail = [&](absl::Status status) {
    const Symbol failed = builder.Fail(std::move(status));
    return DeferredWeight{failed, failed, failed, failed, failed};
  };
  const Node& variable = builder.node(weight.at.node);
  if (!variable.is_variable()) {
    return fail(absl::InvalidArgumentError(absl::StrCat(
        "deferred weight: expected a variable, found ", variable.Describe())));
  }
  if (num_steps <= 0 || num_steps % DeferredHistory<double>::kBlock != 0) {
    return fail(absl::InvalidArgumentError(absl::StrCat(
        "deferred weight '", variable.name,
        "': expected a history of a positive multiple of ",
        DeferredHistory<double>::kBlock, " steps, found ", num_steps)));
  }
  const std::string name = variable.name;
  result.mom = builder.Variable(absl::StrCat(name, "_mom"));
  result.last = builder.Variable(absl::StrCat(name, "_last"));
  result.history =
      builder.Variable(absl::StrCat(name, "_history"),
                       {.shape = DeferredHistory<double>::ShapeFor(num_steps)});
  result.step = builder.Variable(absl::StrCat(name, "_step"));
  return result;
}

namespace op {

Symbol DeferredRows(const DeferredWeight& w, Symbol ids, NodeOptions options) {
  return Compose("deferred_rows",
                 {w.weight, w.mom, w.last, w.history, w.step, ids}, {},
                 std::move(options));
}

Symbol DeferredSgdMomUpdate(const DeferredWeight& w, Symbol grad,
                            const DeferredSgdMomUpdateAttrs& attrs,
                            NodeOptions options) {
  if (options.out.omitted()) options.out = w.weight;
  return Compose("deferred_sgd_mom_update",
                 {w.weight, grad, w.mom, w.last, w.history, w.step}, attrs,
                 std::move(options));
}

Symbol DeferredFlush(const DeferredWeight& w, NodeOptions options) {
  if (options.out.omitted()) options.out = w.weight;
  return Compose("deferred_flush", {w.weight, w.mom, w.last, w.history, w.step},
                 {}, std::move(options));
}

}  // namespace op

std::vector<OpDef> DeferredOps() {
  std::vector<OpDef> ops = DeferredRowsOps();
  ops.push_back(DeferredSgdMomUpdateOp());
  ops.push_back(DeferredFlushOp());
  return ops;
}

}  // namespace minnow
