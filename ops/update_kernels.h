// Kernels of update rules (update.h).
//
//   .kernels = UpdateKernels<SgdMomRule, 1>()
//
// gives, for weight, gradient and states:
//
//   dense, dense, dense                      each element
//   dense, row_sparse, dense                 lazy: the rows of the gradient;
//                                            else all: those without a gradient
//                                            take 0 for it
//   row_sparse, row_sparse, row_sparse       the same, among stored rows; rows
//                                            of the gradient that are not
//                                            stored yet are created
//   row_sparse, row_sparse, dense            all rows, lazy or not: lazy asks
//                                            for weight and states alike
//
// Lazy is what the attribute `lazy_update` says. Operators that have no kernels
// for row_sparse gradients take DenseUpdateKernels, those for which all updates
// are lazy also ListedRowsKernels.
//
// In mixed precision an operator has one more state, the last one: `weight32`.
// All states are float32, and rules work on them. The storages are the same but
// the last row.
#ifndef MINNOW_OPS_UPDATE_KERNELS_H_
#define MINNOW_OPS_UPDATE_KERNELS_H_

#include <tuple>
#include <utility>
#include <vector>

#include "minnow/core/half.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/row_update.h"
#include "minnow/ops/update.h"

namespace minnow {

enum class Precision { kOwn, kMixed };

namespace internal {

// The type that a rule computes with, and that of the states.
template <Precision precision, typename T>
using RuleType =
    std::conditional_t<precision == Precision::kMixed, float, ComputeType<T>>;
template <Precision precision, typename T>
using StateType = std::conditional_t<precision == Precision::kMixed, float, T>;

template <RowsToUpdate rows, typename Rule, typename Weight, typename T,
          typename... State>
absl::Status UpdateBy(ThreadPool& threads, const Rule& rule, Weight weight,
                      Dense<const T> grad, State... state) {
  return UpdateDense(threads, rule, weight, grad, state...);
}
template <RowsToUpdate rows, typename Rule, typename Weight, typename T,
          typename... State>
absl::Status UpdateBy(ThreadPool& threads, const Rule& rule, Weight weight,
                      RowSparse<const T> grad, State... state) {
  return UpdateRows<rows>(threads, rule, weight, grad, state...);
}

// Calls f(weight, gradient, states...) with the arguments of an operator: in
// mixed precision the last one belongs to the weight.
template <Precision precision, typename F, typename Weight, typename Grad,
          typename... State>
MINNOW_INLINE inline auto WithRuleArgs(const F& f, Weight weight, Grad grad,
                                       State... state) {
  if constexpr (precision == Precision::kOwn) {
    return f(weight, grad, state...);
  } else {
    constexpr size_t kMaster = sizeof...(State) - 1;
    const std::tuple<State...> states(state...);
    return [&]<size_t... i>(std::index_sequence<i...>) MINNOW_INLINE {
      return f(Mixed{weight, std::get<kMaster>(states)}, grad,
               std::get<i>(states)...);
    }
    (std::make_index_sequence<kMaster>());
  }
}

// The kernel of any storages.
template <template <typename> class Rule, Precision precision,
          RowsToUpdate rows, typename T, typename Weight, typename Grad,
          typename... State>
absl::Status UpdateKernel(
    const RunContext& context,
    const typename Rule<RuleType<precision, T>>::Attrs& attrs, Weight weight,
    Grad grad, State... state) {
  const Rule<RuleType<precision, T>> rule(attrs);
  return WithRuleArgs<precision>(
      [&](auto w, auto g, auto... s) {
        return UpdateBy<rows>(*context.threads, rule, w, g, s...);
      },
      weight, grad, state...);
}

template <typename View, size_t>
using Repeated = View;

// The kernels of one combination of storages.
template <template <typename> class Rule, size_t num_states,
          Precision precision, template <typename> class Weight,
          template <typename> class Grad, template <typename> class State,
          RowsToUpdate rows = RowsToUpdate::kListed>
std::vector<Kernel> KernelsOfStorages() {
  return KernelsFor(FloatTypes(), []<typename T>() {
    return []<size_t... i>(std::index_sequence<i...>) {
      return KernelOf<
          UpdateKernel<Rule, precision, rows, T, Weight<T>, Grad<const T>,
                       Repeated<State<StateType<precision, T>>, i>...>>();
    }
    (std::make_index_sequence<num_states + (precision == Precision::kMixed)>());
  });
}

template <typename A>
bool IsLazy(const Attrs& attrs) {
  return attrs.As<A>().lazy_update;
}

}  // namespace internal

// The first kernels, then the others.
template <typename... More>
std::vector<Kernel> Joined(std::vector<Kernel> kernels, More... more) {
  const auto add = [&](std::vector<Kernel>& from) {
    std::move(from.begin(), from.end(), std::back_inserter(kernels));
  };
  (add(more), ...);
  return kernels;
}

// The dense kernels of a rule, for all floating types; those of 16 bits are
// computed in float32 and rounded once.
template <template <typename> class Rule, size_t num_states,
          Precision precision = Precision::kOwn>
std::vector<Kernel> DenseUpdateKernels() {
  return internal::KernelsOfStorages<Rule, num_states, precision, Dense, Dense,
                                     Dense>();
}

// Kernels that do not compute what the dense one would, so that inputs are not
// converted for them.
inline std::vector<Kernel> NotForFallback(std::vector<Kernel> kernels) {
  for (Kernel& kernel : kernels) kernel.for_fallback = false;
  return kernels;
}

// Updates the rows of a row_sparse gradient, and no others.
template <template <typename> class Rule, size_t num_states,
          Precision precision = Precision::kOwn>
std::vector<Kernel> ListedRowsKernels() {
  return NotForFallback(
      Joined(internal::KernelsOfStorages<Rule, num_states, precision, Dense,
                                         RowSparse, Dense>(),
             internal::KernelsOfStorages<Rule, num_states, precision, RowTable,
                                         RowSparse, RowTable>()));
}

// Updates all rows by a row_sparse gradient.
template <template <typename> class Rule, size_t num_states,
          Precision precision = Precision::kOwn>
std::vector<Kernel> AllRowsKernels() {
  using internal::KernelsOfStorages;
  constexpr RowsToUpdate kAll = RowsToUpdate::kAll;
  std::vector<Kernel> kernels =
      Joined(KernelsOfStorages<Rule, num_states, precision, Dense, RowSparse,
                               Dense, kAll>(),
             KernelsOfStorages<Rule, num_states, precision, RowTable, RowSparse,
                               RowTable, kAll>());
  if constexpr (num_states > 0 && precision == Precision::kOwn) {
    return Joined(std::move(kernels),
                  KernelsOfStorages<Rule, num_states, precision, RowTable,
                                    RowSparse, Dense, kAll>());
  }
  return kernels;
}

// All of them, for a rule whose attributes have `lazy_update`.
template <template <typename> class Rule, size_t num_states,
          Precision precision = Precision::kOwn>
std::vector<Kernel> UpdateKernels() {
  std::vector<Kernel> lazy = ListedRowsKernels<Rule, num_states, precision>();
  for (Kernel& kernel : lazy) {
    kernel.when = internal::IsLazy<typename Rule<float>::Attrs>;
  }
  return Joined(DenseUpdateKernels<Rule, num_states, precision>(),
                std::move(lazy), AllRowsKernels<Rule, num_states, precision>());
}

}  // namespace minnow

#endif  // MINNOW_OPS_UPDATE_KERNELS_H_
