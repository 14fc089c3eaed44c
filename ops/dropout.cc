#include "minnow/ops/dropout.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "minnow/core/attr_value.h"
#include "minnow/core/distributions.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/broadcast.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

absl::StatusOr<Shape> MaskShape(const DropoutAttrs& attrs, Shape shape) {
  MINNOW_ASSIGN_OR_RETURN(Axes axes,
                          ReadAxes("axes", attrs.axes, shape.rank()));
  for (size_t axis : axes) shape.set(axis, 1);
  return shape;
}

// How the data (lhs) meets the mask (rhs).
absl::StatusOr<BroadcastPlan> PrepareDropout(const Attrs&,
                                             absl::Span<const Shape> shapes) {
  return PlanBroadcast(shapes[0], shapes[2], shapes[0]);
}

// The mask is 0 with probability p, and 1 / (1 - p) otherwise.
template <typename T>
void FillMask(const RunContext& context, float p, Dense<T> mask) {
  static_assert(kElementwiseGrain % kRandomTile == 0);
  using C = ComputeType<T>;
  const float keep = 1 - p;
  const C scale = keep > 0 ? C{1} / keep : C{0};
  const PhiloxGenerator random(context.random);
  ParallelFor(*context.threads, mask.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                float uniform[kRandomTile];
                C tile[kRandomTile];
                for (; begin < end; begin += kRandomTile) {
                  const int64_t count = std::min(kRandomTile, end - begin);
                  FillUniform(random,
                              static_cast<uint64_t>(begin / kRandomTile),
                              uniform);
                  Vectorize([scale, keep, u = &uniform[0], to = &tile[0]]()
                                MINNOW_INLINE {
                                  for (int64_t i = 0; i < kRandomTile; ++i) {
                                    to[i] = u[i] < keep ? scale : C{0};
                                  }
                                });
                  ConvertElements(tile, mask.data() + begin, count);
                }
              });
}

// out = data * mask, for a line of elements.
template <typename T>
void Multiply(const T* data, const T* mask, bool one_mask, int64_t n, T* out) {
  using C = ComputeType<T>;
  Vectorize([=]() MINNOW_INLINE {
    if (one_mask) {
      const C factor = static_cast<C>(*mask);
      for (int64_t i = 0; i < n; ++i) {
        out[i] = static_cast<T>(static_cast<C>(data[i]) * factor);
      }
    } else {
      for (int64_t i = 0; i < n; ++i) {
        out[i] =
            static_cast<T>(static_cast<C>(data[i]) * static_cast<C>(mask[i]));
      }
    }
  });
}

template <typename T>
void MultiplyByMask(const RunContext& context, const BroadcastPlan& plan,
                    Dense<const T> data, Dense<T> mask, Dense<T> out) {
  if (mask.size() == data.size()) {
    ParallelFor(*context.threads, data.size(), kElementwiseGrain,
                [&](int64_t begin, int64_t end) {
                  Multiply(data.data() + begin, mask.data() + begin, false,
                           end - begin, out.data() + begin);
                });
    return;
  }
  const int64_t cols = plan.cols();
  if (cols == 0) return;
  const bool one_mask = plan.rhs_strides.back() == 0;
  ParallelFor(*context.threads, plan.rows(),
              std::max<int64_t>(1, kElementwiseGrain / cols),
              [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                  Multiply(data.data() + row * cols,
                           mask.data() + plan.RowOffsets(row).rhs, one_mask,
                           cols, out.data() + row * cols);
                }
              });
}

template <typename T>
absl::Status Dropout(const RunContext& context, const DropoutAttrs& attrs,
                     const BroadcastPlan& plan, Dense<const T> data,
                     Dense<T> out, Dense<T> mask) {
  if (attrs.mode == DropoutMode::kAlways || context.training) {
    FillMask(context, attrs.p, mask);
    MultiplyByMask(context, plan, data, mask, out);
    return absl::OkStatus();
  }
  ParallelFor(*context.threads, data.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                ConvertElements(data.data() + begin, out.data() + begin,
                                end - begin);
              });
  ParallelFor(*context.threads, mask.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                std::fill(mask.data() + begin, mask.data() + end,
                          static_cast<T>(1.0f));
              });
  return absl::OkStatus();
}

absl::Status InferShape(ShapeInference& node) {
  const auto& a = node.attrs<DropoutAttrs>();
  if (!(a.p >= 0 && a.p <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'p': expected a number in [0, 1], found ",
                     AttrText(AttrScalar(a.p))));
  }
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  if (!node.input(0).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(Shape mask, MaskShape(a, node.input(0)));
  return node.MergeOutput(1, mask);
}

}  // namespace

namespace op {

Symbol Dropout(Symbol data, const DropoutAttrs& attrs, NodeOptions options) {
  return Compose("Dropout", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> DropoutOps() {
  return {{
      .name = "Dropout",
      .aliases = {"_npx_dropout"},
      .doc = "out = data * mask, where mask is 0 with probability p, else "
             "1 / (1 - p); outside of training out = data",
      .attrs = AttrsTypeOf<DropoutAttrs>(),
      .inputs = {"data"},
      .outputs = {"out", "mask"},
      .shape = InferShape,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        if (node.head(0).omitted()) return {Symbol{}};
        return {op::BroadcastMul(node.head(0), node.output(1))};
      },
      .inplace = {{0, 0}},
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() { return KernelOf<Dropout<T>, PrepareDropout>(); }),
      .random = true,
  }};
}

}  // namespace minnow
