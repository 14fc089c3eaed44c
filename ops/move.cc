#include "minnow/ops/move.h"

#include <algorithm>

#include "minnow/core/convert.h"
#include "minnow/ops/init.h"

namespace minnow {

void MovePlan::CopyAll(size_t from, size_t to, const Shape& shape) {
  const StridedLayout layout = StridedLayout::Of(shape);
  steps.push_back({from, to, PlanCopy(shape, layout, layout)});
}

void MovePlan::FillAll(size_t to, const Shape& shape) {
  Fill(to, shape, StridedLayout::Of(shape));
}

void MovePlan::Fill(size_t to, const Shape& shape,
                    const StridedLayout& layout) {
  StridedLayout value;
  value.strides.assign(shape.rank(), 0);
  steps.push_back({kFill, to, PlanCopy(shape, value, layout)});
}

namespace internal {
namespace {

template <typename T>
absl::Status RunMove(const RunContext& context, const void*,
                     absl::Span<const ArrayRef* const> args) {
  const auto& plan = *static_cast<const MovePlan*>(context.prepared);
  const T fill = Convert<T>(plan.fill);
  for (const MovePlan::Step& step : plan.steps) {
    const void* from =
        step.from == MovePlan::kFill ? &fill : args[step.from]->values;
    void* to = args[step.to]->values;
    // An output in the memory of an input is that input already.
    if (from != to) {
      CopyBytes(*context.threads, step.copy, sizeof(T), from, to);
    }
  }
  return absl::OkStatus();
}

ArgType ArgOf(const MoveArg& arg, DType dtype) {
  return {dtype, StorageType::kDense, arg.writes, arg.is_list};
}

}  // namespace

std::vector<Kernel> MoveKernels(decltype(Kernel::prepare) prepare,
                                std::initializer_list<MoveArg> args) {
  const bool any = std::any_of(args.begin(), args.end(),
                               [](const MoveArg& a) { return a.any_dtype; });
  std::vector<Kernel> kernels;
  for (DType dtype : kAllDTypes) {
    Kernel kernel;
    kernel.run = VisitDType(dtype, []<typename T>() { return &RunMove<T>; });
    kernel.prepare = prepare;
    for (DType other : kAllDTypes) {
      if (!any && other != dtype) continue;
      kernel.args = {};
      for (const MoveArg& arg : args) {
        kernel.args.push_back(ArgOf(arg, arg.any_dtype ? other : dtype));
      }
      kernels.push_back(kernel);
    }
  }
  return kernels;
}

std::vector<Shape> InputShapes(const ShapeInference& node, size_t first) {
  std::vector<Shape> shapes;
  for (size_t i = first; i < node.num_inputs(); ++i) {
    shapes.push_back(node.input(i));
  }
  return shapes;
}

}  // namespace internal

MovePlan PlanInverseView(const MoveView& view, const Shape& out,
                         size_t num_args) {
  MovePlan plan;
  if (view.shape.num_elements() != out.num_elements()) {
    plan.FillAll(num_args - 1, out);
  }
  plan.steps.push_back(
      {0, num_args - 1,
       PlanCopy(view.shape, StridedLayout::Of(view.shape), view.from)});
  return plan;
}

MovePlan PlanView(const MoveView& view, size_t num_args) {
  MovePlan plan;
  plan.steps.push_back(
      {0, num_args - 1,
       PlanCopy(view.shape, view.from, StridedLayout::Of(view.shape))});
  return plan;
}

std::vector<Symbol> HeadsOrZeros(const GradientContext& node, size_t count) {
  std::vector<Symbol> heads;
  for (size_t i = 0; i < count; ++i) {
    heads.push_back(node.head(i).omitted() ? op::ZerosLike(node.output(i))
                                           : node.head(i));
  }
  return heads;
}

absl::Status SameDTypeButLast(DTypeInference& node) {
  const size_t count = node.num_inputs() - 1;
  DTypeInference::Value common = node.output(0);
  for (size_t i = 0; i < count; ++i) {
    if (node.input(i).has_value()) common = node.input(i);
  }
  for (size_t i = 0; i < count; ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, common));
  }
  return node.MergeOutput(0, common);
}

}  // namespace minnow
