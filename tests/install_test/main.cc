// Uses an installed Minnow: builds the graph of one update, and reads data.

#include <cstdio>

#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"
#include "minnow/train/dataset.h"

int main() {
  minnow::GraphBuilder b(minnow::BuiltinOps());
  const minnow::Symbol w = b.Variable("w");
  const minnow::Symbol g = b.Variable("g");
  const minnow::Symbol m = b.Variable("m");
  const minnow::Symbol next =
      minnow::op::SgdMomUpdate(w, g, m, {.lr = 0.1f}, {.out = w});
  const absl::StatusOr<minnow::Graph> graph = b.Build({next});
  const absl::StatusOr<minnow::DataSplit> digits = minnow::LoadDigits();
  if (!graph.ok() || !digits.ok()) {
    std::fprintf(stderr, "%s\n%s\n", graph.status().ToString().c_str(),
                 digits.status().ToString().c_str());
    return 1;
  }
  std::puts(digits->Describe().c_str());
}
