// What typed composers share.
#ifndef MINNOW_OPS_COMPOSE_H_
#define MINNOW_OPS_COMPOSE_H_

#include <initializer_list>
#include <utility>

#include "minnow/graph/builder.h"

namespace minnow {

// Adds a node to the builder of the first input that has one. Without any the
// result is an omitted symbol, which whoever uses it reports.
inline Symbol Compose(absl::string_view op,
                      std::initializer_list<Symbol> inputs, Attrs attrs = {},
                      NodeOptions options = {}) {
  for (const Symbol& input : inputs) {
    if (input.omitted()) continue;
    return input.builder->Add(op, inputs, std::move(attrs), std::move(options));
  }
  return Symbol{};
}

}  // namespace minnow

#endif  // MINNOW_OPS_COMPOSE_H_
