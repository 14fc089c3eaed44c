#include "minnow/ops/one_hot.h"

#include <algorithm>
#include <utility>

#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/row_ids.h"

namespace minnow {
namespace {

// One copy for each type of the result.
template <typename T>
void FillOneHot(const RunContext& context, const OneHotAttrs& attrs,
                const Ids& indices, T* out) {
  const T on = Convert<T>(attrs.on_value);
  const T off = Convert<T>(attrs.off_value);
  const int64_t depth = attrs.depth;
  const auto id_size = static_cast<int64_t>(DTypeSize(indices.dtype));
  const int64_t grain =
      std::max<int64_t>(1, kElementwiseGrain / std::max<int64_t>(depth, 1));
  ParallelFor(
      *context.threads, indices.size, grain, [=](int64_t begin, int64_t end) {
        std::fill(out + begin * depth, out + end * depth, off);
        // In double, which tells a NaN from 0.
        double tile[kTile];
        for (; begin < end; begin += kTile) {
          const int64_t count = std::min(kTile, end - begin);
          ConvertElements(
              indices.dtype,
              static_cast<const char*>(indices.data) + begin * id_size,
              DType::kFloat64, tile, count);
          for (int64_t i = 0; i < count; ++i) {
            // Fractions are cut off.
            if (tile[i] > -1 && tile[i] < static_cast<double>(depth)) {
              out[(begin + i) * depth + static_cast<int64_t>(tile[i])] = on;
            }
          }
        }
      });
}

template <typename T, typename Index>
absl::Status OneHot(const RunContext& context, const OneHotAttrs& attrs,
                    Dense<const Index> indices, Dense<T> out) {
  FillOneHot(context, attrs, IdsOf(indices), out.data());
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
      .kernels =
          KernelsForIds<NumberTypes>(AllTypes(),
                                     []<typename T, typename Index>() {
                                       return KernelOf<OneHot<T, Index>>();
                                     }),
  }};
}

}  // namespace minnow
