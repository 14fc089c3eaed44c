#include "minnow/ops/one_hot.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

absl::Status OneHot(const RunContext& context, const OneHotAttrs& attrs,
                    AnyIn<1> indices, AnyOut<0> out) {
  const AnyElement on = ElementOf(out.dtype, attrs.on_value);
  const AnyElement off = ElementOf(out.dtype, attrs.off_value);
  const int64_t depth = attrs.depth;
  const int64_t grain =
      std::max<int64_t>(1, kElementwiseGrain / std::max<int64_t>(depth, 1));
  ParallelFor(
      *context.threads, indices.size, grain, [&](int64_t begin, int64_t end) {
        FillElements(out, begin * depth, (end - begin) * depth, off);
        // In double, which tells a NaN from 0.
        double tile[kTile];
        for (; begin < end; begin += kTile) {
          const int64_t count = std::min(kTile, end - begin);
          LoadElements(indices, begin, count, tile);
          VisitSize(out.element_size(), [&]<typename U>() {
            U* const rows = out.as<U>() + begin * depth;
            for (int64_t i = 0; i < count; ++i) {
              // Fractions are cut off.
              if (tile[i] > -1 && tile[i] < static_cast<double>(depth)) {
                rows[i * depth + static_cast<int64_t>(tile[i])] = on.as<U>();
              }
            }
          });
        }
      });
  return absl::OkStatus();
}

absl::Status InferShape(ShapeInference& node) {
  const int64_t depth = node.attrs<OneHotAttrs>().depth;
  if (depth < 0) return BadAttr("depth", "a number >= 0", depth);
  const Shape& out = node.output(0);
  if (!node.input(0).known_rank() && out.known_rank() && out.rank() > 0) {
    MINNOW_RETURN_IF_ERROR(
        node.MergeInput(0, Shape(out.dims().subspan(0, out.rank() - 1))));
  }
  if (!node.input(0).known_rank()) return absl::OkStatus();
  Shape shape = node.input(0);
  shape.push_back(depth);
  return node.MergeOutput(0, shape);
}

}  // namespace

namespace op {

Symbol OneHot(Symbol indices, const OneHotAttrs& attrs, NodeOptions options) {
  return Compose("one_hot", {indices}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> OneHotOps() {
  return {{
      .name = "one_hot",
      .aliases = {"_npx_one_hot"},
      .doc = "out[i..., j] = on_value where j = indices[i...], and off_value "
             "elsewhere",
      .attrs = AttrsTypeOf<OneHotAttrs>(),
      .inputs = {"indices"},
      .shape = InferShape,
      .dtype =
          [](DTypeInference& node) {
            return node.MergeOutput(0, node.attrs<OneHotAttrs>().dtype);
          },
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {Symbol{}};
      },
      .kernels = AnyKernels<OneHot>(AllTypes(), NumberTypes()),
  }};
}

}  // namespace minnow
