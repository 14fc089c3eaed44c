// Rows that a row_sparse weight gets when they are first asked for.
//
//   Symbol w = b.Variable("w", {.shape = {1000000, 16},
//                               .stype = StorageType::kRowSparse,
//                               .init = Initializer::Normal(0.01)});
//   Symbol rows = op::EnsureRows(w, ids);
//   Symbol x = op::Embedding(ids, rows, {...});
//
// An absent row of a weight counts as zero, and a model that multiplies by it
// would never learn. So the weight starts with no rows at all, and each row
// that a batch names takes its initial values then: those that it would have
// had in a dense weight.
#ifndef MINNOW_OPS_ENSURE_ROWS_H_
#define MINNOW_OPS_ENSURE_ROWS_H_

#include <string>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/initializer.h"

namespace minnow {

struct EnsureRowsAttrs {
  Required<Initializer> init;
  Required<std::string> variable;

  static auto Fields() {
    using A = EnsureRowsAttrs;
    return std::tuple(
        Field("init", &A::init, "What a new row starts with."),
        Field("variable", &A::variable,
              "The name of the weight, by which its numbers are drawn."));
  }
};

namespace op {

// The weight, with all rows that `ids` names. `weight` is a variable with an
// initializer, which takes the result as its new value. A dense weight has all
// rows anyway. An id that is no row of the weight is an error. A weight that is
// read in several places gets rows in each: each call has those of the calls
// before.
Symbol EnsureRows(Symbol weight, Symbol ids, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_ENSURE_ROWS_H_
