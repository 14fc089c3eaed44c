// Operators that only move elements, such as slice, transpose and concat.
//
// Most of them read a view of their first input: they say what shape it gives
// and how it lies in memory; inference, kernels for all types and the gradient
// follow.
//
//   // Every second element.
//   absl::StatusOr<Shape> HalfShape(const Attrs&, absl::Span<const Shape> in);
//   MoveView HalfView(const Attrs&, absl::Span<const Shape> shapes) {
//     StridedLayout from = StridedLayout::Of(shapes[0]);
//     from.Slice(0, {.begin = 0, .step = 2});
//     return {shapes[1], from};
//   }
//   constexpr char kHalf[] = "half";
//   using Half = ViewOp<kHalf, NoAttrs, HalfShape, HalfView>;
//   std::vector<OpDef> ops = {Half::Forward("out = ..."), Half::Backward()};
//
// Any other movement is a MovePlan: copies from argument to argument.
#ifndef MINNOW_OPS_MOVE_H_
#define MINNOW_OPS_MOVE_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "minnow/core/status.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/inference.h"
#include "minnow/graph/kernel.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/strided_copy.h"

namespace minnow {

// What a kernel does, step by step. Arguments are inputs, then outputs.
struct MovePlan {
  // Not an argument: every element is `fill`.
  static constexpr size_t kFill = static_cast<size_t>(-1);
  struct Step {
    size_t from;
    size_t to;
    StridedCopy copy;
  };
  std::vector<Step> steps;
  double fill = 0;

  // All elements of an argument, in their order. Nothing where the plan lets
  // both arguments lie in one place.
  void CopyAll(size_t from, size_t to, const Shape& shape);
  // All elements of an argument become `fill`.
  void FillAll(size_t to, const Shape& shape);
  // The elements of an argument that an array of this shape and layout has.
  void Fill(size_t to, const Shape& shape, const StridedLayout& layout);
};

// What a kernel is to know of an argument.
struct MoveArg {
  bool writes = false;
  bool is_list = false;
  bool any_dtype = false;  // Only its shape matters.
};
inline constexpr MoveArg kMoveIn = {};
inline constexpr MoveArg kMoveInList = {.is_list = true};
inline constexpr MoveArg kMoveLike = {.any_dtype = true};
inline constexpr MoveArg kMoveOut = {.writes = true};
inline constexpr MoveArg kMoveOutList = {.writes = true, .is_list = true};

using MovePlanFn = absl::StatusOr<MovePlan> (*)(const Attrs& attrs,
                                                absl::Span<const Shape> shapes);

namespace internal {

std::vector<Kernel> MoveKernels(decltype(Kernel::prepare) prepare,
                                std::initializer_list<MoveArg> args);

}  // namespace internal

// A kernel for each data type that does what `plan` (a MovePlanFn) says. They
// share their code, so they are not made from signatures.
template <auto plan>
std::vector<Kernel> MoveKernels(std::initializer_list<MoveArg> args) {
  return internal::MoveKernels(internal::Prepare<plan>, args);
}

// The first heads of a node; zeros where nothing flows to an output.
std::vector<Symbol> HeadsOrZeros(const GradientContext& node, size_t count);

// One type, but for the last input, of which only the shape matters.
absl::Status SameDTypeButLast(DTypeInference& node);

// Where the elements of an output lie in the first input: those of an array of
// this shape, one after the other, whose number is that of the output's.
struct MoveView {
  Shape shape;
  StridedLayout from;
};

// Copies what the view reads of the first argument to the last one.
MovePlan PlanView(const MoveView& view, size_t num_args);

// The way back, from the first argument to the last one of shape `out`. What
// the view leaves out becomes zero.
MovePlan PlanInverseView(const MoveView& view, const Shape& out,
                         size_t num_args);

namespace internal {

std::vector<Shape> InputShapes(const ShapeInference& node, size_t first);

}  // namespace internal

// An operator that reads a view of its first input.
//   absl::StatusOr<Shape> shape(const Attrs&, absl::Span<const Shape> inputs)
//     is the shape of the output, as far as it is known;
//   MoveView view(const Attrs&, absl::Span<const Shape> shapes)
//     gets the shapes of inputs and output, which `shape` has seen.
// With a second input, only its shape matters.
//
// The operator of the gradient, "_backward_<name>", takes the gradient of the
// output and all inputs. It puts the elements back where they came from, so it
// is only for views that read no element twice.
template <const char* name, typename A, auto shape, auto view,
          size_t num_inputs = 1>
struct ViewOp {
  static absl::Status Infer(ShapeInference& node) {
    MINNOW_ASSIGN_OR_RETURN(
        Shape out, shape(node.untyped_attrs(), internal::InputShapes(node, 0)));
    return node.MergeOutput(0, out);
  }

  static absl::StatusOr<MovePlan> Plan(const Attrs& attrs,
                                       absl::Span<const Shape> shapes) {
    return PlanView(view(attrs, shapes), shapes.size());
  }

  static std::vector<Symbol> Gradient(const GradientContext& node) {
    std::vector<Symbol> inputs = {node.head(0)};
    for (size_t i = 0; i < num_inputs; ++i) inputs.push_back(node.input(i));
    std::vector<Symbol> gradients(num_inputs);
    gradients[0] =
        node.builder().Add(BackwardName(), inputs, node.untyped_attrs());
    return gradients;
  }

  static OpDef Forward(const char* doc) {
    OpDef op = {
        .name = name,
        .doc = doc,
        .attrs = AttrsTypeOf<A>(),
        .inputs = {"data"},
        .shape = Infer,
        .gradient = Gradient,
        .kernels = MoveKernels<Plan>({kMoveIn, kMoveOut}),
    };
    if constexpr (num_inputs == 2) {
      op.inputs = {"data", {"shape_like", Access::kUnread}};
      op.dtype = SameDTypeButLast;
      op.kernels = MoveKernels<Plan>({kMoveIn, kMoveLike, kMoveOut});
    }
    return op;
  }

  static OpDef Backward() {
    OpDef op = {
        .name = BackwardName(),
        .doc = absl::StrCat("out = zeros of the shape of data, but head in the "
                            "places that ",
                            name, " reads"),
        .attrs = AttrsTypeOf<A>(),
        .inputs = {"head", {"data", Access::kUnread}},
        .shape = InferBackward,
        .gradient = BackwardGradient,
        .kernels = MoveKernels<PlanBackward>({kMoveIn, kMoveIn, kMoveOut}),
    };
    if constexpr (num_inputs == 2) {
      op.inputs = {
          "head", {"data", Access::kUnread}, {"shape_like", Access::kUnread}};
      op.dtype = SameDTypeButLast;
      op.kernels =
          MoveKernels<PlanBackward>({kMoveIn, kMoveIn, kMoveLike, kMoveOut});
    }
    return op;
  }

 private:
  static std::string BackwardName() { return absl::StrCat("_backward_", name); }

  static absl::Status InferBackward(ShapeInference& node) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
    MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
    MINNOW_ASSIGN_OR_RETURN(Shape head, shape(node.untyped_attrs(),
                                              internal::InputShapes(node, 1)));
    return node.MergeInput(0, head);
  }

  static absl::StatusOr<MovePlan> PlanBackward(const Attrs& attrs,
                                               absl::Span<const Shape> shapes) {
    std::vector<Shape> forward(shapes.begin() + 1, shapes.end() - 1);
    forward.push_back(shapes[0]);
    return PlanInverseView(view(attrs, forward), shapes.back(), shapes.size());
  }

  static std::vector<Symbol> BackwardGradient(const GradientContext& node) {
    std::vector<Symbol> inputs = {node.head(0)};
    for (size_t i = 1; i < num_inputs; ++i) inputs.push_back(node.input(i + 1));
    std::vector<Symbol> gradients(num_inputs + 1);
    gradients[0] = node.builder().Add(name, inputs, node.untyped_attrs());
    return gradients;
  }
};

}  // namespace minnow

#endif  // MINNOW_OPS_MOVE_H_
