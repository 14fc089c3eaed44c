// What tests of graph_codec.h share.
#ifndef MINNOW_TESTS_GRAPH_CODEC_SAMPLES_H_
#define MINNOW_TESTS_GRAPH_CODEC_SAMPLES_H_

#include <string>

#include "absl/status/statusor.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"

namespace minnow {

inline std::string Error(const absl::StatusOr<Graph>& graph) {
  return std::string(graph.ok() ? "no error" : graph.status().message());
}

// The training step of one weight.
inline Graph SgdStep() {
  GraphBuilder b(BuiltinOps());
  const Symbol w = b.Variable(
      "w", {.shape = {2, Shape::kUnknown}, .init = Initializer::Xavier()});
  const Symbol g = b.Variable("g"), m = b.Variable("m");
  const Symbol next = op::SgdMomUpdate(w, g, m, {.lr = 0.1f, .momentum = 0.9f},
                                       {.name = "step", .out = w});
  return *b.Build({next});
}

}  // namespace minnow

#endif  // MINNOW_TESTS_GRAPH_CODEC_SAMPLES_H_
