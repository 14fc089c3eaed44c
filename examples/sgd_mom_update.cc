// One operator on dense arrays: composes it, runs it, and saves the graph.

#include <iostream>

#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/interop/graph_file.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"

namespace {

using namespace minnow;  // NOLINT: short, for an example.

absl::Status Example() {
  // Compose: next = sgd_mom_update(w, g, m), which becomes the new w.
  GraphBuilder b(BuiltinOps());
  Symbol w = b.Variable("w"), g = b.Variable("g"), m = b.Variable("m");
  Symbol next =
      op::SgdMomUpdate(w, g, m, {.lr = 0.1f, .momentum = 0.9f}, {.out = w});
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({next}));

  // Bind arrays to the variables. The momentum m is a state: it starts as
  // zeros.
  MINNOW_ASSIGN_OR_RETURN(const NDArray weight,
                          NDArray::FromValues<float>({2, 2}, {1, 2, 3, 4}));
  MINNOW_ASSIGN_OR_RETURN(const NDArray grad,
                          NDArray::FromValues<float>({2, 2}, {1, 1, 0, -1}));
  MINNOW_ASSIGN_OR_RETURN(
      Executor step,
      Executor::Bind(graph, {.variables = {{"w", weight}, {"g", grad}}}));

  for (int i = 0; i < 2; ++i) {
    MINNOW_RETURN_IF_ERROR(step.Run());
    MINNOW_ASSIGN_OR_RETURN(const NDArray momentum, step.Variable("m"));
    std::cout << "w = " << weight.ToString() << "\n"
              << "m = " << momentum.ToString() << "\n";
  }
  return SaveGraph("sgd_mom_update.pb", graph);
}

}  // namespace

int main() {
  const absl::Status status = Example();
  if (status.ok()) return 0;
  std::cerr << status.message() << "\n";
  return 1;
}
