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
// second. AnyIn<i> and AnyOut<i> are dense arrays of elements of the i-th type.
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

template <size_t type>
struct AnyIn : AnyConstArray {
  static constexpr size_t kType = type;
  static constexpr bool kWrites = false;
};

template <size_t type>
struct AnyOut : AnyArray {
  static constexpr size_t kType = type;
  static constexpr bool kWrites = true;
};

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

struct AnyArg {
  size_t type;
  bool writes;
};

// Two types, and the code for them.
struct AnyCode {
  std::array<DType, 2> types;
  decltype(Kernel::run) run;
  decltype(Kernel::prepare) prepare;
};

std::vector<Kernel> MakeAnyKernels(absl::Span<const AnyArg> args,
                                   absl::Span<const AnyCode> codes,
                                   bool (*when)(const Attrs& attrs));

template <typename V>
concept AnyView = requires {
  V::kType;
};

template <typename V>
V AnyViewOf(const ArrayRef& ref, const std::array<DType, 2>& types) {
  return {{types[V::kType], ref.values, ref.size, ref.dims}};
}

// The arguments of a kernel, as these views.
template <AnyView... Views>
struct AnyArguments {
  static constexpr std::array<AnyArg, sizeof...(Views)> kArgs = {
      AnyArg{Views::kType, Views::kWrites}...};

  template <typename F>
  static absl::Status Pass(const F& f, absl::Span<const ArrayRef* const> args,
                           const std::array<DType, 2>& types) {
    return [&]<size_t... i>(std::index_sequence<i...>) {
      return f(AnyViewOf<Views>(*args[i], types)...);
    }
    (std::index_sequence_for<Views...>());
  }
};

// What the signature of a kernel says.
template <auto fn>
struct AnyCall;

template <typename A, AnyView... Views,
          absl::Status (*fn)(const RunContext&, const A&, Views...)>
struct AnyCall<fn> : AnyArguments<Views...> {
  static absl::Status Run(const RunContext& context, const void* attrs,
                          absl::Span<const ArrayRef* const> args,
                          const std::array<DType, 2>& types) {
    const auto call = [&](const Views&... views) {
      return fn(context, *static_cast<const A*>(attrs), views...);
    };
    return AnyArguments<Views...>::Pass(call, args, types);
  }
};

template <typename A, typename P, AnyView... Views,
          absl::Status (*fn)(const RunContext&, const A&, const P&, Views...)>
struct AnyCall<fn> : AnyArguments<Views...> {
  static absl::Status Run(const RunContext& context, const void* attrs,
                          absl::Span<const ArrayRef* const> args,
                          const std::array<DType, 2>& types) {
    const auto call = [&](const Views&... views) {
      return fn(context, *static_cast<const A*>(attrs),
                *static_cast<const P*>(context.prepared), views...);
    };
    return AnyArguments<Views...>::Pass(call, args, types);
  }
};

template <auto prepare, DType... types>
absl::StatusOr<Prepared> PrepareAnyOf(const Attrs& attrs,
                                      absl::Span<const Shape> shapes) {
  return Share(prepare(attrs, shapes, types...));
}

// The code for one pair of types only says which they are.
template <auto fn, auto prepare, DType first, DType second>
constexpr AnyCode AnyCodeOf() {
  AnyCode code = {{first, second}, nullptr, nullptr};
  code.run = [](const RunContext& context, const void* attrs,
                absl::Span<const ArrayRef* const> args) {
    return AnyCall<fn>::Run(context, attrs, args, {first, second});
  };
  if constexpr (std::is_null_pointer_v<decltype(prepare)>) {
    // Nothing to prepare.
  } else if constexpr (std::is_invocable_v<decltype(prepare), const Attrs&,
                                           absl::Span<const Shape>>) {
    code.prepare = Prepare<prepare>;
  } else if constexpr (std::is_invocable_v<decltype(prepare), const Attrs&,
                                           absl::Span<const Shape>, DType>) {
    code.prepare = PrepareAnyOf<prepare, first>;
  } else {
    code.prepare = PrepareAnyOf<prepare, first, second>;
  }
  return code;
}

}  // namespace internal

// A kernel for each pair of types, in the order of the first ones. `prepare` is
// as in KernelOf; after the shapes it may take the first type, or both.
template <auto fn, auto prepare = nullptr, typename... T, typename... U>
std::vector<Kernel> AnyKernels(Types<T...>, Types<U...>,
                               bool (*when)(const Attrs& attrs) = nullptr) {
  return [&]<size_t... i>(std::index_sequence<i...>) {
    static constexpr std::array kFirst = {DTypeOf<T>...};
    static constexpr std::array kSecond = {DTypeOf<U>...};
    static constexpr internal::AnyCode kCodes[] = {
        internal::AnyCodeOf<fn, prepare, kFirst[i / sizeof...(U)],
                            kSecond[i % sizeof...(U)]>()...};
    return internal::MakeAnyKernels(internal::AnyCall<fn>::kArgs, kCodes, when);
  }
  (std::make_index_sequence<sizeof...(T) * sizeof...(U)>());
}

// The same where all arguments have one type.
template <auto fn, auto prepare = nullptr, typename... T>
std::vector<Kernel> AnyKernels(Types<T...> types,
                               bool (*when)(const Attrs& attrs) = nullptr) {
  return AnyKernels<fn, prepare>(types, Types<float>(), when);
}

}  // namespace minnow

#endif  // MINNOW_OPS_ANY_DTYPE_H_
