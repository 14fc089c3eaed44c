// What typed composers share.
#ifndef MINNOW_OPS_COMPOSE_H_
#define MINNOW_OPS_COMPOSE_H_

#include <utility>

#include "absl/types/span.h"
#include "minnow/graph/builder.h"

namespace minnow {

// Adds a node to the builder of the first input that has one. Without any the
// result is an omitted symbol, which whoever uses it reports.
inline Symbol Compose(absl::string_view op, absl::Span<const Symbol> inputs,
                      Attrs attrs = {}, NodeOptions options = {}) {
  for (const Symbol& input : inputs) {
    if (input.omitted()) continue;
    return input.builder->Add(op, inputs, std::move(attrs), std::move(options));
  }
  return Symbol{};
}

// The composer of an operator with one input and no attributes, as a value:
//
//   inline constexpr UnaryComposer Exp{"exp"};
//   Symbol y = op::Exp(x);
struct UnaryComposer {
  const char* op;
  Symbol operator()(Symbol data, NodeOptions options = {}) const {
    return Compose(op, {data}, {}, std::move(options));
  }
};

// The same with two inputs.
struct BinaryComposer {
  const char* op;
  Symbol operator()(Symbol lhs, Symbol rhs, NodeOptions options = {}) const {
    return Compose(op, {lhs, rhs}, {}, std::move(options));
  }
};

}  // namespace minnow

#endif  // MINNOW_OPS_COMPOSE_H_
