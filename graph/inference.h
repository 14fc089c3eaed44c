// What an operator's inference sees of one node: the shapes, or the data types,
// of its inputs and outputs, as far as they are known.
//
// An inference function merges what it can conclude into what is known, in any
// direction, and may be called again when more is:
//
//   absl::Status InferTranspose(ShapeInference& node) {
//     if (!node.input(0).known_rank()) return absl::OkStatus();
//     return node.MergeOutput(0, Reversed(node.input(0)));
//   }
//
// Merging checks: two facts that contradict each other are an error that names
// the argument, what was expected and what was found.
#ifndef MINNOW_GRAPH_INFERENCE_H_
#define MINNOW_GRAPH_INFERENCE_H_

#include <initializer_list>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/core/dtype.h"
#include "minnow/core/shape.h"

namespace minnow {

struct Node;

namespace internal {

// The parts that do not depend on what is inferred.
class Inference {
 public:
  template <typename A>
  const A& attrs() const {
    return attrs_->As<A>();
  }
  const Attrs& untyped_attrs() const { return *attrs_; }

 protected:
  explicit Inference(const Node& node);

  // "argument 'weight'" or "output 'out'".
  std::string InputLabel(size_t i) const;
  std::string OutputLabel(size_t i) const;

  const Node& node_;
  const Attrs* attrs_;
};

}  // namespace internal

class ShapeInference : public internal::Inference {
 public:
  // The spans hold a pointer for each input and each output.
  ShapeInference(const Node& node, absl::Span<Shape* const> inputs,
                 absl::Span<Shape* const> outputs)
      : Inference(node), inputs_(inputs), outputs_(outputs) {}

  size_t num_inputs() const { return inputs_.size(); }
  size_t num_outputs() const { return outputs_.size(); }
  const Shape& input(size_t i) const { return *inputs_[i]; }
  const Shape& output(size_t i) const { return *outputs_[i]; }

  // The input must have this shape, which may be known in part.
  absl::Status MergeInput(size_t i, const Shape& expected);
  absl::Status MergeOutput(size_t i, const Shape& expected);

  // An error about one argument: "argument 'data': expected ..., found ...".
  absl::Status InputError(size_t i, absl::string_view expected) const;

 private:
  absl::Span<Shape* const> inputs_;
  absl::Span<Shape* const> outputs_;
};

class DTypeInference : public internal::Inference {
 public:
  using Value = std::optional<DType>;

  DTypeInference(const Node& node, absl::Span<Value* const> inputs,
                 absl::Span<Value* const> outputs)
      : Inference(node), inputs_(inputs), outputs_(outputs) {}

  size_t num_inputs() const { return inputs_.size(); }
  size_t num_outputs() const { return outputs_.size(); }
  Value input(size_t i) const { return *inputs_[i]; }
  Value output(size_t i) const { return *outputs_[i]; }

  // No effect if `expected` is not known.
  absl::Status MergeInput(size_t i, Value expected);
  absl::Status MergeOutput(size_t i, Value expected);

 private:
  absl::Span<Value* const> inputs_;
  absl::Span<Value* const> outputs_;
};

using InferShapeFn = absl::Status (*)(ShapeInference& node);
using InferDTypeFn = absl::Status (*)(DTypeInference& node);

// All inputs and outputs have one shape.
absl::Status SameShape(ShapeInference& node);
// All inputs and outputs have one dtype.
absl::Status SameDType(DTypeInference& node);
// These inputs and output 0 have one dtype.
absl::Status SameDTypeOf(DTypeInference& node,
                         std::initializer_list<size_t> inputs);

}  // namespace minnow

#endif  // MINNOW_GRAPH_INFERENCE_H_
