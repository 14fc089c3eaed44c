// Runs a layer that draws a mask when it trains, such as Dropout, and its
// gradient.
//
//   const auto r = RunMaskedLayer({1000}, 1, {.training = true}, [](Symbol x) {
//     return op::Dropout(x);
//   });
//   EXPECT_THAT(r->mask, ...);
#ifndef MINNOW_TESTS_MASKED_LAYER_H_
#define MINNOW_TESTS_MASKED_LAYER_H_

#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/gradient.h"
#include "minnow/ops/builtin.h"

namespace minnow {

struct MaskedLayerRun {
  std::vector<float> out, mask, grad;
};

// On an array that is filled with `data`, with a head gradient of threes. The
// mask is output 1 of the layer.
inline absl::StatusOr<MaskedLayerRun> RunMaskedLayer(
    const Shape& shape, float data, BindOptions options,
    absl::FunctionRef<Symbol(Symbol)> layer) {
  GraphBuilder b(BuiltinOps());
  const Symbol x = b.Variable("x"), head = b.Variable("head");
  const Symbol y = layer(x);
  const auto grads = Gradient(b, {y}, {head}, {x});
  MINNOW_ASSIGN_OR_RETURN(Graph graph, b.Build({y, b.Output(y, 1), grads[0]}));
  const auto fill = [&](float value) {
    const std::vector<float> values(static_cast<size_t>(shape.num_elements()),
                                    value);
    return *NDArray::FromValues<float>(shape, values);
  };
  options.variables = {{"x", fill(data)}, {"head", fill(3)}};
  MINNOW_ASSIGN_OR_RETURN(Executor executor,
                          Executor::Bind(graph, std::move(options)));
  MINNOW_RETURN_IF_ERROR(executor.Run());
  const auto values = [&](size_t i) {
    const auto span = executor.Output(i).values<float>();
    return std::vector<float>(span.begin(), span.end());
  };
  return MaskedLayerRun{values(0), values(1), values(2)};
}

}  // namespace minnow

#endif  // MINNOW_TESTS_MASKED_LAYER_H_
