// Kernels that are compiled once for elements of many types, which they get as
// values.
//
//   absl::Status Take(const RunContext& context, const TakeAttrs& attrs,
//                     const Lines& lines, AnyIn<0> a, AnyIn<1> indices,
//                     AnyOut<0> out);
//
//   .kernels = AnyKernels<Take, PrepareTake>(AllTypes(), NumberTypes())
//
// There is a kernel for each type of the first list with each one of the
// second. AnyIn<i> and AnyOut<i> are dense arrays of elements of the i-th type,
// others below are sparse; `prepare` may take the types of all arguments.
// A function that computes with elements calls VisitDType for each block of
// them; one that only moves them calls VisitSize.
#ifndef MINNOW_OPS_ANY_DTYPE_H_
#define MINNOW_OPS_ANY_DTYPE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/dtype.h"
#include "minnow/core/status.h"
#include "minnow/core/thread_pool.h"
#include "minnow/core/view.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/convert_elements.h"

namespace minnow {

// A dense array that is read.
struct AnyConstArray {
  DType dtype;
  const void* data;
  int64_t size;
  absl::Span<const int64_t> dims;

  int64_t element_size() const {
    return static_cast<int64_t>(DTypeSize(dtype));
  }
  template <typename T>
  const T* as() const {
    return static_cast<const T*>(data);
  }
  const void* at(int64_t i) const {
    return static_cast<const std::byte*>(data) + i * element_size();
  }
};

// A dense array that is written.
struct AnyArray {
  DType dtype;
  void* data;
  int64_t size;
  absl::Span<const int64_t> dims;

  int64_t element_size() const {
    return static_cast<int64_t>(DTypeSize(dtype));
  }
  template <typename T>
  T* as() const {
    return static_cast<T*>(data);
  }
  void* at(int64_t i) const {
    return static_cast<std::byte*>(data) + i * element_size();
  }
};

// A row_sparse array. Its values are reached through `array`.
struct AnyRowSparse {
  DType dtype;
  absl::Span<const int64_t> dims;
  ArrayData* array;

  int64_t row_size() const { return internal::RowSize(dims); }
  int64_t row_bytes() const {
    return row_size() * static_cast<int64_t>(DTypeSize(dtype));
  }
};

// The same with rows that are found by number; see RowTable.
struct AnyRowTable : AnyRowSparse {};

// Parameters of kernels. They stand for arrays of the type of this number.
template <size_t number>
struct AnyIn : AnyConstArray {};
template <size_t number>
struct AnyOut : AnyArray {};
// With rows that ascend; see RowSparse.
template <size_t number>
struct AnyRowSparseIn : AnyRowSparse {};
template <size_t number>
struct AnyRowSparseOut : AnyRowSparse {};
template <size_t number>
struct AnyRowTableIn : AnyRowTable {};
template <size_t number>
struct AnyRowTableOut : AnyRowTable {};

namespace internal {

template <typename V, size_t number, bool writes>
struct AnyTraits {
  static constexpr bool kIsSparse = std::is_base_of_v<AnyRowSparse, V>;
  static constexpr size_t kNumber = number;
  // A place for the types that AnyKernels() has.
  static constexpr DType kDType = DType::kFloat32;
  static constexpr StorageType kStorage =
      kIsSparse ? StorageType::kRowSparse : StorageType::kDense;
  static constexpr bool kWrites = writes;
  static constexpr bool kIsList = false;

  static V Of(const ArrayRef& ref, DType dtype) {
    V view;
    view.dtype = dtype;
    view.dims = ref.dims;
    if constexpr (!kIsSparse) {
      view.data = ref.values;
      view.size = ref.size;
    } else {
      view.array = ref.sparse;
      if constexpr (std::is_base_of_v<AnyRowTable, V>) {
        IndexRows(*view.array);
      } else {
        SortRows(view.row_bytes(), *view.array);
      }
    }
    return view;
  }
};

}  // namespace internal

template <size_t number>
struct ViewTraits<AnyIn<number>>
    : internal::AnyTraits<AnyIn<number>, number, false> {};
template <size_t number>
struct ViewTraits<AnyOut<number>>
    : internal::AnyTraits<AnyOut<number>, number, true> {};
template <size_t number>
struct ViewTraits<AnyRowSparseIn<number>>
    : internal::AnyTraits<AnyRowSparseIn<number>, number, false> {};
template <size_t number>
struct ViewTraits<AnyRowSparseOut<number>>
    : internal::AnyTraits<AnyRowSparseOut<number>, number, true> {};
template <size_t number>
struct ViewTraits<AnyRowTableIn<number>>
    : internal::AnyTraits<AnyRowTableIn<number>, number, false> {};
template <size_t number>
struct ViewTraits<AnyRowTableOut<number>>
    : internal::AnyTraits<AnyRowTableOut<number>, number, true> {};

// Calls f.operator()<U>() with the unsigned type of so many bytes: 1, 2, 4 or
// 8.
template <typename F>
void VisitSize(int64_t bytes, const F& f) {
  switch (bytes) {
    case 1:
      return f.template operator()<uint8_t>();
    case 2:
      return f.template operator()<uint16_t>();
    case 4:
      return f.template operator()<uint32_t>();
    default:
      return f.template operator()<uint64_t>();
  }
}

// The bytes of one element of any type; zeros, if not set.
struct AnyElement {
  uint64_t bytes = 0;

  // U has the size of the element.
  template <typename U>
  U as() const {
    U element;
    std::memcpy(&element, &bytes, sizeof(U));
    return element;
  }
};
AnyElement ElementOf(DType dtype, double value);

// The `count` elements from `begin` on become this one.
void FillElements(const AnyArray& out, int64_t begin, int64_t count,
                  AnyElement element);
// All elements do.
void FillAll(ThreadPool& threads, const AnyArray& out, AnyElement element);

// The `count` elements from `begin` on, converted to the type To.
template <typename To>
void LoadElements(const AnyConstArray& from, int64_t begin, int64_t count,
                  To* to) {
  ConvertElements(from.dtype, from.at(begin), DTypeOf<To>, to, count);
}

namespace internal {

// For each parameter of a kernel's function the number of its type, or
// kOneType.
inline constexpr int8_t kOneType = -1;

template <typename P>
constexpr int8_t NumberOf() {
  if constexpr (AnyView<P>) {
    return ViewTraits<P>::kNumber;
  } else {
    return kOneType;
  }
}

template <typename... Params>
constexpr std::array<int8_t, sizeof...(Params)> NumbersOf(
    absl::Status (*)(const RunContext&, Params...)) {
  return {NumberOf<Params>()...};
}

// `kernel` for each of `first` with each of `second`. The arguments are the
// last ones of the parameters that have these numbers.
std::vector<Kernel> MakeAnyKernels(const Kernel& kernel,
                                   absl::Span<const int8_t> numbers,
                                   absl::Span<const DType> first,
                                   absl::Span<const DType> second);

template <auto fn, auto prepare>
constexpr Kernel AnyKernel() {
  if constexpr (std::is_null_pointer_v<decltype(prepare)>) {
    return KernelOf<fn>();
  } else {
    return KernelOf<fn, prepare>();
  }
}

}  // namespace internal

// A kernel for each pair of types, in the order of the first ones; `fn` and
// `prepare` are as in KernelOf. A type that no argument has counts for nothing.
template <auto fn, auto prepare = nullptr, typename... T, typename... U>
std::vector<Kernel> AnyKernels(Types<T...>, Types<U...>,
                               bool (*when)(const Attrs& attrs) = nullptr) {
  static constexpr Kernel kKernel = internal::AnyKernel<fn, prepare>();
  static constexpr auto kNumbers = internal::NumbersOf(fn);
  static constexpr DType kFirst[] = {DTypeOf<T>...};
  static constexpr DType kSecond[] = {DTypeOf<U>...};
  return internal::MakeAnyKernels(Kernel(kKernel).When(when), kNumbers, kFirst,
                                  kSecond);
}

// The same where all arguments have one type.
template <auto fn, auto prepare = nullptr, typename... T>
std::vector<Kernel> AnyKernels(Types<T...> types,
                               bool (*when)(const Attrs& attrs) = nullptr) {
  return AnyKernels<fn, prepare>(types, Types<float>(), when);
}

}  // namespace minnow

#endif  // MINNOW_OPS_ANY_DTYPE_H_
