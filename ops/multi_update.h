// Kernels of update rules (update.h) for many weights at once: operators with
// groups of weight, gradient and states.
//
//   .groups = {.size = 3, .num_shared = 0},
//   .kernels = MultiUpdateKernels<SgdMomRule, MultiSgdMomUpdateAttrs, 1>()
//
// All groups that are dense are updated in one parallel loop over all of their
// elements, so that small weights cost little more than their elements. A
// row_sparse gradient updates its rows, and no others.
//
// Each group has its own learning rate and weight decay: `lrs` and `wds`, which
// are attributes, or arrays that all groups share (`Shared`).
#ifndef MINNOW_OPS_MULTI_UPDATE_H_
#define MINNOW_OPS_MULTI_UPDATE_H_

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/ops/update_kernels.h"

namespace minnow {
namespace internal {

// How the elements of many weights are cut into blocks of equal size, each of
// parts of weights.
struct GroupBlocks {
  struct Part {
    size_t group;
    int64_t begin, end;
  };
  std::vector<Part> parts;
  std::vector<size_t> ends;  // Of each block among the parts.
};

// `shapes` are those of groups of so many arguments, then of shared ones.
template <size_t group_size, size_t num_shared>
absl::StatusOr<GroupBlocks> CutGroups(const Attrs&,
                                      absl::Span<const Shape> shapes) {
  GroupBlocks blocks;
  int64_t room = kUpdateGrain;
  for (size_t group = 0; (group + 1) * group_size + num_shared <= shapes.size();
       ++group) {
    const int64_t n = shapes[group * group_size].num_elements();
    for (int64_t begin = 0; begin < n;) {
      const int64_t end = std::min(n, begin + room);
      blocks.parts.push_back({group, begin, end});
      room -= end - begin;
      begin = end;
      if (room > 0) continue;
      blocks.ends.push_back(blocks.parts.size());
      room = kUpdateGrain;
    }
  }
  if (room < kUpdateGrain) blocks.ends.push_back(blocks.parts.size());
  return blocks;
}

struct Rates {
  float lr, wd;
};
template <typename A>
Rates RatesOf(const A& attrs, int32_t group) {
  return {attrs.lrs.get()[group], attrs.wds.get()[group]};
}
template <typename A>
Rates RatesOf(const A&, int32_t group, Dense<const float> lrs,
              Dense<const float> wds) {
  return {lrs.data()[group], wds.data()[group]};
}

// The rule of one group.
template <typename Rule, typename A, typename... Shared>
Rule RuleOf(const A& attrs, int32_t group, const Shared&... shared) {
  const Rates rates = RatesOf(attrs, group, shared...);
  typename Rule::Attrs own = {.lr = rates.lr};
  own.wd = rates.wd;
  own.rescale_grad = attrs.rescale_grad;
  own.clip_gradient = attrs.clip_gradient;
  if constexpr (requires { own.momentum; }) own.momentum = attrs.momentum;
  return Rule(own);
}

template <typename Rule, typename Weight, typename T, typename... State>
void UpdatePart(const Rule& rule, int64_t begin, int64_t end, Weight weight,
                Dense<const T> grad, State... state) {
  Vectorize([=]() MINNOW_INLINE {
    UpdateElements(rule, end - begin, At(weight, begin), grad.data() + begin,
                   state.data() + begin...);
  });
}

template <typename Rule, Precision precision, typename A, typename GroupsView,
          typename... Shared>
absl::Status UpdateDenseGroups(const RunContext& context, const A& attrs,
                               const GroupBlocks& blocks, GroupsView groups,
                               Shared... shared) {
  context.threads->Run(
      static_cast<int64_t>(blocks.ends.size()), [&](int64_t block) {
        for (size_t i = block == 0 ? 0 : blocks.ends[block - 1];
             i < blocks.ends[block]; ++i) {
          const GroupBlocks::Part& part = blocks.parts[i];
          const auto rule =
              RuleOf<Rule>(attrs, groups.number(part.group), shared...);
          groups.Visit(part.group, [&](auto... args) {
            WithRuleArgs<precision>(
                [&](auto... of_rule) {
                  UpdatePart(rule, part.begin, part.end, of_rule...);
                },
                args...);
          });
        }
      });
  return absl::OkStatus();
}

template <typename Rule, Precision precision, typename A, typename GroupsView,
          typename... Shared>
absl::Status UpdateRowSparseGroups(const RunContext& context, const A& attrs,
                                   GroupsView groups, Shared... shared) {
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto rule = RuleOf<Rule>(attrs, groups.number(i), shared...);
    MINNOW_RETURN_IF_ERROR(groups.Visit(i, [&](auto... args) {
      return WithRuleArgs<precision>(
          [&](auto... of_rule) {
            return UpdateRows<RowsToUpdate::kListed>(*context.threads, rule,
                                                     of_rule...);
          },
          args...);
    }));
  }
  return absl::OkStatus();
}

// The views of a group.
template <template <typename> class Weight, template <typename> class Grad,
          template <typename> class State, typename T, typename S, size_t... i>
Groups<Weight<T>, Grad<const T>, Repeated<State<S>, i>...> GroupsOf(
    std::index_sequence<i...>);

}  // namespace internal

// For a rule with `num_states` states, besides weight32 in mixed precision.
template <template <typename> class Rule, typename A, size_t num_states,
          Precision precision, typename... Shared>
std::vector<Kernel> MultiUpdateKernels() {
  using States =
      std::make_index_sequence<num_states + (precision == Precision::kMixed)>;
  const auto row_sparse = []<template <typename> class View>() {
    return KernelsFor(FloatTypes(), []<typename T>() {
      using S = internal::StateType<precision, T>;
      using Views =
          decltype(internal::GroupsOf<View, RowSparse, View, T, S>(States()));
      return KernelOf<internal::UpdateRowSparseGroups<
          Rule<internal::RuleType<precision, T>>, precision, A, Views,
          Shared...>>();
    });
  };
  return Joined(
      KernelsFor(
          FloatTypes(),
          []<typename T>() {
            using S = internal::StateType<precision, T>;
            using Views =
                decltype(internal::GroupsOf<Dense, Dense, Dense, T, S>(
                    States()));
            return KernelOf<
                internal::UpdateDenseGroups<
                    Rule<internal::RuleType<precision, T>>, precision, A, Views,
                    Shared...>,
                internal::CutGroups<2 + States::size(), sizeof...(Shared)>>();
          }),
      NotForFallback(Joined(row_sparse.template operator()<Dense>(),
                            row_sparse.template operator()<RowTable>())));
}

}  // namespace minnow

#endif  // MINNOW_OPS_MULTI_UPDATE_H_
