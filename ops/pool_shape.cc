#include "minnow/ops/pool_shape.h"

#include <cstddef>
#include <limits>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "minnow/core/status.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/window_attrs.h"

namespace minnow {
namespace {

// What the attributes mean ----------------------------------------------------

bool ChannelsLast(const PoolingAttrs& a) {
  return a.layout.has_value() && ChannelsLast(*a.layout);
}

size_t ChannelAxis(const PoolingAttrs& a, size_t rank) {
  return ChannelsLast(a) ? rank - 1 : 1;
}

size_t FirstSpatialAxis(const PoolingAttrs& a) {
  return ChannelsLast(a) ? 1 : 2;
}

// Spatial axis i of data with so many elements along it, without the number of
// windows.
WindowAxis AxisAt(const PoolingAttrs& a, size_t i, int64_t size) {
  if (a.global_pool) return {.in = size, .kernel = size};
  return {.in = size,
          .kernel = a.kernel[i],
          .stride = WindowNumber(a.stride, i, 1),
          .pad = WindowNumber(a.pad, i, 0)};
}

// REQUIRES: no window is larger than the padded data.
int64_t NumWindows(const PoolingAttrs& a, const WindowAxis& axis) {
  if (a.global_pool) return 1;
  if (a.pooling_convention == PoolingConvention::kSame) {
    return axis.in / axis.stride + (axis.in % axis.stride != 0);
  }
  const int64_t rest = axis.in + 2 * axis.pad - axis.kernel;
  const bool one_more = a.pooling_convention == PoolingConvention::kFull &&
                        rest % axis.stride != 0;
  return 1 + rest / axis.stride + one_more;
}

// Inference -------------------------------------------------------------------

// What can be said without data.
absl::Status CheckAttrs(const PoolingAttrs& a) {
  if (!a.kernel.empty() || !a.global_pool) {
    MINNOW_RETURN_IF_ERROR(CheckKernel(a.kernel));
  }
  MINNOW_RETURN_IF_ERROR(CheckWindowList("stride", a.stride, a.kernel, 1));
  MINNOW_RETURN_IF_ERROR(CheckWindowList("pad", a.pad, a.kernel, 0));
  for (size_t i = 0; i < a.pad.size(); ++i) {
    if (a.pooling_convention == PoolingConvention::kSame && a.pad[i] > 0) {
      return BadAttr("pad", "0 with pooling_convention 'same'", a.pad[i]);
    }
    if (!a.global_pool && a.pad[i] >= a.kernel[i]) {
      return BadAttr("pad",
                     absl::StrCat("less than the kernel's ", a.kernel[i]),
                     a.pad[i]);
    }
  }
  if (a.pool_type != PoolType::kLp) return absl::OkStatus();
  if (!a.p_value.has_value()) {
    return absl::InvalidArgumentError(
        "attribute 'p_value': expected 1, 2 or 3 for pool_type 'lp', found "
        "None");
  }
  if (*a.p_value < 1 || *a.p_value > 3) {
    return BadAttr("p_value", "1, 2 or 3", *a.p_value);
  }
  return absl::OkStatus();
}

// That data of this rank fits the attributes; it is input `i`.
absl::Status CheckRank(const ShapeInference& node, size_t i,
                       const PoolingAttrs& a) {
  const size_t rank = node.input(i).rank();
  if (a.pooling_convention == PoolingConvention::kSame && rank != 3) {
    return node.InputError(i, "three axes, for pooling_convention 'same'");
  }
  return CheckSpatialRank(node, i, a.kernel, a.layout);
}

// The shape of the result, as far as that of data, input `i`, is known.
absl::StatusOr<Shape> PooledShape(const ShapeInference& node, size_t i) {
  const auto& a = node.attrs<PoolingAttrs>();
  const Shape& data = node.input(i);
  if (!data.known_rank()) return Shape();
  MINNOW_RETURN_IF_ERROR(CheckRank(node, i, a));
  Shape out = data;
  for (size_t k = 0; k + 2 < data.rank(); ++k) {
    const size_t place = FirstSpatialAxis(a) + k;
    if (a.global_pool) {
      out.set(place, 1);
      continue;
    }
    if (data[place] == Shape::kUnknown) continue;
    if (data[place] > kMaxWindowSize) {
      return node.InputError(i,
                             absl::StrCat("axes of at most ", kMaxWindowSize));
    }
    const WindowAxis axis = AxisAt(a, k, data[place]);
    MINNOW_RETURN_IF_ERROR(
        CheckWindowFits(axis.kernel, place, axis.in + 2 * axis.pad));
    out.set(place, NumWindows(a, axis));
  }
  return out;
}

// What data must be, from the shape of the result: examples and channels.
Shape DataFrom(const PoolingAttrs& a, const Shape& out) {
  if (!out.known_rank() || out.rank() < 3) return Shape();
  Shape data = Shape::OfRank(out.rank());
  data.set(0, out[0]);
  const size_t channels = ChannelAxis(a, out.rank());
  data.set(channels, out[channels]);
  return data;
}

}  // namespace

PoolGeometry GeometryOf(const PoolingAttrs& a, const Shape& data) {
  const bool last = ChannelsLast(a);
  PoolGeometry geometry = {.planes = last ? data[0] : data[0] * data[1],
                           .channels = last ? data[data.rank() - 1] : 1,
                           .axes = {},
                           .count_padding = a.count_include_pad.value_or(true)};
  const size_t num_axes = data.rank() - 2;
  for (size_t i = 0; i < num_axes; ++i) {
    WindowAxis& axis = geometry.axes[3 - num_axes + i];
    axis = AxisAt(a, i, data[FirstSpatialAxis(a) + i]);
    axis.out = NumWindows(a, axis);
  }
  return geometry;
}

absl::Status InferPooling(ShapeInference& node) {
  const auto& a = node.attrs<PoolingAttrs>();
  MINNOW_RETURN_IF_ERROR(CheckAttrs(a));
  MINNOW_ASSIGN_OR_RETURN(Shape out, PooledShape(node, 0));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  return node.MergeInput(0, DataFrom(a, node.output(0)));
}

absl::Status InferPoolingBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(CheckAttrs(node.attrs<PoolingAttrs>()));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
  MINNOW_ASSIGN_OR_RETURN(Shape out, PooledShape(node, 1));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, out));
  return node.MergeInput(2, out);
}

}  // namespace minnow
