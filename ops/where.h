// where: a choice between two arrays, element by element or row by row.
//
//   Symbol y = op::Where(condition, a, b);  // y = condition != 0 ? a : b
#ifndef MINNOW_OPS_WHERE_H_
#define MINNOW_OPS_WHERE_H_

#include "minnow/graph/builder.h"

namespace minnow {

namespace op {

// The condition has the shape of x and y, or one dimension: a value for each of
// their rows.
Symbol Where(Symbol condition, Symbol x, Symbol y, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_WHERE_H_
