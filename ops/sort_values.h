// Sorts the elements of lines by keys alone: what sort does.
//
//   MINNOW_ASSIGN_OR_RETURN(
//       OrderPlan plan, PlanOrder(order, shape, ValueKeyBytes(dtype)));
//   SortValues(context, plan, data, out);
#ifndef MINNOW_OPS_SORT_VALUES_H_
#define MINNOW_OPS_SORT_VALUES_H_

#include <cstddef>

#include "minnow/core/dtype.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/ordering.h"

namespace minnow {

// Bytes of the key of an element.
size_t ValueKeyBytes(DType dtype);

// The lines of `out` are those of `data` in order.
void SortValues(const RunContext& context, const OrderPlan& plan,
                const AnyConstArray& data, const AnyArray& out);

}  // namespace minnow

#endif  // MINNOW_OPS_SORT_VALUES_H_
