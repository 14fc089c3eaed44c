// Numbers of rows, as operators find them in their inputs: of any type.
//
//   MINNOW_RETURN_IF_ERROR(CheckRowIds("ids", IdsOf(ids), num_rows));
//   int64_t rows[kTile];
//   LoadRows(IdsOf(ids), TakeMode::kRaise, num_rows, begin, count, rows);
//
// Fractions are cut off.
#ifndef MINNOW_OPS_ROW_IDS_H_
#define MINNOW_OPS_ROW_IDS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "minnow/core/attrs.h"
#include "minnow/core/dtype.h"
#include "minnow/core/view.h"
#include "minnow/graph/inference.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/any_dtype.h"

namespace minnow {

// What an id outside of [0, n) means: the nearest one, an error, or the one
// that is left after division by n.
enum class TakeMode : uint8_t { kClip, kRaise, kWrap };

inline absl::Span<const EnumName<TakeMode>> EnumNames(TakeMode) {
  static constexpr EnumName<TakeMode> kNames[] = {{TakeMode::kClip, "clip"},
                                                  {TakeMode::kRaise, "raise"},
                                                  {TakeMode::kWrap, "wrap"}};
  return kNames;
}

// An argument that holds ids.
struct Ids {
  DType dtype;
  const void* data;
  int64_t size;
};

inline Ids IdsOf(const AnyConstArray& ids) {
  return {ids.dtype, ids.data, ids.size};
}

template <typename Id>
Ids IdsOf(const Dense<const Id>& ids) {
  return {DTypeOf<Id>, ids.data(), ids.size()};
}

// An error unless each id is in [0, num_rows): "ids[1]: expected ...".
absl::Status CheckRowIds(absl::string_view argument, const Ids& ids,
                         int64_t num_rows);
// An error unless each id means a row in this mode, which a NaN never does.
absl::Status CheckRowIds(absl::string_view argument, const Ids& ids,
                         int64_t num_rows, TakeMode mode);

// The rows of the ids [begin, begin + count). In the mode kRaise they must have
// been checked.
// REQUIRES: num_rows > 0.
void LoadRows(const Ids& ids, TakeMode mode, int64_t num_rows, int64_t begin,
              int64_t count, int64_t* rows);

// The first output and the inputs have one type, but input 1, the ids, any.
absl::Status SameDTypeButIds(DTypeInference& node);

// The types that numbers of rows have where small ones would be a mistake.
using RowIdTypes = Types<int32_t, int64_t, float, double>;

}  // namespace minnow

#endif  // MINNOW_OPS_ROW_IDS_H_
