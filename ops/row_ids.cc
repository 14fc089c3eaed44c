#include "minnow/ops/row_ids.h"

#include <algorithm>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "minnow/core/attr_value.h"
#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/ops/convert_elements.h"

namespace minnow {
namespace {

template <typename Id>
bool IsNaN(Id id) {
  return !(id == id);
}

template <typename Id>
bool IsRow(Id id, int64_t num_rows) {
  if constexpr (std::is_integral_v<Id>) {
    return static_cast<int64_t>(id) >= 0 && static_cast<int64_t>(id) < num_rows;
  } else {
    // Not true for a NaN. float32 rounds large numbers of rows, double does
    // not round those of arrays that fit into memory.
    const auto value = static_cast<double>(id);
    return value > -1 && value < static_cast<double>(num_rows);
  }
}

template <typename Id>
absl::Status BadId(absl::string_view argument, int64_t i, Id id,
                   absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(
      argument, "[", i, "]: expected ", expected, ", found ",
      std::is_integral_v<Id> ? absl::StrCat(Convert<int64_t>(id))
                             : AttrText(AttrScalar(static_cast<double>(id)))));
}

}  // namespace

absl::Status CheckRowIds(absl::string_view argument, const Ids& ids,
                         int64_t num_rows) {
  return VisitDType(ids.dtype, [&]<typename T>() -> absl::Status {
    using Id = ComputeType<T>;
    const T* const data = static_cast<const T*>(ids.data);
    for (int64_t i = 0; i < ids.size; ++i) {
      const Id id = static_cast<Id>(data[i]);
      if (IsRow(id, num_rows)) continue;
      return BadId(argument, i, id,
                   absl::StrCat("a row in [0,", num_rows, ")"));
    }
    return absl::OkStatus();
  });
}

absl::Status CheckRowIds(absl::string_view argument, const Ids& ids,
                         int64_t num_rows, TakeMode mode) {
  if (mode == TakeMode::kRaise) return CheckRowIds(argument, ids, num_rows);
  if (!IsFloating(ids.dtype)) return absl::OkStatus();
  return VisitDType(ids.dtype, [&]<typename T>() -> absl::Status {
    using Id = ComputeType<T>;
    const T* const data = static_cast<const T*>(ids.data);
    for (int64_t i = 0; i < ids.size; ++i) {
      const Id id = static_cast<Id>(data[i]);
      if (IsNaN(id)) return BadId(argument, i, id, "a number");
    }
    return absl::OkStatus();
  });
}

void LoadRows(const Ids& ids, TakeMode mode, int64_t num_rows, int64_t begin,
              int64_t count, int64_t* rows) {
  const auto* data = static_cast<const std::byte*>(ids.data) +
                     static_cast<size_t>(begin) * DTypeSize(ids.dtype);
  ConvertElements(ids.dtype, data, DType::kInt64, rows, count);
  switch (mode) {
    case TakeMode::kRaise:
      break;
    case TakeMode::kClip:
      for (int64_t i = 0; i < count; ++i) {
        rows[i] = std::clamp<int64_t>(rows[i], 0, num_rows - 1);
      }
      break;
    case TakeMode::kWrap:
      for (int64_t i = 0; i < count; ++i) {
        rows[i] %= num_rows;
        if (rows[i] < 0) rows[i] += num_rows;
      }
      break;
  }
}

absl::Status SameDTypeButIds(DTypeInference& node) {
  MINNOW_RETURN_IF_ERROR(SameDTypeOf(node, {0}));
  return node.num_inputs() == 3 ? node.MergeInput(2, node.input(0))
                                : absl::OkStatus();
}

}  // namespace minnow
