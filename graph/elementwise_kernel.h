// Elementwise kernels: an element of the output depends on those of the inputs
// at the same place, and on no others.
//
// Their function computes some elements, which its caller chooses:
//
//   template <typename T>
//   void Square(const NoAttrs&, int64_t n, const T* x, T* y) {
//     for (int64_t i = 0; i < n; ++i) y[i] = x[i] * x[i];
//   }
//
//   .kernels = {ElementwiseKernelOf<Square<float>>()}
//
// So whole arrays are computed block by block, by all threads, and a chain of
// such kernels can run on a piece that stays in the cache (see fusion.h). An
// output may be the same memory as an input. An input that is an `Operand` may
// also be one element that counts for all.
#ifndef MINNOW_GRAPH_ELEMENTWISE_KERNEL_H_
#define MINNOW_GRAPH_ELEMENTWISE_KERNEL_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/graph/kernel.h"

namespace minnow {

// Elements of a block of work: far more than its dispatch costs, and few enough
// that a handful of streams fit into a second-level cache.
inline constexpr int64_t kElementwiseGrain = 1 << 15;

// The most arguments that an elementwise kernel has.
inline constexpr size_t kMaxElementwiseArgs = 8;

// An input of which one element may count for all.
template <typename T>
struct Operand {
  const T* data;
  bool repeated;
};

// Kernel::run of elementwise kernels: all dense arguments have one size.
absl::Status RunElementwise(const RunContext& context, const void* attrs,
                            absl::Span<const ArrayRef* const> args);

// The part of an argument that begins with element `begin`.
inline ElementsRef ElementsAt(const ArrayRef& arg, DType dtype, int64_t begin,
                              bool repeated = false) {
  auto* const data = static_cast<std::byte*>(arg.values);
  // An input that is not read may be no memory at all.
  if (data == nullptr || repeated) return {data, repeated};
  return {data + begin * static_cast<int64_t>(DTypeSize(dtype)), false};
}

namespace internal {

// A parameter of an elementwise function.
template <typename P>
struct ElementsParam;

template <typename T>
struct ElementsParam<T*> {
  static constexpr ArgType kType = {DTypeOf<std::remove_const_t<T>>,
                                    StorageType::kDense, !std::is_const_v<T>,
                                    /*is_list=*/false};
  static T* Of(const ElementsRef& ref) { return static_cast<T*>(ref.data); }
};

template <typename T>
struct ElementsParam<Operand<T>> {
  static constexpr ArgType kType = {DTypeOf<T>, StorageType::kDense,
                                    /*writes=*/false, /*is_list=*/false,
                                    /*repeats=*/true};
  static Operand<T> Of(const ElementsRef& ref) {
    return {static_cast<const T*>(ref.data), ref.repeated};
  }
};

template <auto fn, typename A, typename... Params>
constexpr Kernel MakeElementwiseKernel(void (*)(const A&, int64_t, Params...)) {
  static_assert(sizeof...(Params) <= kMaxElementwiseArgs);
  return {
      .args = {ElementsParam<Params>::kType...},
      .run = RunElementwise,
      .elements = [](const void* attrs, const ElementsRef* args, int64_t n) {
        [&]<size_t... i>(std::index_sequence<i...>) {
          fn(*static_cast<const A*>(attrs), n,
             ElementsParam<Params>::Of(args[i])...);
        }
        (std::index_sequence_for<Params...>());
      }};
}

}  // namespace internal

template <auto fn>
constexpr Kernel ElementwiseKernelOf() {
  return internal::MakeElementwiseKernel<fn>(fn);
}

}  // namespace minnow

#endif  // MINNOW_GRAPH_ELEMENTWISE_KERNEL_H_
