#include "minnow/ops/concat.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/arg_list.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/move.h"

namespace minnow {
namespace {

template <typename A>
std::vector<InputDef> ReadArgs(const Attrs& attrs) {
  return ArgInputs(attrs.As<A>().num_args, Access::kRead);
}

// Concat ---------------------------------------------------------------------

// Arrays, and their concatenation: what one shape lacks follows from the
// others.
struct JoinedShapes {
  std::vector<Shape> parts;
  Shape whole;
};

absl::Status MergeJoined(int64_t dim, JoinedShapes& shapes) {
  Shape common = shapes.whole;
  for (const Shape& part : shapes.parts) {
    if (!common.known_rank()) common = part;
  }
  if (!common.known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(size_t axis, ReadAxis("dim", dim, common.rank()));
  common.set(axis, Shape::kUnknown);
  // All but the axis is common.
  const auto merge = [&](const Shape& shape) {
    if (!shape.known_rank()) return absl::OkStatus();
    Shape others = shape;
    if (axis < others.rank()) others.set(axis, Shape::kUnknown);
    return common.Merge(others);
  };
  int64_t sum = 0;
  Shape* unknown = nullptr;
  int num_unknown = 0;
  for (size_t i = 0; i < shapes.parts.size(); ++i) {
    Shape& part = shapes.parts[i];
    MINNOW_RETURN_IF_ERROR(
        Annotate(merge(part), absl::StrCat("argument 'arg", i, "'")));
    const int64_t size = part.known_rank() ? part[axis] : Shape::kUnknown;
    if (size == Shape::kUnknown) {
      ++num_unknown;
      unknown = &part;
    } else if (__builtin_add_overflow(sum, size, &sum)) {
      return absl::InvalidArgumentError("the sum of the dimensions overflows");
    }
  }
  MINNOW_RETURN_IF_ERROR(Annotate(merge(shapes.whole), "output 'out'"));
  for (Shape& part : shapes.parts) {
    MINNOW_RETURN_IF_ERROR(part.Merge(common));
  }
  MINNOW_RETURN_IF_ERROR(shapes.whole.Merge(common));
  const int64_t whole = shapes.whole[axis];
  if (num_unknown == 0) {
    common.set(axis, sum);
    return shapes.whole.Merge(common);
  }
  if (num_unknown == 1 && whole != Shape::kUnknown && whole >= sum) {
    unknown->set(axis, whole - sum);
  }
  return absl::OkStatus();
}

absl::Status InferConcat(ShapeInference& node) {
  const auto& a = node.attrs<ConcatAttrs>();
  MINNOW_RETURN_IF_ERROR(CheckNumArgs(a.num_args));
  JoinedShapes shapes = {.parts = internal::InputShapes(node, 0),
                         .whole = node.output(0)};
  MINNOW_RETURN_IF_ERROR(MergeJoined(a.dim, shapes));
  for (size_t i = 0; i < shapes.parts.size(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, shapes.parts[i]));
  }
  return node.MergeOutput(0, shapes.whole);
}

// Where the next array lies in the whole.
StridedLayout NextPart(const Shape& whole, size_t axis, int64_t size,
                       int64_t& next) {
  StridedLayout part = StridedLayout::Of(whole);
  part.Slice(axis, {.begin = next});
  next += size;
  return part;
}

absl::StatusOr<MovePlan> PlanConcat(const Attrs& attrs,
                                    absl::Span<const Shape> shapes) {
  const Shape& whole = shapes.back();
  const size_t axis = *ResolveAxis(attrs.As<ConcatAttrs>().dim, whole.rank());
  MovePlan plan;
  int64_t next = 0;
  for (size_t i = 0; i + 1 < shapes.size(); ++i) {
    const StridedLayout to = NextPart(whole, axis, shapes[i][axis], next);
    plan.steps.push_back(
        {i, shapes.size() - 1,
         PlanCopy(shapes[i], StridedLayout::Of(shapes[i]), to)});
  }
  return plan;
}

template <typename T>
absl::Status ConcatCsr(const RunContext&, const ConcatAttrs&,
                       ListOf<Csr<const T>> args, Csr<T> out) {
  size_t stored = 0;
  for (size_t i = 0; i < args.size(); ++i) stored += args[i].columns.size();
  MINNOW_RETURN_IF_ERROR(ResizeSparse(static_cast<int64_t>(stored),
                                      static_cast<int64_t>(stored * sizeof(T)),
                                      *out.array));
  T* values = reinterpret_cast<T*>(out.array->values.data());
  int64_t* columns = out.array->indices.data();
  int64_t* indptr = out.array->indptr.data();
  int64_t first = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    const Csr<const T> x = args[i];
    values = std::copy(x.values.begin(), x.values.end(), values);
    columns = std::copy(x.columns.begin(), x.columns.end(), columns);
    for (int64_t row = 1; row <= x.dims[0]; ++row) {
      *++indptr = first + x.indptr[row];
    }
    first += static_cast<int64_t>(x.columns.size());
  }
  return absl::OkStatus();
}

std::vector<Symbol> ConcatGradient(const GradientContext& node) {
  std::vector<Symbol> inputs = {node.head(0)};
  for (size_t i = 0; i < node.num_inputs(); ++i) {
    inputs.push_back(node.input(i));
  }
  const Symbol parts =
      node.builder().Add("_backward_Concat", inputs, node.untyped_attrs());
  return node.builder().Outputs(parts, node.num_inputs());
}

OpDef ConcatOp() {
  return {
      .name = "Concat",
      .aliases = {"_sparse_concat", "concat"},
      .doc =
          "out = arg0, arg1, ... one after the other along the axis dim\n"
          "Of csr arrays along axis 0, a csr array.",
      .attrs = AttrsTypeOf<ConcatAttrs>(),
      .inputs = ReadArgs<ConcatAttrs>,
      .shape = InferConcat,
      .gradient = ConcatGradient,
      .kernels = Joined(
          {MoveKernels<PlanConcat>({kMoveInList, kMoveOut}),
           KernelsWhen(
               [](const Attrs& a) { return a.As<ConcatAttrs>().dim == 0; },
               KernelsFor(
                   NumberTypes(),
                   []<typename T>() { return KernelOf<ConcatCsr<T>>(); }))}),
  };
}

// Its gradient ---------------------------------------------------------------

std::vector<InputDef> BackwardConcatInputs(const Attrs& attrs) {
  std::vector<InputDef> inputs =
      ArgInputs(attrs.As<ConcatAttrs>().num_args, Access::kUnread);
  inputs.insert(inputs.begin(), InputDef("head"));
  return inputs;
}

std::vector<std::string> BackwardConcatOutputs(const Attrs& attrs) {
  return ArgNames(attrs.As<ConcatAttrs>().num_args, "out");
}

absl::Status InferBackwardConcat(ShapeInference& node) {
  const auto& a = node.attrs<ConcatAttrs>();
  MINNOW_RETURN_IF_ERROR(CheckNumArgs(a.num_args));
  JoinedShapes shapes = {.parts = internal::InputShapes(node, 1),
                         .whole = node.input(0)};
  for (size_t i = 0; i < shapes.parts.size(); ++i) {
    MINNOW_RETURN_IF_ERROR(shapes.parts[i].Merge(node.output(i)));
  }
  MINNOW_RETURN_IF_ERROR(MergeJoined(a.dim, shapes));
  for (size_t i = 0; i < shapes.parts.size(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i + 1, shapes.parts[i]));
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(i, shapes.parts[i]));
  }
  return node.MergeInput(0, shapes.whole);
}

// Arguments: the whole, then the inputs, which are not read, then the outputs.
absl::StatusOr<MovePlan> PlanBackwardConcat(const Attrs& attrs,
                                            absl::Span<const Shape> shapes) {
  const Shape& whole = shapes[0];
  const size_t axis = *ResolveAxis(attrs.As<ConcatAttrs>().dim, whole.rank());
  const size_t count = (shapes.size() - 1) / 2;
  MovePlan plan;
  int64_t next = 0;
  for (size_t i = 1; i <= count; ++i) {
    const StridedLayout from = NextPart(whole, axis, shapes[i][axis], next);
    plan.steps.push_back(
        {0, count + i,
         PlanCopy(shapes[i], from, StridedLayout::Of(shapes[i]))});
  }
  return plan;
}

OpDef BackwardConcatOp() {
  return {
      .name = "_backward_Concat",
      .doc =
          "out0, out1, ... = head, cut into arrays of the shapes of arg0, "
          "arg1, ...",
      .attrs = AttrsTypeOf<ConcatAttrs>(),
      .inputs = BackwardConcatInputs,
      .outputs = BackwardConcatOutputs,
      .shape = InferBackwardConcat,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const size_t count = node.num_inputs() - 1;
        std::vector<Symbol> gradients(count + 1);
        gradients[0] = op::Concat(HeadsOrZeros(node, count),
                                  {.dim = node.attrs<ConcatAttrs>().dim});
        return gradients;
      },
      .kernels = MoveKernels<PlanBackwardConcat>({kMoveIn, kMoveOutList}),
  };
}

// stack ----------------------------------------------------------------------

absl::Status InferStack(ShapeInference& node) {
  const auto& a = node.attrs<StackAttrs>();
  MINNOW_RETURN_IF_ERROR(CheckNumArgs(a.num_args));
  Shape part;
  if (const Shape& out = node.output(0); out.known_rank()) {
    MINNOW_ASSIGN_OR_RETURN(size_t axis, ReadAxis("axis", a.axis, out.rank()));
    part = Shape::Scalar();
    for (size_t i = 0; i < out.rank(); ++i) {
      if (i != axis) part.push_back(out[i]);
    }
  }
  for (size_t i = 0; i < node.num_inputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, part));
    part = node.input(i);
  }
  for (size_t i = 0; i < node.num_inputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, part));
  }
  if (!part.known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(size_t axis,
                          ReadAxis("axis", a.axis, part.rank() + 1));
  Shape out = Shape::Scalar();
  for (size_t i = 0; i <= part.rank(); ++i) {
    if (i == axis) out.push_back(a.num_args);
    if (i < part.rank()) out.push_back(part[i]);
  }
  return node.MergeOutput(0, out);
}

absl::StatusOr<MovePlan> PlanStack(const Attrs& attrs,
                                   absl::Span<const Shape> shapes) {
  const Shape& out = shapes.back();
  const size_t axis = *ResolveAxis(attrs.As<StackAttrs>().axis, out.rank());
  const StridedLayout whole = StridedLayout::Of(out);
  MovePlan plan;
  for (size_t i = 0; i + 1 < shapes.size(); ++i) {
    StridedLayout to = whole;
    to.offset = static_cast<int64_t>(i) * whole.strides[axis];
    to.strides.erase(to.strides.begin() + static_cast<int64_t>(axis));
    plan.steps.push_back(
        {i, shapes.size() - 1,
         PlanCopy(shapes[i], StridedLayout::Of(shapes[i]), to)});
  }
  return plan;
}

OpDef StackOp() {
  return {
      .name = "stack",
      .doc = "out[..., k, ...] = argk[...], along the new axis",
      .attrs = AttrsTypeOf<StackAttrs>(),
      .inputs = ReadArgs<StackAttrs>,
      .shape = InferStack,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return op::Split(node.head(0),
                         {.num_outputs = node.attrs<StackAttrs>().num_args,
                          .axis = node.attrs<StackAttrs>().axis,
                          .squeeze_axis = true});
      },
      .kernels = MoveKernels<PlanStack>({kMoveInList, kMoveOut}),
  };
}

}  // namespace

namespace op {

Symbol Concat(absl::Span<const Symbol> args, const ConcatAttrs& attrs,
              NodeOptions options) {
  return ComposeArgs("Concat", args, attrs, std::move(options));
}

Symbol Stack(absl::Span<const Symbol> args, const StackAttrs& attrs,
             NodeOptions options) {
  return ComposeArgs("stack", args, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> ConcatOps() {
  return {ConcatOp(), BackwardConcatOp(), StackOp()};
}

}  // namespace minnow
