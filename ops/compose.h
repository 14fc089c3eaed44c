// What typed composers share.
#ifndef MINNOW_OPS_COMPOSE_H_
#define MINNOW_OPS_COMPOSE_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/graph/builder.h"

namespace minnow {

// Adds a node to the builder of the first input that has one. Without any the
// result is an omitted symbol, which whoever uses it reports.
Symbol Compose(absl::string_view op, absl::Span<const Symbol> inputs,
               Attrs attrs = {}, NodeOptions options = {});

// The composer of an operator with one input and no attributes, as a value:
//
//   inline constexpr UnaryComposer Exp{"exp"};
//   Symbol y = op::Exp(x);
struct UnaryComposer {
  const char* op;
  Symbol operator()(Symbol data, NodeOptions options = {}) const;
};

// The same with two inputs.
struct BinaryComposer {
  const char* op;
  Symbol operator()(Symbol lhs, Symbol rhs, NodeOptions options = {}) const;
};

}  // namespace minnow

#endif  // MINNOW_OPS_COMPOSE_H_
