// The shapes that inference finds, as text: what tests of it compare.
//
//   class PadTest : public ShapeTextTest {};
//   const Symbol y = op::Pad(Var("x", {2, 3}), attrs);
//   EXPECT_EQ(Shapes({y}), "(4,5)");
#ifndef MINNOW_TESTS_SHAPE_TEXT_H_
#define MINNOW_TESTS_SHAPE_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/infer.h"
#include "minnow/ops/builtin.h"

namespace minnow {

class ShapeTextTest : public testing::Test {
 protected:
  Symbol Var(const char* name, Shape shape = {}) {
    return b_.Variable(name, {.shape = std::move(shape)});
  }

  // The shapes of the symbols, one after the other, or the error.
  std::string Shapes(const std::vector<Symbol>& symbols) const {
    return ShapesOf(b_, symbols);
  }
  static std::string ShapesOf(const GraphBuilder& b,
                              const std::vector<Symbol>& symbols) {
    const absl::StatusOr<std::string> shapes = Infer(b, symbols);
    return shapes.ok() ? *shapes : std::string(shapes.status().message());
  }

  GraphBuilder b_{BuiltinOps()};

 private:
  static absl::StatusOr<std::string> Infer(const GraphBuilder& b,
                                           const std::vector<Symbol>& symbols) {
    MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build(symbols));
    const ValueIndex index(graph);
    MINNOW_ASSIGN_OR_RETURN(const ValueTypes types,
                            InferTypes(graph, index, {}));
    std::string shapes;
    for (NodeOutput output : graph.outputs) {
      absl::StrAppend(&shapes, types.shapes[index[output]].ToString());
    }
    return shapes;
  }
};

}  // namespace minnow

#endif  // MINNOW_TESTS_SHAPE_TEXT_H_
