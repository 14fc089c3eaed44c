#include "minnow/ops/sum_to_like.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/init.h"
#include "minnow/ops/reduction.h"

namespace minnow {
namespace {

absl::Status InferSumToLike(ShapeInference& node) {
  // Each learns what the other knows.
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
  const Shape& data = node.input(0);
  const Shape& like = node.input(1);
  if (!data.known() || !like.known()) return absl::OkStatus();
  bool fits = like.rank() <= data.rank();
  for (size_t k = 1; fits && k <= like.rank(); ++k) {
    const int64_t dim = like[like.rank() - k];
    fits = dim == 1 || dim == data[data.rank() - k];
  }
  if (fits) return absl::OkStatus();
  return node.InputError(
      1, absl::StrCat("a shape that broadcasts to ", data.ToString()));
}

absl::StatusOr<ReducePlan> PrepareSum(const Attrs&,
                                      absl::Span<const Shape> shapes) {
  const Shape& data = shapes[0];
  const Shape& like = shapes[1];
  std::vector<bool> is_reduced(data.rank());
  for (size_t k = 1; k <= data.rank(); ++k) {
    const size_t axis = data.rank() - k;
    is_reduced[axis] = k > like.rank() || like[like.rank() - k] != data[axis];
  }
  return PlanReduce(data, is_reduced);
}

absl::Status SumToLike(const RunContext& context, const NoAttrs&,
                       const ReducePlan& plan, AnyIn<0> data, AnyIn<0>,
                       AnyOut<0> out) {
  if (data.size != out.size) {
    return RunReduce(context, SumLoops(data.dtype), plan, data, out);
  }
  // Nothing was broadcast, as is common.
  ParallelFor(*context.threads, data.size, kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                ConvertElements(data.dtype, data.at(begin), out.dtype,
                                out.at(begin), end - begin);
              });
  return absl::OkStatus();
}

}  // namespace

std::vector<OpDef> SumToLikeOps() {
  return {{
      .name = "_sum_to_like",
      .doc = "out = the sum of data over the dimensions in which the shape of "
             "`like` would be broadcast to its own\n"
             "16-bit elements are summed in float32, integers wrap.",
      .inputs = {"data", {"like", Access::kUnread}},
      .shape = InferSumToLike,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {op::ZerosLike(node.input(0)) + node.head(0), Symbol{}};
      },
      .inplace = {{0, 0}},
      .kernels = AnyKernels<SumToLike, PrepareSum>(NumberTypes()),
  }};
}

}  // namespace minnow
