#include "minnow/core/dtype.h"

#include "absl/strings/str_cat.h"

namespace minnow {

size_t DTypeSize(DType dtype) {
  return VisitDType(dtype, []<typename T>() { return sizeof(T); });
}

bool IsFloating(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat64 ||
         dtype == DType::kFloat16 || dtype == DType::kBFloat16;
}

absl::string_view DTypeName(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "float32";
    case DType::kFloat64:
      return "float64";
    case DType::kFloat16:
      return "float16";
    case DType::kBFloat16:
      return "bfloat16";
    case DType::kInt8:
      return "int8";
    case DType::kUInt8:
      return "uint8";
    case DType::kInt32:
      return "int32";
    case DType::kInt64:
      return "int64";
    case DType::kBool:
      return "bool";
  }
  return "unknown";
}

absl::StatusOr<DType> ParseDType(absl::string_view name) {
  for (DType dtype : kAllDTypes) {
    if (name == DTypeName(dtype)) return dtype;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "expected a dtype (float32, float64, float16, bfloat16, int8, uint8, "
      "int32, int64 or bool), found '",
      name, "'"));
}

absl::StatusOr<DType> DTypeFromFlag(int64_t flag) {
  for (DType dtype : kAllDTypes) {
    if (flag == static_cast<int64_t>(dtype)) return dtype;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("dtype number ", flag, " is none that minnow has"));
}

absl::string_view StorageTypeName(StorageType type) {
  switch (type) {
    case StorageType::kDense:
      return "dense";
    case StorageType::kRowSparse:
      return "row_sparse";
    case StorageType::kCsr:
      return "csr";
  }
  return "unknown";
}

absl::StatusOr<StorageType> ParseStorageType(absl::string_view name) {
  if (name == "dense" || name == "default") return StorageType::kDense;
  if (name == "row_sparse") return StorageType::kRowSparse;
  if (name == "csr") return StorageType::kCsr;
  return absl::InvalidArgumentError(absl::StrCat(
      "expected a storage type (dense, row_sparse or csr), found '", name,
      "'"));
}

}  // namespace minnow
