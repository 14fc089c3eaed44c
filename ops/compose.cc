#include "minnow/ops/compose.h"

#include <utility>

namespace minnow {

Symbol Compose(absl::string_view op, absl::Span<const Symbol> inputs,
               Attrs attrs, NodeOptions options) {
  for (const Symbol& input : inputs) {
    if (input.omitted()) continue;
    return input.builder->Add(op, inputs, std::move(attrs), std::move(options));
  }
  return Symbol{};
}

Symbol UnaryComposer::operator()(Symbol data, NodeOptions options) const {
  return Compose(op, {data}, {}, std::move(options));
}

Symbol BinaryComposer::operator()(Symbol lhs, Symbol rhs,
                                  NodeOptions options) const {
  return Compose(op, {lhs, rhs}, {}, std::move(options));
}

}  // namespace minnow
