// Kernels of update rules (update.h).
//
//   .kernels = UpdateKernels<SgdMomRule>()
//
// gives those for each storage of weight, gradient and states that
// update_arrays.h has. For row_sparse gradients they are lazy, so that rows
// without a gradient stay as they are, if the attribute `lazy_update` says so.
// With a row_sparse weight and dense states all rows are updated, lazy or not:
// lazy asks for weight and states alike.
//
// Operators that have no kernels for row_sparse gradients take
// DenseUpdateKernels, those for which all updates are lazy also
// ListedRowsKernels.
#ifndef MINNOW_OPS_UPDATE_KERNELS_H_
#define MINNOW_OPS_UPDATE_KERNELS_H_

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/graph/kernel.h"
#include "minnow/ops/update.h"
#include "minnow/ops/update_arrays.h"

namespace minnow {
namespace internal {

template <template <typename> class Rule, UpdateFormat format>
absl::Status RunUpdateKernel(const RunContext& context, const void* attrs,
                             absl::Span<const ArrayRef* const> args) {
  using R = Rule<std::conditional_t<format.in_double(), double, float>>;
  const R rule(*static_cast<const typename R::Attrs*>(attrs));
  return Update(*context.threads, UpdateRule(rule), format, args);
}

// Of dense arrays.
template <template <typename> class Rule, UpdateFormat format>
void UpdateSomeElements(const void* attrs, const ElementsRef* args, int64_t n) {
  using R = Rule<std::conditional_t<format.in_double(), double, float>>;
  const R rule(*static_cast<const typename R::Attrs*>(attrs));
  UpdateElements(UpdateRule(rule), format, args, n);
}

using KernelRun = absl::Status (*)(const RunContext& context, const void* attrs,
                                   absl::Span<const ArrayRef* const> args);

// The kernels of one format for float32, float64, float16 and bfloat16.
std::vector<Kernel> KernelsOfFormat(const UpdateFormat& format,
                                    size_t num_states,
                                    const std::array<KernelRun, 4>& runs);

// Those of 16 bits are computed in float32 and rounded once.
template <template <typename> class Rule, UpdateFormat format>
std::vector<Kernel> KernelsOfFormat() {
  return KernelsOfFormat(format, kNumStates<Rule<float>>,
                         {RunUpdateKernel<Rule, format.Of(DType::kFloat32)>,
                          RunUpdateKernel<Rule, format.Of(DType::kFloat64)>,
                          RunUpdateKernel<Rule, format.Of(DType::kFloat16)>,
                          RunUpdateKernel<Rule, format.Of(DType::kBFloat16)>});
}

template <typename A>
bool IsLazy(const Attrs& attrs) {
  return attrs.As<A>().lazy_update;
}

}  // namespace internal

// Kernels that do not compute what the dense one would, so that inputs are not
// converted for them.
std::vector<Kernel> NotForFallback(std::vector<Kernel> kernels);

template <template <typename> class Rule, Precision precision = Precision::kOwn>
std::vector<Kernel> DenseUpdateKernels() {
  constexpr UpdateFormat kFormat = UpdateFormat::Dense(precision);
  std::vector<Kernel> kernels = internal::KernelsOfFormat<Rule, kFormat>();
  const auto set_elements = [&]<DType... dtype>() {
    size_t i = 0;
    ((kernels[i++].elements =
          internal::UpdateSomeElements<Rule, kFormat.Of(dtype)>),
     ...);
  };
  set_elements.template operator()<DType::kFloat32, DType::kFloat64,
                                   DType::kFloat16, DType::kBFloat16>();
  return kernels;
}

// Updates the rows of a row_sparse gradient, and no others.
template <template <typename> class Rule, Precision precision = Precision::kOwn>
std::vector<Kernel> ListedRowsKernels() {
  using internal::KernelsOfFormat;
  return NotForFallback(Joined(
      {KernelsOfFormat<Rule, UpdateFormat::ListedRows(StorageType::kDense,
                                                      precision)>(),
       KernelsOfFormat<Rule, UpdateFormat::ListedRows(StorageType::kRowSparse,
                                                      precision)>()}));
}

// Updates all rows by a row_sparse gradient.
template <template <typename> class Rule, Precision precision = Precision::kOwn>
std::vector<Kernel> AllRowsKernels() {
  using internal::KernelsOfFormat;
  std::vector<Kernel> kernels = Joined(
      {KernelsOfFormat<Rule,
                       UpdateFormat::AllRows(StorageType::kDense, precision)>(),
       KernelsOfFormat<Rule, UpdateFormat::AllRows(StorageType::kRowSparse,
                                                   precision)>()});
  if constexpr (internal::kNumStates<Rule<float>> != 0 &&
                precision == Precision::kOwn) {
    return Joined(
        {kernels,
         NotForFallback(KernelsOfFormat<Rule, UpdateFormat::DenseStates()>())});
  }
  return kernels;
}

// All of them, for a rule whose attributes have `lazy_update`.
template <template <typename> class Rule, Precision precision = Precision::kOwn>
std::vector<Kernel> UpdateKernels() {
  return Joined({DenseUpdateKernels<Rule, precision>(),
                 KernelsWhen(internal::IsLazy<typename Rule<float>::Attrs>,
                             ListedRowsKernels<Rule, precision>()),
                 AllRowsKernels<Rule, precision>()});
}

}  // namespace minnow

#endif  // MINNOW_OPS_UPDATE_KERNELS_H_
