// Numbers of rows, as operators find them in their inputs.
#ifndef MINNOW_OPS_ROW_IDS_H_
#define MINNOW_OPS_ROW_IDS_H_

#include <cstdint>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/convert.h"
#include "minnow/core/dtype.h"
#include "minnow/core/view.h"
#include "minnow/graph/kernel.h"

namespace minnow {

// The types that numbers of rows have. Others would not hold large ones.
using RowIdTypes = Types<int32_t, int64_t, float, double>;

// An error unless each id is in [0, num_rows); fractions are cut off.
template <typename Id>
absl::Status CheckRowIds(const Dense<const Id>& ids, int64_t num_rows) {
  for (int64_t i = 0; i < ids.size(); ++i) {
    const Id id = ids.data()[i];
    if constexpr (std::is_integral_v<Id>) {
      if (id >= 0 && id < num_rows) continue;
    } else {
      // Not true for a NaN.
      if (id > -1 && id < static_cast<Id>(num_rows)) continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("ids[", i, "]: expected a row in [0,", num_rows,
                     "), found ", Convert<int64_t>(id)));
  }
  return absl::OkStatus();
}

// The kernels that make_kernel.operator()<T, Id>() returns, for each of the
// types and numbers of rows of any type.
template <typename... T, typename F>
std::vector<Kernel> KernelsForIds(Types<T...>, const F& make_kernel) {
  std::vector<Kernel> kernels;
  const auto add = [&]<typename U, typename... Id>(Types<Id...>) {
    (kernels.push_back(make_kernel.template operator()<U, Id>()), ...);
  };
  (add.template operator()<T>(RowIdTypes()), ...);
  return kernels;
}

}  // namespace minnow

#endif  // MINNOW_OPS_ROW_IDS_H_
