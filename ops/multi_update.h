// Kernels of update rules (update.h) for many weights at once: operators with
// groups of weight, gradient and states.
//
//   .groups = {.size = 3, .num_shared = 0},
//   .kernels = MultiUpdateKernels<SgdMomRule, MultiSgdMomUpdateAttrs,
//                                 Precision::kOwn>()
//
// All groups that are dense are updated in one parallel loop over all of their
// elements, so that small weights cost little more than their elements. A
// row_sparse gradient updates its rows, and no others.
//
// Each group has its own learning rate and weight decay: `lrs` and `wds`, which
// are attributes, or else two arrays of float32 that all groups share.
#ifndef MINNOW_OPS_MULTI_UPDATE_H_
#define MINNOW_OPS_MULTI_UPDATE_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "minnow/graph/kernel.h"
#include "minnow/ops/update_kernels.h"

namespace minnow {
namespace internal {

struct Rates {
  float lr, wd;
};

// What sets a kernel for groups apart. Attributes are those of its operator.
struct MultiUpdate {
  UpdateFormat format;
  size_t group_size;
  // The rule of a group.
  UpdateRule (*rule)(const void* attrs, const Rates& rates);
  // Null: the last two arguments are `lrs` and `wds`.
  Rates (*rates)(const void* attrs, int32_t group);
};

absl::Status UpdateGroups(const RunContext& context, const MultiUpdate& update,
                          const void* attrs,
                          absl::Span<const ArrayRef* const> args);

// How dense weights are cut into blocks of work.
absl::StatusOr<Prepared> CutGroups(size_t group_size, size_t num_shared,
                                   absl::Span<const Shape> shapes);

template <typename A>
inline constexpr bool kHasRates = requires(const A& attrs) {
  attrs.lrs;
};

template <typename Rule, typename A>
UpdateRule RuleOfGroup(const void* untyped_attrs, const Rates& rates) {
  const A& attrs = *static_cast<const A*>(untyped_attrs);
  typename Rule::Attrs own = {.lr = rates.lr};
  own.wd = rates.wd;
  own.rescale_grad = attrs.rescale_grad;
  own.clip_gradient = attrs.clip_gradient;
  if constexpr (requires { own.momentum; }) own.momentum = attrs.momentum;
  return UpdateRule(Rule(own));
}

template <typename A>
Rates RatesOfGroup(const void* untyped_attrs, int32_t group) {
  const A& attrs = *static_cast<const A*>(untyped_attrs);
  return {attrs.lrs.get()[group], attrs.wds.get()[group]};
}

template <template <typename> class Rule, typename A>
MultiUpdate MultiUpdateOf(const UpdateFormat& format) {
  MultiUpdate update = {.format = format,
                        .group_size = format.NumArgs(kNumStates<Rule<float>>),
                        .rule = format.in_double()
                                    ? RuleOfGroup<Rule<double>, A>
                                    : RuleOfGroup<Rule<float>, A>,
                        .rates = nullptr};
  if constexpr (kHasRates<A>) update.rates = RatesOfGroup<A>;
  return update;
}

template <template <typename> class Rule, typename A, UpdateFormat format>
absl::Status RunGroups(const RunContext& context, const void* attrs,
                       absl::Span<const ArrayRef* const> args) {
  return UpdateGroups(context, MultiUpdateOf<Rule, A>(format), attrs, args);
}

template <size_t group_size, size_t num_shared>
absl::StatusOr<Prepared> PrepareGroups(const Attrs&,
                                       absl::Span<const Shape> shapes,
                                       const ArgTypes&) {
  return CutGroups(group_size, num_shared, shapes);
}

template <template <typename> class Rule, typename A, UpdateFormat format>
std::vector<Kernel> MultiKernelsOfFormat() {
  constexpr size_t kStates = kNumStates<Rule<float>>;
  constexpr size_t kShared = kHasRates<A> ? 0 : 2;
  std::vector<Kernel> kernels =
      KernelsOfFormat(format, kStates,
                      {RunGroups<Rule, A, format.Of(DType::kFloat32)>,
                       RunGroups<Rule, A, format.Of(DType::kFloat64)>,
                       RunGroups<Rule, A, format.Of(DType::kFloat16)>,
                       RunGroups<Rule, A, format.Of(DType::kBFloat16)>});
  for (Kernel& kernel : kernels) {
    kernel.args.extend(kernel.args.size() + kShared,
                       {DType::kFloat32, StorageType::kDense,
                        /*writes=*/false, /*is_list=*/false});
    if (format.grad == StorageType::kDense) {
      kernel.prepare = PrepareGroups<format.NumArgs(kStates), kShared>;
    }
  }
  return kernels;
}

}  // namespace internal

template <template <typename> class Rule, typename A, Precision precision>
std::vector<Kernel> MultiUpdateKernels() {
  using internal::MultiKernelsOfFormat;
  return Joined(
      {MultiKernelsOfFormat<Rule, A, UpdateFormat::Dense(precision)>(),
       NotForFallback(
           MultiKernelsOfFormat<Rule, A,
                                UpdateFormat::ListedRows(StorageType::kDense,
                                                         precision)>()),
       NotForFallback(
           MultiKernelsOfFormat<Rule, A,
                                UpdateFormat::ListedRows(
                                    StorageType::kRowSparse, precision)>())});
}

}  // namespace minnow

#endif  // MINNOW_OPS_MULTI_UPDATE_H_
