// Products along some axes, and sums and products that pass over NaN.
//
//   Symbol product = op::Prod(x);                    // Of shape (1,).
//   Symbol total = op::NanSum(x, {.axis = {{1}}});
#ifndef MINNOW_OPS_PROD_H_
#define MINNOW_OPS_PROD_H_

#include "minnow/ops/reduce.h"

namespace minnow {
namespace op {

inline constexpr ReduceComposer Prod{"prod"};
inline constexpr ReduceComposer NanSum{"nansum"};
inline constexpr ReduceComposer NanProd{"nanprod"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_PROD_H_
