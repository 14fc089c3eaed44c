#include "minnow/ops/convolve_shape.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/window_attrs.h"

namespace minnow {
namespace {

constexpr int64_t kUnknown = Shape::kUnknown;
constexpr size_t kFirstSpatialAxis = 2;

// Attributes ------------------------------------------------------------------

bool HasTarget(const ConvolveWindows& w) {
  return std::any_of(w.target_shape.begin(), w.target_shape.end(),
                     [](int64_t x) { return x != 0; });
}

absl::Status CheckDeconvolution(const ConvolveWindows& w) {
  MINNOW_RETURN_IF_ERROR(CheckWindowList("adj", w.adj, w.kernel, 0));
  for (size_t i = 0; i < w.adj.size() && !HasTarget(w); ++i) {
    const int64_t stride = WindowNumber(w.stride, i, 1);
    if (w.adj[i] >= stride) {
      return BadAttr("adj", absl::StrCat("less than the stride, ", stride),
                     w.adj[i]);
    }
  }
  return CheckWindowList("target_shape", w.target_shape, w.kernel,
                         HasTarget(w) ? 1 : 0);
}

absl::Status CheckAttrs(const ConvolveWindows& w) {
  MINNOW_RETURN_IF_ERROR(CheckKernel(w.kernel));
  MINNOW_RETURN_IF_ERROR(CheckWindowList("stride", w.stride, w.kernel, 1));
  MINNOW_RETURN_IF_ERROR(CheckWindowList("dilate", w.dilate, w.kernel, 1));
  MINNOW_RETURN_IF_ERROR(CheckWindowList("pad", w.pad, w.kernel, 0));
  if (w.num_filter < 1 || w.num_filter > kMaxWindowSize) {
    return BadAttr("num_filter", absl::StrCat("1 to ", kMaxWindowSize),
                   w.num_filter);
  }
  if (w.num_group < 1 || w.num_filter % w.num_group != 0) {
    return BadAttr("num_group",
                   absl::StrCat("a divisor of num_filter, ", w.num_filter),
                   w.num_group);
  }
  if (w.layout.has_value() &&
      (ChannelsLast(*w.layout) ||
       LayoutName(*w.layout).size() != w.kernel.size() + 2)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute 'layout': expected NCW, NCHW or NCDHW, for a kernel of 1, 2 "
        "or 3 numbers, found ",
        LayoutName(*w.layout), " for ", w.kernel.size()));
  }
  return w.deconvolves ? CheckDeconvolution(w) : absl::OkStatus();
}

// Axes ------------------------------------------------------------------------

// What the attributes say of an axis: all but its sizes.
WindowAxis AxisAt(const ConvolveWindows& w, size_t i) {
  return {.kernel = w.kernel[i],
          .stride = WindowNumber(w.stride, i, 1),
          .pad = WindowNumber(w.pad, i, 0),
          .dilate = WindowNumber(w.dilate, i, 1)};
}

int64_t Extent(const WindowAxis& axis) {
  return (axis.kernel - 1) * axis.dilate + 1;
}

// What windows that lie one stride apart cover.
int64_t Covered(const WindowAxis& axis, int64_t windows) {
  return (windows - 1) * axis.stride + Extent(axis);
}

// The size along an axis of a convolution's result, from that of data.
absl::StatusOr<int64_t> Convolved(const ConvolveWindows& w, size_t i,
                                  int64_t size) {
  const WindowAxis axis = AxisAt(w, i);
  const int64_t padded = size + 2 * axis.pad;
  MINNOW_RETURN_IF_ERROR(
      CheckWindowFits(Extent(axis), kFirstSpatialAxis + i, padded));
  return 1 + (padded - Extent(axis)) / axis.stride;
}

// A target is reached by padding, and by an element behind it if the rest is
// odd.
struct Trim {
  int64_t pad, adj;
};

Trim TrimOf(const ConvolveWindows& w, size_t i, int64_t size) {
  if (!HasTarget(w)) {
    return {WindowNumber(w.pad, i, 0), WindowNumber(w.adj, i, 0)};
  }
  const int64_t rest = Covered(AxisAt(w, i), size) - w.target_shape[i];
  return {(rest + 1) / 2, rest % 2};
}

// The same of a deconvolution.
absl::StatusOr<int64_t> Deconvolved(const ConvolveWindows& w, size_t i,
                                    int64_t size) {
  const WindowAxis axis = AxisAt(w, i);
  const int64_t covered = Covered(axis, size);
  if (HasTarget(w)) {
    const int64_t target = w.target_shape[i];
    if (target > covered) {
      return BadAttr(
          "target_shape",
          absl::StrCat("at most ", covered, ", what windows along axis ",
                       kFirstSpatialAxis + i, " cover"),
          target);
    }
    if (TrimOf(w, i, size).adj >= axis.stride) {
      return BadAttr(
          "target_shape",
          absl::StrCat("an even number less than ", covered,
                       ", what windows along axis ", kFirstSpatialAxis + i,
                       " cover, for a stride of 1"),
          target);
    }
    return target;
  }
  const Trim trim = TrimOf(w, i, size);
  const int64_t left = covered - 2 * trim.pad + trim.adj;
  if (left < 1) {
    return BadAttr("pad",
                   absl::StrCat("less than half of ", covered + trim.adj,
                                ", what windows along axis ",
                                kFirstSpatialAxis + i, " cover"),
                   trim.pad);
  }
  return left;
}

// Inference -------------------------------------------------------------------

// An argument of a node by its place.
const Shape& ShapeAt(const ShapeInference& node, size_t arg) {
  return arg == ConvolveArgs::kOutput ? node.output(0) : node.input(arg);
}

absl::Status MergeAt(ShapeInference& node, size_t arg, const Shape& expected) {
  return arg == ConvolveArgs::kOutput ? node.MergeOutput(0, expected)
                                      : node.MergeInput(arg, expected);
}

int64_t DimAt(const Shape& shape, size_t axis) {
  return shape.known_rank() && axis < shape.rank() ? shape[axis] : kUnknown;
}

// The shape of the result, from that of data and what is known of it.
absl::StatusOr<Shape> OutShape(const ShapeInference& node,
                               const ConvolveWindows& w, size_t data_arg) {
  const Shape& data = node.input(data_arg);
  Shape out = Shape::OfRank(w.kernel.size() + 2);
  out.set(1, w.num_filter);
  if (!data.known_rank()) return out;
  out.set(0, data[0]);
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    const size_t axis = kFirstSpatialAxis + i;
    if (data[axis] == kUnknown) continue;
    if (data[axis] > kMaxWindowSize || (w.deconvolves && data[axis] == 0)) {
      return node.InputError(
          data_arg, absl::StrCat("spatial axes of 1 to ", kMaxWindowSize));
    }
    MINNOW_ASSIGN_OR_RETURN(const int64_t size,
                            w.deconvolves ? Deconvolved(w, i, data[axis])
                                          : Convolved(w, i, data[axis]));
    out.set(axis, size);
  }
  return out;
}

// What the result says of data.
Shape DataShape(const ConvolveWindows& w, const Shape& out, int64_t channels) {
  Shape data = Shape::OfRank(w.kernel.size() + 2);
  data.set(0, out[0]);
  data.set(1, channels);
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    const size_t axis = kFirstSpatialAxis + i;
    const WindowAxis a = AxisAt(w, i);
    // Other strides leave several sizes.
    if (w.deconvolves || a.stride != 1 || out[axis] > kMaxWindowSize) continue;
    if (out[axis] == kUnknown) continue;
    const int64_t size = Covered(a, out[axis]) - 2 * a.pad;
    if (size >= 0) data.set(axis, size);
  }
  return data;
}

// Channels of data, from the weight.
int64_t DataChannels(const ConvolveWindows& w, const Shape& weight) {
  if (w.deconvolves) return DimAt(weight, 0);
  const int64_t channels = DimAt(weight, 1);
  int64_t all;
  return channels == kUnknown ||
                 __builtin_mul_overflow(channels, w.num_group, &all)
             ? kUnknown
             : all;
}

}  // namespace

absl::Status InferConvolve(ShapeInference& node, const ConvolveWindows& w,
                           const ConvolveArgs& args) {
  MINNOW_RETURN_IF_ERROR(CheckAttrs(w));
  if (node.input(args.data).known_rank()) {
    MINNOW_RETURN_IF_ERROR(
        CheckSpatialRank(node, args.data, w.kernel, w.layout));
  }
  MINNOW_ASSIGN_OR_RETURN(const Shape out, OutShape(node, w, args.data));
  MINNOW_RETURN_IF_ERROR(MergeAt(node, args.out, out));
  // Where both are known, the weight is what does not fit.
  int64_t channels = DimAt(node.input(args.data), 1);
  if (channels == kUnknown) {
    channels = DataChannels(w, node.input(args.weight));
  }
  MINNOW_RETURN_IF_ERROR(MergeAt(
      node, args.data, DataShape(w, ShapeAt(node, args.out), channels)));
  if (channels != kUnknown && channels % w.num_group != 0) {
    return BadAttr(
        "num_group",
        absl::StrCat("a divisor of the channels of data, ", channels),
        w.num_group);
  }
  const int64_t filters = w.num_filter / w.num_group;
  Shape weight = {w.deconvolves ? channels : w.num_filter,
                  w.deconvolves          ? filters
                  : channels == kUnknown ? kUnknown
                                         : channels / w.num_group};
  for (int64_t size : w.kernel) weight.push_back(size);
  return MergeAt(node, args.weight, weight);
}

ConvolveGeometry GeometryOf(const ConvolveWindows& w, const Shape& data,
                            const Shape& out) {
  const Shape& in = w.deconvolves ? out : data;
  const Shape& windows = w.deconvolves ? data : out;
  ConvolveGeometry geometry = {.batch = data[0],
                               .groups = w.num_group,
                               .in_channels = in[1],
                               .out_channels = windows[1],
                               .axes = {}};
  const size_t num_axes = w.kernel.size();
  for (size_t i = 0; i < num_axes; ++i) {
    WindowAxis& axis = geometry.axes[geometry.axes.size() - num_axes + i];
    axis = AxisAt(w, i);
    axis.in = in[kFirstSpatialAxis + i];
    axis.out = windows[kFirstSpatialAxis + i];
    if (w.deconvolves) axis.pad = TrimOf(w, i, axis.out).pad;
  }
  return geometry;
}

}  // namespace minnow
