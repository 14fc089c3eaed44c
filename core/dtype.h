// Data types of array elements, and storage types of arrays.
//
//   DTypeName(DType::kFloat16);               // "float16"
//   ParseDType("int64");                      // DType::kInt64
//   DTypeOf<float>;                           // DType::kFloat32
//   VisitDType(dtype, [&]<typename T>() {     // T is float, double, ...
//     Fill<T>(array);
//   });
#ifndef MINNOW_CORE_DTYPE_H_
#define MINNOW_CORE_DTYPE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "minnow/core/half.h"

namespace minnow {

// The values are those of MXNet's files.
enum class DType : uint8_t {
  kFloat32 = 0,
  kFloat64 = 1,
  kFloat16 = 2,
  kUInt8 = 3,
  kInt32 = 4,
  kInt8 = 5,
  kInt64 = 6,
  kBool = 7,
  kBFloat16 = 12,
};

inline constexpr std::array kAllDTypes = {
    DType::kFloat32,  DType::kFloat64, DType::kFloat16,
    DType::kBFloat16, DType::kInt8,    DType::kUInt8,
    DType::kInt32,    DType::kInt64,   DType::kBool};

template <typename... T>
struct Types {};
using FloatTypes = Types<float, double, Float16, BFloat16>;
using NumberTypes =
    Types<float, double, Float16, BFloat16, int8_t, uint8_t, int32_t, int64_t>;
using AllTypes = Types<float, double, Float16, BFloat16, int8_t, uint8_t,
                       int32_t, int64_t, bool>;

namespace internal {
template <typename T>
struct DTypeOfImpl;
template <>
struct DTypeOfImpl<float> {
  static constexpr DType value = DType::kFloat32;
};
template <>
struct DTypeOfImpl<double> {
  static constexpr DType value = DType::kFloat64;
};
template <>
struct DTypeOfImpl<Float16> {
  static constexpr DType value = DType::kFloat16;
};
template <>
struct DTypeOfImpl<BFloat16> {
  static constexpr DType value = DType::kBFloat16;
};
template <>
struct DTypeOfImpl<int8_t> {
  static constexpr DType value = DType::kInt8;
};
template <>
struct DTypeOfImpl<uint8_t> {
  static constexpr DType value = DType::kUInt8;
};
template <>
struct DTypeOfImpl<int32_t> {
  static constexpr DType value = DType::kInt32;
};
template <>
struct DTypeOfImpl<int64_t> {
  static constexpr DType value = DType::kInt64;
};
template <>
struct DTypeOfImpl<bool> {
  static constexpr DType value = DType::kBool;
};
}  // namespace internal

template <typename T>
inline constexpr DType DTypeOf = internal::DTypeOfImpl<T>::value;

// Calls `f.operator()<T>()` with the element type of `dtype`.
template <typename F>
decltype(auto) VisitDType(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kFloat64:
      return f.template operator()<double>();
    case DType::kFloat16:
      return f.template operator()<Float16>();
    case DType::kBFloat16:
      return f.template operator()<BFloat16>();
    case DType::kInt8:
      return f.template operator()<int8_t>();
    case DType::kUInt8:
      return f.template operator()<uint8_t>();
    case DType::kInt32:
      return f.template operator()<int32_t>();
    case DType::kInt64:
      return f.template operator()<int64_t>();
    case DType::kBool:
      return f.template operator()<bool>();
    case DType::kFloat32:
      break;
  }
  return f.template operator()<float>();
}

// Bytes of one element.
size_t DTypeSize(DType dtype);
bool IsFloating(DType dtype);

// "float32", "bfloat16", "bool", ...: also how MXNet spells them.
absl::string_view DTypeName(DType dtype);
absl::StatusOr<DType> ParseDType(absl::string_view name);
// The inverse of the enum's values; an error for other numbers.
absl::StatusOr<DType> DTypeFromFlag(int64_t flag);

// How an array keeps its values: all of them, some of its rows, or compressed
// sparse rows. The values are those of MXNet's files.
enum class StorageType : uint8_t { kDense = 0, kRowSparse = 1, kCsr = 2 };

// "dense", "row_sparse", "csr".
absl::string_view StorageTypeName(StorageType type);
// Takes "default" for "dense", too.
absl::StatusOr<StorageType> ParseStorageType(absl::string_view name);

}  // namespace minnow

#endif  // MINNOW_CORE_DTYPE_H_
